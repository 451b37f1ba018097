"""What of a name is shown as an escape."""

from __future__ import annotations

import json
import re

import pytest

from build_env.core.errors import Location
from build_env.core.visible import (
    harmless,
    harmless_json,
    json_in,
    listed,
    printable,
    shown_lines,
    visible,
    visible_name,
)


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


def test_many_names_are_counted() -> None:
    assert listed(["a", "b\n"], most=2) == r"a, b\n"
    assert listed((str(number) for number in range(10_000)), most=3) == "0, 1, 2 and 9997 more"


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


COMMANDS = [
    "::error file=x::no",
    "  ::stop-commands::t",
    "\ufeff\u00a0::error::x",
    "\x08::error::x",
    "\x1b[0m::error::x",
    "progress\r::error::x",
    "a\n::error::x",
    "text ##[command]x",
    "text ##vso[task.setvariable variable=a]b",
    "text ##VSO[task.complete]",
    "####[error]",
]
# What runners take for a command, as their sources have it: at the start of a line that is trimmed, or anywhere.
_OBEYED = re.compile(r"(?:^|[\r\n])[\s\ufeff\u200b]*::|##(?:\[|vso\[)", re.IGNORECASE)


@pytest.mark.parametrize("text", COMMANDS)
def test_no_ci_system_obeys_what_is_shown(text: str) -> None:
    assert not _OBEYED.search(harmless(text))
    assert not _OBEYED.search(printable(text))
    assert not any(_OBEYED.search(line) for line in shown_lines(text))


@pytest.mark.parametrize("text", COMMANDS)
def test_json_means_what_it_meant(text: str) -> None:
    shown = harmless_json(json.dumps({"line": text}))
    assert json.loads(shown) == {"line": text}
    assert not _OBEYED.search(shown)


@pytest.mark.parametrize("text", ["a::b", "std::move", "# [x]", "#[derive(Debug)]", "## title", "x ::y"])
def test_what_no_ci_system_obeys_is_as_it_was(text: str) -> None:
    assert harmless(text) == printable(text) == text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1"])
def test_json_means_the_same_in_every_encoding(encoding: str) -> None:
    text = json.dumps({"ä": "→ 😀 \udce4"}, ensure_ascii=False)
    assert json.loads(json_in(encoding, text).encode(encoding)) == json.loads(text)
    assert json_in("utf-8", '"ä"') == '"ä"'
