"""A log knows whether somebody writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.schedule.logs import is_written, new_log

if TYPE_CHECKING:
    from pathlib import Path


def test_a_log_is_written_until_its_task_ends_and_begins_empty(tmp_path: Path) -> None:
    path = tmp_path / "debian-12" / "greet.source.log"
    assert not is_written(path)
    with new_log(path) as write:
        assert is_written(path)
        write("a long first attempt")
        assert path.read_text() == "a long first attempt\n"
    assert not is_written(path)
    with new_log(path) as write:
        write("second")
    assert path.read_text() == "second\n"
