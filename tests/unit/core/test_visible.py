"""What of a name is shown as an escape."""

from __future__ import annotations

import pytest

from build_env.core.errors import Location
from build_env.core.visible import visible, visible_name


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
