"""Attempts: each ends once, a stale one records nothing, and what a dead run had begun is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from build_env.core.errors import InfrastructureError, StaleAttempt
from build_env.model.artifact import Isolation
from build_env.model.attempt import Attempt, AttemptState
from build_env.model.run import Run
from build_env.store.results import LocalStore
from tests.support.samples import named, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = Run(id="own", pid=42, began=5.0, command="build-all greet")
TASK, OWN, OTHER = named("d/12:one:build:amd64"), named("own task"), named("d/12:one:build:arm64")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    clock = iter(range(1000))
    monkeypatch.setattr("build_env.store.attempts.time.time", lambda: float(next(clock)))
    with closing(LocalStore(tmp_path, RUN)) as made:
        yield made


def last(store: LocalStore) -> Attempt:
    return store.history([TASK])[TASK][0]


def test_a_result_ends_its_attempt(store: LocalStore) -> None:
    attempt = store.begin(TASK, "key")
    assert store.history([TASK]) == {}, "one that runs has not ended"
    item = store.put("a.deb", b"content")
    result = replace(stored("other", item), seconds=2.5, task=TASK, peak_memory=7 << 20, log="build/logs/a.log")
    store.record(result, attempt)
    assert store.find("other", Isolation.FRESH) == result
    assert last(store) == Attempt(
        id=attempt,
        run="own",
        task=TASK,
        key="other",  # an image knows its key only when its base is there
        state=AttemptState.DONE,
        began=0.0,
        seconds=2.5,
        peak_memory=7 << 20,
        size=7,
        isolation=Isolation.FRESH,
        log="build/logs/a.log",
    )


@pytest.mark.parametrize("state", [state for state in AttemptState if state is not AttemptState.RUNNING])
def test_an_attempt_ends_once(store: LocalStore, state: AttemptState) -> None:
    attempt = store.begin(TASK, "key")
    store.end(
        attempt, state, seconds=1.5, message="exit status 2", log="a.log", peak_memory=9, isolation=Isolation.NATIVE
    )
    ended = last(store)
    assert (ended.state, ended.seconds, ended.message, ended.log) == (state, 1.5, "exit status 2", "a.log")
    assert (ended.peak_memory, ended.isolation) == (9, Isolation.NATIVE)
    store.end(attempt, AttemptState.DONE, seconds=9.0)
    assert last(store) == ended
    with pytest.raises(StaleAttempt, match="is not recorded") as raised:
        store.record(stored("key"), attempt)
    assert isinstance(raised.value, InfrastructureError), "it is tried again"
    assert store.find("key", Isolation.NATIVE) is None
    assert last(store) == ended


def test_an_attempt_that_nobody_began_is_stale(store: LocalStore) -> None:
    with pytest.raises(StaleAttempt):
        store.record(stored("key"), "unknown")
    assert store.find("key", Isolation.NATIVE) is None


def test_the_attempts_of_dead_runs_are_lost(store: LocalStore, tmp_path: Path) -> None:
    own = store.begin(OWN, "key")
    with closing(LocalStore(tmp_path, replace(RUN, id="dead"))) as other:
        other.end(other.begin(TASK, "first"), AttemptState.FAILED, seconds=1.0)
        killed = other.begin(TASK, "second")
    store.sweep(lambda run: run == "own")
    assert [attempt.state for attempt in store.history([TASK])[TASK]] == [AttemptState.LOST, AttemptState.FAILED]
    with pytest.raises(StaleAttempt):
        store.record(stored("second"), killed)
    store.record(stored("key"), own)


def test_a_run_that_begins_while_others_sweep_keeps_its_attempts(store: LocalStore, tmp_path: Path) -> None:
    begun: list[str] = []

    def nobody(_run: str) -> bool:
        # Asked after the runs were listed: what begins now is not among them.
        if not begun:
            begun.append(store.begin(TASK, "key"))
        return False

    with closing(LocalStore(tmp_path, replace(RUN, id="dead"))) as other:
        other.begin(OTHER, "key")
        other.sweep(nobody)
    store.record(stored("key"), begun[0])


def test_history_is_newest_first_limited_and_by_task(store: LocalStore) -> None:
    for number in range(4):
        for task in (TASK, OTHER):
            store.end(store.begin(task, str(number)), AttemptState.FAILED, seconds=float(number))
    found = store.history([TASK, OTHER, named("unknown")], limit=3)
    assert {task: [entry.key for entry in entries] for task, entries in found.items()} == {
        TASK: ["3", "2", "1"],
        OTHER: ["3", "2", "1"],
    }
    assert store.history([]) == {}


def test_a_run_is_written_with_its_first_attempt(store: LocalStore, tmp_path: Path) -> None:
    def rows() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(tmp_path / "store.db")) as database:
            return database.execute("SELECT id, pid, began, finished, command FROM run").fetchall()

    assert rows() == []
    store.begin(TASK, "key")
    store.begin(TASK, "other")
    assert rows() == [("own", 42, 5.0, None, "build-all greet")]
    store.close()
    assert rows() == [("own", 42, 5.0, 2.0, "build-all greet")]
    with closing(LocalStore(tmp_path, replace(RUN, id="idle"))):
        pass
    assert len(rows()) == 1


class Attempts(RuleBasedStateMachine):
    """Two runs on one store, against a model: what each attempt came to, and which results are there."""

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        import tempfile  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        self.directory = tempfile.TemporaryDirectory()
        self.stores = {name: LocalStore(Path(self.directory.name), replace(RUN, id=name)) for name in ("one", "two")}
        self.known: dict[str, tuple[str, AttemptState]] = {}
        self.results: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "directory"):
            for store in self.stores.values():
                store.close()
            self.directory.cleanup()

    @rule(name=st.sampled_from(["one", "two"]))
    def begin(self, name: str) -> None:
        attempt = self.stores[name].begin(TASK, f"key {len(self.known)}")
        assert attempt not in self.known
        self.known[attempt] = (name, AttemptState.RUNNING)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), name=st.sampled_from(["one", "two"]))
    def record(self, data: st.DataObject, name: str) -> None:
        attempt = data.draw(st.sampled_from(sorted(self.known, key=list(self.known).index)))
        key = f"result {len(self.results)}"
        owner, state = self.known[attempt]
        if state is AttemptState.RUNNING:
            self.stores[name].record(stored(key), attempt)
            self.results.add(key)
            self.known[attempt] = (owner, AttemptState.DONE)
        else:
            with pytest.raises(StaleAttempt):
                self.stores[name].record(stored(key), attempt)
            assert self.stores[name].find(key, Isolation.FRESH) is None

    @precondition(lambda self: self.known)
    @rule(data=st.data(), state=st.sampled_from([AttemptState.FAILED, AttemptState.INTERRUPTED]))
    def end(self, data: st.DataObject, state: AttemptState) -> None:
        attempt = data.draw(st.sampled_from(sorted(self.known, key=list(self.known).index)))
        owner, before = self.known[attempt]
        self.stores[owner].end(attempt, state, seconds=1.0)
        self.known[attempt] = (owner, state if before is AttemptState.RUNNING else before)

    @rule(name=st.sampled_from(["one", "two"]))
    def sweep(self, name: str) -> None:
        """The other one is dead."""
        self.stores[name].sweep(lambda run: run == name)
        for attempt, (owner, state) in self.known.items():
            if owner != name and state is AttemptState.RUNNING:
                self.known[attempt] = (owner, AttemptState.LOST)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "stores"):
            return
        ended = {key: value[1] for key, value in self.known.items() if value[1] is not AttemptState.RUNNING}
        for store in self.stores.values():
            history = store.history([TASK], limit=1000).get(TASK, ())
            assert {entry.id: entry.state for entry in history} == ended
            assert all(store.find(key, Isolation.FRESH) for key in self.results)


TestAttempts = Attempts.TestCase
TestAttempts.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
