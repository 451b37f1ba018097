"""The lines of a log that grows, is emptied, or ends in the middle of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.engines.output import LONGEST
from build_env.inspect import log
from build_env.inspect.log import log_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def steps(path: Path, *contents: str) -> Callable[[Path], bool]:
    """A task that has written these texts at each look; with the last it has ended."""
    left = list(contents)

    def running(asked: Path) -> bool:
        assert asked == path
        path.write_text(left.pop(0))
        return bool(left)

    return running


def test_new_lines_come_until_the_end_and_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_BETWEEN_LOOKS", 0)
    path = tmp_path / "log"
    running = steps(path, "", "one\ntw", "one\ntwo\n\n", "one\ntwo\n\nthr", "one\ntwo\n\nthree")
    assert list(log_lines(path, follow=True, running=running)) == ["one", "two", "", "three"]


def test_a_new_attempt_is_told_from_its_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_BETWEEN_LOOKS", 0)
    path = tmp_path / "log"
    running = steps(path, "a long line\n", "new\n", "new\nend\n")
    assert list(log_lines(path, follow=True, running=running)) == ["a long line", "new", "end"]


def test_without_follow_nobody_asks_whether_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes("line\u2028still the same\x0b\nbad \xff\n".encode("latin-1", errors="ignore"))
    assert list(log_lines(path, follow=False, running=steps(path))) == ["linestill the same\x0b", "bad \ufffd"]


def test_an_empty_log_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    assert not list(log_lines(path, follow=False))


def test_a_line_without_end_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"begin\n" + b"x" * 1_000_000 + b"\nend\n")
    first, *pieces, last = log_lines(path, follow=False)
    assert (first, last, "".join(pieces)) == ("begin", "end", "x" * 1_000_000)
    assert max(map(len, pieces)) <= LONGEST


def test_no_more_of_a_log_is_read_than_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_CHUNK", 16)
    path = tmp_path / "log"
    path.write_text("line\n" * 1000)
    lines = log_lines(path, follow=False)
    assert next(lines) == "line"
    path.write_text("line\n")  # what was held is told, the rest was never read
    assert len(list(lines)) < 10
