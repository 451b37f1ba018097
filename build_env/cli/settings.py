"""Owns `build-env settings`: each setting in force, where it comes from, and which values lost."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer  # noqa: TC002 - typer reads annotations when the program runs

from build_env.cli.errors import run_command
from build_env.cli.options import DEBUG, JSON, ROOT
from build_env.core.canonical import canonical_json
from build_env.core.paths import find_root
from build_env.settings import setting_values
from build_env.ui.settings import settings_data, settings_lines

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
    values = setting_values(find_root(root, Path.cwd()), os.environ)
    lines = [canonical_json(settings_data(values))] if json else settings_lines(values)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
