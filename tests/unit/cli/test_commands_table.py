"""The table of all commands in the reference says which exist, and is right."""

from __future__ import annotations

import re
from pathlib import Path

from build_env.cli.main import COMMANDS

PAGE = (Path(__file__).resolve().parents[3] / "docs/reference/commands.md").read_text(encoding="utf-8")


def rows() -> list[tuple[set[str], bool]]:
    """Per row of the table its commands, and whether they exist."""
    lines = [line.replace("\\|", "/") for line in PAGE.splitlines() if line.startswith("| `")]
    cells = [line.strip("| ").split(" | ") for line in lines]
    return [(set(re.findall(r"`(?!build-all)(?:-\S* )?([a-z-]+)", row[0])), row[-1] == "now") for row in cells]


def test_every_command_stands_in_the_table_as_one_that_exists() -> None:
    there = {name for names, exists in rows() if exists for name in names}
    assert there == set(COMMANDS)


def test_what_is_planned_takes_no_name_of_a_command_that_exists() -> None:
    planned = {name for names, exists in rows() if not exists for name in names}
    assert planned
    assert not planned & set(COMMANDS)
