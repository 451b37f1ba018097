"""Owns how the settings in force are shown: each value, its origin, and who lost. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from build_env.core.canonical import canonical_json
from build_env.core.visible import visible_name
from build_env.ui.words import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.settings import SettingValue

__all__ = ["settings_data", "settings_lines"]


def settings_data(values: Sequence[SettingValue]) -> dict[str, Any]:
    """The settings as JSON data."""
    return {
        "settings": [
            {
                "name": value.name,
                "value": value.value,
                "origin": value.origin,
                "overruled": [{"origin": origin, "value": lost} for origin, lost in value.overruled],
            }
            for value in values
        ]
    }


def settings_lines(values: Sequence[SettingValue]) -> list[str]:
    """A line per setting, and below it one for each value that lost."""
    rows: list[tuple[str, str, str]] = []
    for value in values:
        rows.append((value.name, _shown(value.value), value.origin))
        rows += [("", f"overruled {_shown(lost)}", origin) for origin, lost in value.overruled]
    return columns(rows)


def _shown(value: object) -> str:
    return visible_name(canonical_json(value))
