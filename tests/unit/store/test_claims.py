"""Claims with real threads and real processes: one at a time, no deadlock, nothing left when the owner dies."""

from __future__ import annotations

import fcntl
import itertools
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build_env.core.locks import held, take_lock
from build_env.store.claims import Claims
from tests.support.locking import holding, let_end
from tests.support.tiny import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("task", "key")


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path / "claims", "run 1a2b (process 42)")


def test_one_at_a_time_and_all_or_nothing(claims: Claims) -> None:
    first = claims.claim(NAMES)
    assert first is not None
    assert claims.owner(NAMES) == "run 1a2b (process 42)"
    assert claims.claim({"other", "key"}) is None
    other = claims.claim({"other"})
    assert other is not None, "what was refused left a name taken"
    other.close()
    first.close()
    first.close()
    assert claims.owner(NAMES) == ""
    again = claims.claim(NAMES)
    assert again is not None
    again.close()


def test_nothing_is_left_behind(claims: Claims, tmp_path: Path) -> None:
    for _ in range(3):
        claim = claims.claim(NAMES)
        assert claim is not None
        assert len(list((tmp_path / "claims").iterdir())) == 2
        claim.close()
        assert list((tmp_path / "claims").iterdir()) == []


def test_two_threads_of_one_process_exclude_each_other(claims: Claims) -> None:
    first = claims.claim(NAMES)
    assert first is not None
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(claims.claim(["key"])))
    thread.start()
    thread.join()
    assert found == [None]
    first.close()


def test_who_waits_gets_it_when_it_is_released(claims: Claims) -> None:
    first = claims.claim(NAMES)
    assert first is not None
    got = threading.Event()

    def wait() -> None:
        claim = claims.await_claim(NAMES, threading.Event())
        assert claim is not None
        got.set()
        claim.close()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not got.is_set()
    first.close()
    thread.join(20)
    assert got.is_set()


def test_waiting_ends_when_it_is_stopped(claims: Claims) -> None:
    first = claims.claim(NAMES)
    stop, found = threading.Event(), []
    thread = threading.Thread(target=lambda: found.append(claims.await_claim(NAMES, stop)))
    thread.start()
    stop.set()
    thread.join(20)
    assert found == [None]
    assert first is not None
    first.close()


def test_another_process_excludes_and_its_death_frees(claims: Claims, tmp_path: Path) -> None:
    with holding(tmp_path, "living", *NAMES) as process:
        assert claims.claim(["key", "more"]) is None
        assert claims.owner(NAMES) == "run living"
        process.kill()
        claim = claims.await_claim(NAMES, threading.Event())
        assert claim is not None
        claim.close()


def test_another_process_that_ends_frees(claims: Claims, tmp_path: Path) -> None:
    with holding(tmp_path, "living", *NAMES) as process:
        let_end(process)
        claim = claims.claim(NAMES)
        assert claim is not None
        claim.close()


_COUNTER = """
import sys, threading
from pathlib import Path
from build_env.store.claims import Claims

directory, file, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for number in range(rounds):
    claim = Claims(directory, "counter").await_claim({"count", f"own {number % 3}"}, threading.Event())
    file.write_text(str(int(file.read_text()) + 1))
    claim.close()
"""


def test_what_several_processes_count_under_a_claim_is_the_sum(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0", encoding="utf-8")
    argv = [sys.executable, "-P", "-c", _COUNTER, str(tmp_path / "claims"), str(tmp_path / "count"), "15"]
    environment = {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    processes = [subprocess.Popen(argv, env=environment) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text(encoding="utf-8") == "45"
    assert list((tmp_path / "claims").iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.lists(st.frozensets(st.sampled_from("abcd"), min_size=1), min_size=2, max_size=4))
def test_any_names_in_any_order_end_without_a_deadlock(tmp_path: Path, wanted: list[frozenset[str]]) -> None:
    claims = Claims(tmp_path / "claims", "run")
    at_work: set[str] = set()
    done: list[frozenset[str]] = []

    def work(names: frozenset[str]) -> None:
        for _ in range(3):
            claim = claims.await_claim(list(names), threading.Event())
            assert claim is not None
            if not at_work.isdisjoint(names):
                done.append(frozenset({"a name was had twice"}))
            at_work.update(names)
            at_work.difference_update(names)
            claim.close()
        done.append(names)

    threads = [threading.Thread(target=work, args=(names,)) for names in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(map(sorted, done)) == sorted(map(sorted, wanted))


def test_a_lock_whose_file_its_holder_removed_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, flock = tmp_path / "lock", fcntl.flock
    removed: list[Path] = []

    def released_meanwhile(handle: int, operation: int) -> None:
        """The last holder goes between our opening of the file and our getting the lock."""
        if not removed:
            path.unlink()
            removed.append(path)
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", released_meanwhile)
    lock = take_lock(path, wait=True)
    assert lock is not None
    assert held(path), "the lock is on a file that nobody can find"
    assert take_lock(path, wait=False) is None
    lock.release()
    assert not held(path)


def test_looking_takes_a_lock_from_nobody(tmp_path: Path) -> None:
    assert not held(tmp_path / "lock")
    for _ in itertools.repeat(None, 3):
        lock = take_lock(tmp_path / "lock", wait=False)
        assert lock is not None
        assert held(tmp_path / "lock")
        lock.release()
