"""What of a name is shown as an escape."""

from __future__ import annotations

import pytest

from build_env.core.errors import Location
from build_env.core.visible import shown_lines, visible, visible_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain/ä 1.yaml", "plain/ä 1.yaml"),
        ("\x1b[31m\x7f\x9b", r"\x1b[31m\x7f\x9b"),
        ("a\rb\u202ec\u2028", r"a\rb\u202ec\u2028"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == visible_name(text) == shown


def test_lines_stay_lines_but_a_name_is_one() -> None:
    assert visible("a\n\tb") == "a\n\tb"
    assert visible_name("a\n\tb") == r"a\n\tb"
    assert str(Location(file="a\nb", line=3)) == r"a\nb:3"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain", ["plain"]),
        ("", [""]),
        ("with an end\r", ["with an end"]),
        ("10%\r20%\r100%\r", ["100%"]),
        ("Reading lists... 0%\rReading lists... 50%\rReading lists... Done", ["Reading lists... Done"]),
        ("error: it broke\r 3% [=>   ]", ["error: it broke", " 3% [=>   ]"]),
        ("\x1b[31merror: it broke\x1b[0m\rall is well", ["error: it broke", "all is well"]),
        ("Building a\r\x1b[KBuilding b\r", ["Building b"]),
        ("\r\r", [""]),
    ],
)
def test_what_something_else_was_drawn_over_is_shown(line: str, shown: list[str]) -> None:
    assert shown_lines(line) == shown
