"""The machines that the other tests here use: nothing of one stays, however who started it ends."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.bare import REPOSITORY, bare_machine

if TYPE_CHECKING:
    from tests.support.bare import BareMachine

PATIENCE = 60
HOLD = """
from tests.support.bare import bare_machine
with bare_machine("debian-12") as made:
    print(made.process, flush=True)
    input()
"""


def test_nothing_of_a_machine_stays(fresh_machine: BareMachine) -> None:
    with bare_machine(fresh_machine.name) as other:
        assert other.groups != fresh_machine.groups
        assert other.expect(0, "ls /proc/sys/fs/binfmt_misc") == ""
        other.expect(0, "sleep 1000 >/dev/null 2>&1 &")
    assert [group for group in other.groups if group.exists()] == []
    assert not Path(f"/proc/{other.process}").exists()


def test_a_machine_ends_with_who_started_it(fresh_machine: BareMachine) -> None:
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with held:
        assert held.stdout is not None
        first = os.pidfd_open(int(held.stdout.readline()))
        held.kill()
    ended, _, _ = select.select([first], [], [], PATIENCE)
    os.close(first)
    assert ended
