"""The local executor writes down how each task ended, and uses no bytes that are not what they were."""

from __future__ import annotations

import errno
import threading
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import (
    BuildEnvError,
    EnvironmentNotReady,
    InfrastructureError,
    InputError,
    Interrupted,
    StaleAttempt,
    TaskError,
)
from build_env.core.trees import Trees
from build_env.model.action import RoomAction
from build_env.model.artifact import Isolation, StoredResult
from build_env.model.attempt import AttemptState
from build_env.model.command import Command, ImageKind, Role
from build_env.model.identity import TaskName
from build_env.model.result import Status
from build_env.model.room import RoomOutcome, RoomSpec
from build_env.model.task import Input, Place, Stage
from build_env.model.work import ResolvedInput, Work
from build_env.schedule.local import LocalExecutor
from build_env.store.claims import Claims
from build_env.store.results import LocalStore, new_run
from build_env.work.kind import Hands
from build_env.work.orders import Orders
from build_env.work.rooms import RoomWork
from build_env.work.worker import Worker
from tests.support.locking import holding
from tests.support.samples import named, room, task

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path


@dataclass
class FakeEngine:
    """The `Engine` port without rooms: one package comes out, or `error` is raised, or `outcome` returned."""

    outcome: RoomOutcome = field(default_factory=lambda: RoomOutcome(status=0, peak_memory=123))
    error: BaseException | None = None
    isolation: Isolation = Isolation.FRESH
    meanwhile: Callable[[], object] = lambda: None
    runs: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        self.runs += 1
        output("a line")
        self.meanwhile()
        if self.error:
            raise self.error
        (spec.collect / "a.deb").write_bytes(b"package")
        return self.outcome

    def cancel(self) -> None:
        self.cancelled.set()


class FakePublisher:
    """The `Publisher` port, as far as an executor calls it."""

    def __init__(self) -> None:
        self.added: list[Work] = []

    def holds(self, work: Work) -> bool:
        return False

    def evidence(self, work: Work) -> list[Path]:
        return []

    def add(self, work: Work, output: Callable[[str], None]) -> None:
        self.added.append(work)

    def tar(self, work: Work) -> Path:
        raise NotImplementedError

    def commit(self, _tell: object, tasks: Collection[TaskName] | None = None) -> list[str]:
        return []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with closing(LocalStore(tmp_path / "build", new_run("test"))) as made:
        yield made


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def executor(tmp_path: Path, store: LocalStore, engine: FakeEngine) -> LocalExecutor:
    return executor_of(tmp_path, store, engine)


GREET = TaskName("debian/12", "greet", Stage.BUILD, "amd64")


def executor_of(root: Path, store: LocalStore, engine: FakeEngine, prefix: str = "") -> LocalExecutor:
    build = root / "build"
    claims = Claims(build / "claims", "this run")
    hands = Hands(
        trees=Trees(root=root),
        store=store,
        publisher=FakePublisher(),
        rooms=RoomWork(
            worker=Worker(engine=engine, store=store, directory=build / "rooms" / "run", downloads=build / "downloads"),
            orders=Orders(trees=Trees(root=root), store=store, labels={}, reused_prefix=prefix),
            claims=claims,
        ),
    )
    return LocalExecutor(logs=build / "logs", hands=hands, claims=claims)


def work(stage: Stage = Stage.BUILD, *inputs: ResolvedInput) -> Work:
    chosen = replace(task(TaskName("debian/12", "greet", stage, "amd64")), action=RoomAction(room=room()))
    return Work(task=chosen, key="key", inputs=inputs, covered={"name": "greet"})


def silent(line: str) -> None:
    pass


def ended(store: LocalStore, name: TaskName | None = None) -> tuple[AttemptState, str]:
    name = name or GREET
    (attempt,) = store.history([name])[name]
    return attempt.state, attempt.message


def test_a_task_that_is_done(executor: LocalExecutor, store: LocalStore) -> None:
    result = executor.run(work(), silent)
    assert result.status is Status.DONE
    found = store.find("key", Isolation.FRESH)
    assert found == result.stored
    assert found is not None
    assert (found.task, found.peak_memory, found.log) == (GREET, 123, "build/logs/debian-12/greet.amd64.build.log")
    (attempt,) = store.history([GREET])[GREET]
    assert (attempt.state, attempt.key, attempt.peak_memory, attempt.size) == (AttemptState.DONE, "key", 123, 7)
    assert attempt.seconds == found.seconds > 0
    assert attempt.isolation is Isolation.FRESH


def test_a_command_that_fails(executor: LocalExecutor, store: LocalStore, engine: FakeEngine) -> None:
    engine.outcome = RoomOutcome(status=2, message="exit status 2", peak_memory=9)
    assert executor.run(work(), silent).status is Status.FAILED
    assert ended(store) == (AttemptState.FAILED, "exit status 2")
    (attempt,) = store.history([GREET])[GREET]
    assert (attempt.peak_memory, attempt.isolation) == (9, Isolation.FRESH)
    assert attempt.log == "build/logs/debian-12/greet.amd64.build.log"
    assert store.latest(GREET) is None


ERRORS: list[tuple[BaseException, AttemptState]] = [
    (Interrupted("stopped"), AttemptState.INTERRUPTED),
    (InfrastructureError("the engine was lost"), AttemptState.INFRASTRUCTURE),
    (EnvironmentNotReady("no base"), AttemptState.INFRASTRUCTURE),
    (TaskError("a step failed"), AttemptState.FAILED),
    (InputError("a line is missing"), AttemptState.FAILED),
    (RuntimeError("a defect"), AttemptState.INFRASTRUCTURE),
]


@pytest.mark.parametrize(("error", "state"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
def test_what_is_raised(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine, error: BaseException, state: AttemptState
) -> None:
    engine.error = error
    # An outcome tells what is to be done about it, not of which class the error was.
    with pytest.raises(TaskError if isinstance(error, InputError) else type(error)):
        executor.run(work(), silent)
    assert ended(store) == (state, str(error))
    assert store.latest(GREET) is None


def test_trouble_that_a_command_tells_by_its_status_is_no_fact_about_the_package(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine
) -> None:
    engine.outcome = RoomOutcome(status=75)
    commands = (Command(kind=ImageKind.SOURCE, argv=("fetch",), network=True),)
    fetching = work()
    fetching = replace(
        fetching, task=replace(fetching.task, action=RoomAction(room=replace(room(), commands=commands)))
    )
    with pytest.raises(EnvironmentNotReady):
        executor.run(fetching, silent)
    assert ended(store)[0] is AttemptState.INFRASTRUCTURE


@pytest.mark.parametrize("status", [75, 78])
def test_a_room_without_network_has_no_trouble_elsewhere(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine, status: int
) -> None:
    engine.outcome = RoomOutcome(status=status)
    assert executor.run(work(), silent).status is Status.FAILED
    assert ended(store)[0] is AttemptState.FAILED


def test_the_log_has_all_that_is_known_of_a_defect(executor: LocalExecutor, engine: FakeEngine, tmp_path: Path) -> None:
    engine.error = KeyError("missing")
    with pytest.raises(KeyError):
        executor.run(work(), silent)
    log = (tmp_path / "build/logs/debian-12/greet.amd64.build.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "KeyError: 'missing'" in log


@pytest.mark.parametrize("stage", [Stage.DEPLOY])
def test_an_effect_leaves_an_attempt_and_no_result(executor: LocalExecutor, store: LocalStore, stage: Stage) -> None:
    assert executor.run(work(stage), silent).status is Status.DONE
    name = GREET._replace(stage=stage)
    assert ended(store, name) == (AttemptState.DONE, "")
    assert store.latest(name) is None


def test_a_run_that_was_taken_for_dead_records_nothing(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine, tmp_path: Path
) -> None:
    def taken_for_dead() -> None:
        with closing(LocalStore(tmp_path / "build")) as other:
            other.sweep(lambda _run: False)

    engine.meanwhile = taken_for_dead
    with pytest.raises(StaleAttempt):
        executor.run(work(), silent)
    assert ended(store)[0] is AttemptState.LOST
    assert store.find("key", Isolation.FRESH) is None


def damaged(store: LocalStore, stored: StoredResult) -> Path:
    path = store.path(stored.artifacts[0])
    path.chmod(0o644)
    path.write_bytes(b"PACKAGE")
    return path


@pytest.mark.parametrize("place", [Place.SOURCE, Place.PACKAGES, Place.DEPLOY])
@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_a_damaged_input_enters_no_room(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine, place: Place, harm: str
) -> None:
    stored = executor.run(work(), silent).stored
    assert stored is not None
    path = damaged(store, stored)
    if harm == "gone":
        path.unlink()
    given = ResolvedInput(task=named("first"), place=place, artifacts=stored.artifacts)
    stage = Stage.DEPLOY if place is Place.DEPLOY else Stage.VERIFY
    with pytest.raises(EnvironmentNotReady, match=r"a\.deb, which debian/12:build:first made, is ") as raised:
        executor.run(work(stage, given), silent)
    assert "made anew" in raised.value.hint
    assert engine.runs == 1


@pytest.mark.parametrize(("harm", "words"), [("damaged", "is damaged: a.deb"), ("gone", "is no longer there: a.deb")])
def test_a_damaged_result_is_explained_and_made_anew(
    executor: LocalExecutor, store: LocalStore, harm: str, words: str
) -> None:
    stored = executor.run(work(), silent).stored
    assert stored is not None
    path = damaged(store, stored)
    if harm == "gone":
        path.unlink()
    assert executor.find(work()) is None
    assert executor.reason(work()) == f"what it made {words}"
    executor.run(work(), silent)
    assert executor.find(work()) is not None
    assert path.read_bytes() == b"package"


def test_an_attempt_is_ended_also_when_the_log_cannot_be_written(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine
) -> None:
    engine.error = Interrupted("stopped")

    def full(line: str) -> None:
        if line.startswith("build-env: "):
            assert ended(store) == (AttemptState.INTERRUPTED, "stopped")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Interrupted):
        executor.run(work(), full)
    assert ended(store) == (AttemptState.INTERRUPTED, "stopped")


def test_a_store_that_is_broken_does_not_hide_what_went_wrong(
    executor: LocalExecutor, store: LocalStore, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_arguments: object, **_facts: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(store, "end", end)
    engine.error = TaskError("a step failed")
    with pytest.raises(TaskError):
        executor.run(work(), silent)


def test_rooms_that_cannot_be_killed_keep_no_image_from_being_stopped(
    executor: LocalExecutor, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []

    class Images:
        def cancel(self) -> None:
            stopped.append("images")
            raise InfrastructureError("the engine is gone")

    def cancel() -> None:
        raise InfrastructureError("the engine is gone")

    monkeypatch.setattr(engine, "cancel", cancel)
    hands = replace(executor.hands, images=Images())  # type: ignore[arg-type]  # the double has only what is called
    replace(executor, hands=hands).cancel()
    assert stopped == ["images"]


@pytest.mark.parametrize("place", [Place.SOURCE, Place.PACKAGES])
def test_a_file_that_a_layer_is_chosen_by_and_that_is_gone_is_said(
    executor: LocalExecutor, store: LocalStore, place: Place
) -> None:
    name = "build-depends.dsc" if place is Place.SOURCE else "first_1_amd64.deb"
    kept = store.put(name, b"Build-Depends: x\n")
    source = store.put("build-depends.dsc", b"Build-Depends: first\n")
    first = StoredResult(key="first", artifacts=(kept, source), isolation=Isolation.FRESH, seconds=0.0)
    layer = replace(task("layer", stage=Stage.LAYER), inputs=(Input(task=named("first"), place=place),))
    assert executor.work(layer, {named("first"): first}).key
    store.path(kept).unlink()
    with pytest.raises(EnvironmentNotReady, match="which debian/12:build:first made, is no longer there"):
        executor.work(layer, {named("first"): first})


def test_one_does_a_task_and_others_wait(executor: LocalExecutor) -> None:
    first = executor.claim(work())
    assert first is not None
    assert executor.claim(work()) is None
    assert executor.claim(replace(work(), key="other")) is None, "the same task, because of its log"
    assert executor.claim(replace(work(), task=task("other"))) is None, "the same key, because of its result"
    first.close()
    with executor.claimed(work()):
        assert executor.claim(work()) is None
    second = executor.claim(work())
    assert second is not None
    second.close()


def test_another_process_has_the_task_until_it_dies(executor: LocalExecutor, tmp_path: Path) -> None:
    with holding(tmp_path / "build", "other", str(GREET)) as process:
        assert executor.claim(work()) is None
        assert executor.owner(work())
        process.kill()
        with executor.claimed(work()):
            assert executor.claim(work()) is None


def test_a_kept_room_that_another_run_uses_is_waited_for_until_the_run_is_stopped(
    store: LocalStore, engine: FakeEngine, tmp_path: Path
) -> None:
    kept = executor_of(tmp_path, store, engine, "prefix-")
    given = ResolvedInput(task=named("debian/12:image:x"), place=Place.IMAGE, artifacts=(), facts={"tag": "x:1"})
    errors: list[BuildEnvError] = []

    def run() -> None:
        try:
            kept.run(work(Stage.BUILD, given), silent)
        except BuildEnvError as error:
            errors.append(error)

    name = kept.rooms.orders.room(work(Stage.BUILD, given)).given_room.name
    with holding(tmp_path / "build", "other", name):
        thread = threading.Thread(target=run)
        thread.start()
        kept.cancel()
        thread.join(20)
        assert [type(error) for error in errors] == [Interrupted]
        assert engine.runs == 0
    assert ended(store) == (AttemptState.INTERRUPTED, "stopped")
    again = executor_of(tmp_path, store, engine, "prefix-")
    assert again.run(work(Stage.BUILD, given), silent).status is Status.DONE


def test_a_temporary_command_and_its_layer_have_a_fresh_room_also_where_rooms_are_kept(
    store: LocalStore, engine: FakeEngine, tmp_path: Path
) -> None:
    orders = executor_of(tmp_path, store, engine, "prefix-").rooms.orders
    given = ResolvedInput(task=named("debian/12:image:x"), place=Place.IMAGE, artifacts=(), facts={"tag": "x:1"})
    usual = work(Stage.BUILD, given)
    install = replace(room().commands[0], role=Role.INSTALL)

    def with_commands(*commands: Command) -> Work:
        environment = {
            **room().environment,
            "BUILD_HOST_ARCH": "amd64",
            "BUILD_TARGET": "t",
            "LC_ALL": "C",
            "TZ": "UTC",
        }
        environment["ARCH"] = "amd64"
        return replace(
            usual,
            task=replace(
                usual.task, action=RoomAction(room=replace(room(), commands=commands, environment=environment))
            ),
        )

    run = room().commands[0]
    kept, temporary = with_commands(install, run), with_commands(install, replace(run, temporary=True))
    assert orders.room(kept).given_room.name == orders.layer(kept, anew=False).given_room.name != ""
    assert orders.room(temporary).given_room.name == orders.layer(temporary, anew=False).given_room.name == ""
