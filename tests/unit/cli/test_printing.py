"""What commands print: nothing in it moves a cursor, or is obeyed by a CI system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.cli.printing import print_line, print_note, print_output

if TYPE_CHECKING:
    import pytest

HOSTILE = "##[error]x\n::error::y\x1b[2K"


def test_lines_of_commands_and_of_programs_are_harmless(capfd: pytest.CaptureFixture[str]) -> None:
    print_line(HOSTILE)
    print_note(HOSTILE)
    for line in HOSTILE.splitlines():
        print_output(f"{line}\x1b[31m")
    said = capfd.readouterr()
    assert said.out == "## [error]x\n: :error::y\\x1b[2K\n"
    assert said.err == ("note    ## [error]x\n: :error::y\\x1b[2K\n        | ## [error]x\n        | : :error::y\n")
