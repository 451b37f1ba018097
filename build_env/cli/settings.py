"""Owns `build-env settings`: each setting in force, where it comes from, and which values lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - typer reads annotations when the program runs

from build_env.cli.errors import run_command
from build_env.cli.options import DEBUG, JSON, ROOT
from build_env.core.later import imported_later

with imported_later():
    from build_env import settings as build_env_settings
    from build_env.core import canonical, paths
    from build_env.ui import settings as ui_settings

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
    context.exit(run_command(lambda: _settings(root, json=json), debug=debug))


def _settings(root: Path | None, *, json: bool) -> int:
    import os  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    values = build_env_settings.setting_values(paths.find_root(root, Path.cwd()), os.environ)
    lines = (
        [canonical.canonical_json(ui_settings.settings_data(values))] if json else ui_settings.settings_lines(values)
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
