"""What the coordinator does with outcomes: images that a worker has not are made first, trouble is raised as it was."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, Interrupted, TaskError
from build_env.core.trees import Trees
from build_env.model.action import ImageAction, ImageRecipe, RoomAction
from build_env.model.artifact import Artifact, Isolation
from build_env.model.command import ImageBuild, ImageKind
from build_env.model.order import Ended, Outcome
from build_env.model.room import RoomOutcome, Variation
from build_env.model.task import Place
from build_env.model.work import ResolvedInput, Work
from build_env.plan.keys import IMAGE_FACTS
from build_env.store.claims import Claims
from build_env.store.results import LocalStore
from build_env.work.orders import Orders
from build_env.work.rooms import RoomWork
from build_env.work.worker import Worker
from tests.support.samples import named, room, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.model.order import WorkOrder
    from build_env.model.room import RoomSpec

TAG = "prefix/image:1"
IMAGE = named("debian/12:image:x")
IDENTITY = Artifact(name=IMAGE_FACTS, digest="1" * 64, size=1)


@dataclass
class FakeWorker:
    """Has an image only after it was told to make it; `made_of` is what it is then."""

    made_of: Artifact = IDENTITY
    loses: bool = False
    done: list[str] = field(default_factory=list)
    images: Any = True
    isolation: Isolation = Isolation.FRESH

    def run(self, order: WorkOrder, _output: Callable[[str], None]) -> Outcome:
        if order.recipe:
            self.done.append("image")
            return Outcome(ended=Ended.DONE, artifacts=(self.made_of,), key="k")
        if "image" not in self.done or self.loses:
            return Outcome(ended=Ended.IMAGE_MISSING, missing=TAG)
        self.done.append("room")
        return Outcome(ended=Ended.DONE, isolation=self.isolation)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with closing(LocalStore(tmp_path / "build")) as made:
        yield made


def rooms(root: Path, store: LocalStore, worker: FakeWorker) -> RoomWork:
    build = ImageBuild(name="x", kind=ImageKind.BUILD, dockerfile="D", base_image="b")
    recipe = ImageRecipe(build=build, architecture="amd64", dockerfile="FROM b\n")
    image = replace(task(IMAGE), action=ImageAction(recipe=recipe))
    return RoomWork(
        worker=worker,  # type: ignore[arg-type]  # as a worker, as far as it is called
        orders=Orders(trees=Trees(root=root), store=store, labels={}),
        claims=Claims(root / "build/claims", "this run"),
        made={IMAGE: image},
    )


def work() -> Work:
    given = ResolvedInput(task=IMAGE, place=Place.IMAGE, artifacts=(IDENTITY,), facts={"tag": TAG})
    return Work(task=replace(task("greet"), action=RoomAction(room=room())), key="key", inputs=(given,))


@dataclass
class FakeEngine:
    """Remembers the rooms that it should run."""

    isolation: Isolation = Isolation.FRESH
    rooms: list[RoomSpec] = field(default_factory=list)

    def run(self, spec: RoomSpec, _output: Callable[[str], None]) -> RoomOutcome:
        self.rooms.append(spec)
        return RoomOutcome(status=0)

    def cancel(self) -> None:
        """Nothing runs."""


def silent(_line: str) -> None:
    pass


def test_an_image_that_the_worker_has_not_is_made_and_the_order_repeated(tmp_path: Path, store: LocalStore) -> None:
    worker = FakeWorker()
    done = rooms(tmp_path, store, worker).do(work(), silent)
    assert worker.done == ["image", "room"]
    assert done.stored is not None
    assert done.stored.key == "key"


def test_a_room_has_the_caches_that_package_and_settings_want_and_a_rehearsal_none(
    tmp_path: Path, store: LocalStore
) -> None:
    engine = FakeEngine()
    worker = Worker(engine=engine, store=store, directory=tmp_path, downloads=tmp_path, caches=tmp_path / "caches")
    made = rooms(tmp_path, store, FakeWorker())
    allowed = {"ccache": "own", "cargo": "shared"}
    made = replace(made, worker=worker, orders=replace(made.orders, caches=allowed))
    asking = replace(work().task, action=RoomAction(room=replace(room(), caches=("ccache", "cargo", "pip"))))
    asking = replace(asking, name=named("debian/12:greet:build:arm64"))
    made.do(replace(work(), task=asking), silent)
    made.rehearse(replace(work(), task=asking), Variation(), tmp_path, silent)
    assert [spec.caches for spec in engine.rooms] == [
        {"ccache": "own/greet/debian-12.build.arm64/ccache", "cargo": "shared/debian-12.build.arm64/cargo"},
        {},
    ]


@pytest.mark.parametrize(
    ("recreate", "anew", "pulled"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_recreate_has_the_registry_asked_again(
    tmp_path: Path, store: LocalStore, *, recreate: bool, anew: bool, pulled: bool
) -> None:
    made = rooms(tmp_path, store, FakeWorker())
    assert replace(made.orders, recreate=recreate).image(made.made[IMAGE], "k", anew=anew).pulled == pulled


def test_an_image_that_comes_out_otherwise_is_another_one(tmp_path: Path, store: LocalStore) -> None:
    worker = FakeWorker(made_of=replace(IDENTITY, digest="2" * 64))
    with pytest.raises(EnvironmentNotReady, match="came out with other packages"):
        rooms(tmp_path, store, worker).do(work(), silent)
    assert worker.done == ["image"]


def test_an_engine_that_loses_everything_is_given_up(tmp_path: Path, store: LocalStore) -> None:
    with pytest.raises(InfrastructureError, match="loses"):
        rooms(tmp_path, store, FakeWorker(loses=True)).do(work(), silent)


@pytest.mark.parametrize(
    ("ended", "error"),
    [
        (Ended.STOPPED, Interrupted),
        (Ended.TROUBLE, InfrastructureError),
        (Ended.NOT_READY, EnvironmentNotReady),
        (Ended.FAILED, TaskError),
    ],
)
def test_trouble_is_raised_as_what_it_was(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, ended: Ended, error: type[Exception]
) -> None:
    worker = FakeWorker()
    monkeypatch.setattr(worker, "run", lambda _order, _output: Outcome(ended=ended, message="so it is", hint="do it"))
    with pytest.raises(error, match="so it is") as raised:
        rooms(tmp_path, store, worker).do(work(), silent)
    assert type(raised.value) is error


def test_a_command_that_fails_is_a_fact_about_the_package(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = FakeWorker()
    monkeypatch.setattr(worker, "run", lambda _order, _output: Outcome(ended=Ended.FAILED, status=2, message="exit 2"))
    done = rooms(tmp_path, store, worker).do(work(), silent)
    assert (done.stored, done.status, done.message) == (None, 2, "exit 2")
