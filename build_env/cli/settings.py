"""Owns `build-env settings`: each setting in force, where it comes from, and which values lost."""

from __future__ import annotations

import os
from pathlib import Path

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines
from build_env.core.paths import find_root
from build_env.settings import setting_values
from build_env.ui.settings import settings_data, settings_lines

__all__ = ["settings"]


def settings(json: JSON = False, root: ROOT = None) -> None:
    """Show each setting, its value and its origin, and the values that lost.

    Later ones win: default, build-env.toml, .build-env/settings.toml, variables BUILD_ENV_<NAME>, options.
    """
    values = setting_values(find_root(root, Path.cwd()), os.environ)
    if json:
        print_json(settings_data(values))
    else:
        print_lines(settings_lines(values))
