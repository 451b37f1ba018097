"""Owns `build-env settings`: each setting in force, where it comes from, and which values lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - typer reads annotations when the program runs

from build_env.cli.options import DEBUG, JSON, ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("settings")(settings)


def settings(context: typer.Context, json: JSON = False, root: ROOT = None, debug: DEBUG = False) -> None:
    """Show each setting, its value and its origin, and the values that lost.

    Later ones win: default, build-env.toml, .build-env/settings.toml, variables BUILD_ENV_<NAME>, options.
    """
    from build_env.cli.errors import run_command  # noqa: PLC0415 - `--help` starts fast

    context.exit(run_command(lambda: _settings(root, json=json), debug=debug))


def _settings(root: Path | None, *, json: bool) -> int:
    import os  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from build_env.core.canonical import canonical_json  # noqa: PLC0415
    from build_env.core.paths import find_root  # noqa: PLC0415
    from build_env.settings import setting_values  # noqa: PLC0415
    from build_env.ui.settings import settings_data, settings_lines  # noqa: PLC0415

    values = setting_values(find_root(root, Path.cwd()), os.environ)
    lines = [canonical_json(settings_data(values))] if json else settings_lines(values)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
