"""What a script prints for the tool and what it prints for people, with the shell of this machine."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.engines.inline import Receiver, gathered, printing_script
from build_env.engines.output import LineSplitter
from build_env.engines.supervisor import measuring_script

if TYPE_CHECKING:
    from pathlib import Path


def run(receiver: Receiver, script: str) -> int:
    done = subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = LineSplitter(receiver.line)
    lines.feed(done.stdout)
    lines.close()
    receiver.flush()
    return done.returncode


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("status", [0, 3, 75])
def test_the_measuring_changes_neither_status_nor_output(status: int, *, kept: bool) -> None:
    lines: list[str] = []
    receiver = Receiver(lines.append)
    script = (
        f"{measuring_script(receiver.mark, kept=kept)}set -u\n"
        f"echo one; echo; ( exit 0 ) || exit 9\nprintf 'no end'; exit {status}\n"
    )
    assert run(receiver, script) == receiver.status == status
    assert lines == ["one", "", "no end"]


def test_the_figures_are_taken_out_of_the_output() -> None:
    lines: list[str] = []
    receiver = Receiver(lines.append)
    for line in ("before", "", f"{receiver.mark} 61440 3 2", "after"):
        receiver.line(line)
    assert (receiver.peak_memory, receiver.status, receiver.command) == (61440, 3, 2)
    assert lines == ["before", "after"]


def test_nothing_is_known_without_a_counter() -> None:
    receiver = Receiver(lambda _: None)
    assert run(receiver, measuring_script(receiver.mark).replace("/sys/fs/cgroup", "/nowhere")) == 0
    assert receiver.peak_memory == 0


def test_a_kept_room_tells_only_what_was_needed_beyond_all_before(tmp_path: Path) -> None:
    """The counters as a room sees them are files here, which the commands change."""
    for before, after, expected in ((500, 500, 0), (500, 800, 700)):
        receiver = Receiver(lambda _: None)
        begin = f"printf '100\\n' >{tmp_path}/memory.current; printf '{before}\\n' >{tmp_path}/memory.peak\n"
        measuring = measuring_script(receiver.mark, kept=True).replace("/sys/fs/cgroup", str(tmp_path))
        assert run(receiver, f"{begin}{measuring}printf '{after}\\n' >{tmp_path}/memory.peak\n") == 0
        assert receiver.peak_memory == expected


@pytest.mark.parametrize(
    "figures", ["9" * 24 + " 0 1", f"1 {'9' * 6000} 1", "1 0 1 1", "-1 0 1", "x 0 1", "1 \u0663 1"]
)
def test_figures_that_no_room_can_have_are_a_line_of_the_log(figures: str) -> None:
    lines: list[str] = []
    receiver = Receiver(lines.append, trusted=True)
    receiver.line(f"{receiver.mark} {figures}")
    assert (receiver.ended, receiver.peak_memory, len(lines)) == (None, 0, 1)


@given(st.lists(st.sampled_from(["MARK", "MARK 1 0 1", "MARK 0 255 0", "", "a line", "AAAA", "MARK MARK"])))
def test_a_build_that_knows_the_mark_neither_ends_its_room_nor_hides_a_line(words: list[str]) -> None:
    """Where nobody supervises it can know it."""
    lines: list[str] = []
    receiver = Receiver(lines.append)
    for word in words:
        receiver.line(word.replace("MARK", receiver.mark))
    receiver.flush()
    assert receiver.ended is None
    assert receiver.archive() is None
    told = re.compile(r"MARK \d+ \d+ \d+")
    assert [line for line in lines if line] == [
        word.replace("MARK", receiver.mark) for word in words if word and not told.fullmatch(word)
    ]


def printed(script: str) -> Receiver:
    receiver = Receiver(lambda _: None, trusted=True)
    run(receiver, f"echo {receiver.mark}; {script}; echo {receiver.mark}")
    return receiver


def test_small_results_are_printed_and_large_ones_are_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_bytes(b"small")
    archive = printed(printing_script(str(tmp_path), "out")).archive()
    assert archive is not None
    assert b"small" in archive
    with (out / "sparse").open("wb") as file:
        file.truncate(1 << 40)  # which no disk has
    assert printed(printing_script(str(tmp_path), "out")).archive() is None


def test_a_result_that_was_cut_short_is_none() -> None:
    receiver = Receiver(lambda _: None, trusted=True)
    receiver.line(receiver.mark)
    receiver.line(base64.b64encode(b"a tar with an error").decode())
    receiver.line(receiver.mark)
    assert receiver.archive() is None


def test_no_more_is_gathered_than_a_script_could_hold() -> None:
    asked: list[int] = []

    def chunks() -> list[bytes]:
        asked.append(1)
        return [bytes(1 << 16)] * 4

    assert gathered(chunks()) == bytes(1 << 18)

    def endless() -> object:
        while True:
            asked.append(1)
            yield bytes(1 << 16)

    assert gathered(endless()) is None  # type: ignore[arg-type]
    assert len(asked) < 20
