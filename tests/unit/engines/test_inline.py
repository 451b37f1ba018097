"""What a script prints for the tool and what it prints for people, with the shell of this machine."""

from __future__ import annotations

import subprocess

import pytest

from build_env.engines.inline import Receiver
from build_env.engines.output import LineSplitter


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
        f"{receiver.measuring(kept=kept)}set -u\necho one; echo; ( exit 0 ) || exit 9\nprintf 'no end'; exit {status}\n"
    )
    assert run(receiver, script) == receiver.status == status
    assert lines == ["one", "", "no end"]


def test_the_number_is_taken_out_of_the_output() -> None:
    lines: list[str] = []
    receiver = Receiver(lines.append)
    script = receiver.measuring()
    mark = script[script.index("build-env-results-") :].split()[0]
    for line in ("before", "", f"{mark} 61440 3 2", "after"):
        receiver.line(line)
    assert (receiver.peak_memory, receiver.status, receiver.command) == (61440, 3, 2)
    assert lines == ["before", "after"]


def test_nothing_is_known_without_a_counter() -> None:
    receiver = Receiver(lambda _: None)
    assert run(receiver, receiver.measuring().replace("/sys/fs/cgroup", "/nowhere")) == 0
    assert receiver.peak_memory == 0


def test_a_kept_room_tells_only_what_was_needed_beyond_all_before(tmp_path: object) -> None:
    """The counters as a room sees them are files here, which the commands change."""
    for before, after, expected in ((500, 500, 0), (500, 800, 700)):
        receiver = Receiver(lambda _: None)
        begin = f"printf '100\\n' >{tmp_path}/memory.current; printf '{before}\\n' >{tmp_path}/memory.peak\n"
        measuring = receiver.measuring(kept=True).replace("/sys/fs/cgroup", str(tmp_path))
        assert run(receiver, f"{begin}{measuring}printf '{after}\\n' >{tmp_path}/memory.peak\n") == 0
        assert receiver.peak_memory == expected
