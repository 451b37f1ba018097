"""Owns `build-env settings`: each setting in force, where it comes from, and which values lost."""

from __future__ import annotations

import os
from pathlib import Path

import typer  # noqa: TC002 - typer reads annotations when the program runs

from build_env.cli.errors import run_command
from build_env.cli.options import DEBUG, JSON, ROOT
from build_env.cli.printing import print_json, print_lines
from build_env.core.paths import find_root
from build_env.settings import setting_values
from build_env.ui.settings import settings_data, settings_lines

__all__ = ["settings"]


def settings(context: typer.Context, json: JSON = False, root: ROOT = None, debug: DEBUG = False) -> None:
    """Show each setting, its value and its origin, and the values that lost.

    Later ones win: default, build-env.toml, .build-env/settings.toml, variables BUILD_ENV_<NAME>, options.
    """
    context.exit(run_command(lambda: _settings(root, json=json), debug=debug))


def _settings(root: Path | None, *, json: bool) -> int:
    values = setting_values(find_root(root, Path.cwd()), os.environ)
    if json:
        print_json(settings_data(values))
    else:
        print_lines(settings_lines(values))
    return 0
