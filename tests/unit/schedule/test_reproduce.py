"""What a package needs, what is compared, and the whole report as a golden file; rooms are played by a double."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, TaskError
from build_env.model.room import RoomOutcome
from build_env.model.task import Stage
from build_env.model.work import Work
from build_env.schedule.reproduce import compare_directories, needs_of, rehearse
from build_env.ui.reproduce import reproduction_lines
from tests.support.golden import check_golden
from tests.support.runs import make_task
from tests.support.samples import plan_of, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.room import Variation
    from build_env.schedule.reproduce import Rehearsal

BUILD = make_task(Stage.BUILD, "greet", "amd64")


@dataclass
class Rooms:
    """Rooms that only differ in what they were told."""

    status: int = 0
    locales: tuple[str, ...] = ("C", "C.utf8", "POSIX")
    seen: list[Variation] = field(default_factory=list)

    def rehearse(
        self, work: Work, variation: Variation, collect: Path, write: Callable[[str], None], argv: tuple[str, ...] = ()
    ) -> RoomOutcome:
        assert work.task == BUILD
        if argv:
            user = ":".join(map(str, variation.user or (1000, 1000)))
            facts = (variation.host_name or "build-env", user, f"{variation.umask:04o}", "1")
            write("the build dependencies are installed")
            for line in (*facts, variation.environment.get("LC_ALL", "C.UTF-8"), "abc", *self.locales):
                write(f"build-env-room: {line}")
            return RoomOutcome(status=0)
        self.seen.append(variation)
        write("at work")
        (collect / "greet_1.dsc").write_text("the same")
        (collect / "greet_1.changes").write_text(variation.host_name)
        (collect / "greet_1.deb").write_text(f"built on {variation.host_name or 'build-env'} \x1b[31m")
        if not variation.host_name:
            (collect / "greet-extra_1.deb").touch()
            return RoomOutcome(status=0)
        return RoomOutcome(status=self.status, message=f"exit status {self.status}")


def rehearsed(rooms: Rooms, directory: Path, logs: dict[str, list[str]] | None = None) -> Rehearsal:
    work = Work(task=BUILD, key="", inputs=())
    kept = {} if logs is None else logs
    return rehearse(rooms, work, directory, (1000, 1000), [2, 3], lambda room: kept.setdefault(room, []).append)


def test_golden_report(tmp_path: Path, *, update_golden: bool) -> None:
    found = rehearsed(Rooms(), tmp_path)
    assert not found.same
    text = "".join(f"{line}\n" for line in reproduction_lines("greet", [found, found]))
    check_golden("reproduce/different.txt", text, update=update_golden)


def test_a_good_end(tmp_path: Path) -> None:
    found = rehearsed(Rooms(), tmp_path)
    good = replace(found, artifacts=tuple(item for item in found.artifacts if item.verdict in {"same", "expected"}))
    assert reproduction_lines("greet", [good])[-1] == (
        "done    greet is reproducible: 1 artifact came out the same; only what tells of the build differs"
    )


@pytest.mark.parametrize(
    ("locales", "chosen"), [(("C", "POSIX"), "C"), (("C.utf8", "de_DE", "sv_SE.utf8", "en_US.utf8"), "en_US.utf8")]
)
def test_a_locale_is_taken_that_the_image_has(tmp_path: Path, locales: tuple[str, ...], chosen: str) -> None:
    rooms = Rooms(locales=locales)
    rehearsed(rooms, tmp_path)
    usual, other = rooms.seen
    assert not usual.environment
    assert dict(other.environment) == {"LANG": chosen, "LC_ALL": chosen}
    assert other.processors == "2"
    assert other.user != (1000, 1000)


def test_a_room_that_cannot_be_asked(tmp_path: Path) -> None:
    class Silent(Rooms):
        def rehearse(self, *_: object, **__: object) -> RoomOutcome:
            return RoomOutcome(status=127, message="exit status 127")

    with pytest.raises(EnvironmentNotReady, match="cannot say what it is: exit status 127"):
        rehearsed(Silent(), tmp_path)


def test_what_is_made_for_a_room_goes_to_its_log(tmp_path: Path) -> None:
    logs: dict[str, list[str]] = {}
    rehearsed(Rooms(), tmp_path, logs)
    assert logs["first"][0] == "the build dependencies are installed"
    assert logs["second"] == ["at work"]


@pytest.mark.parametrize(("status", "error"), [(2, TaskError), (75, EnvironmentNotReady)])
def test_a_failure_names_the_room(tmp_path: Path, status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"failed in the second room: exit status {status}"):
        rehearsed(Rooms(status=status), tmp_path)


def test_only_what_is_needed_is_done_before() -> None:
    tasks = (task("image"), task("library", "image"), task("source", "image"))
    build = task("build", "source", "library")
    other = task("other", "library")
    plan = plan_of(*tasks, build, task("deploy", "build", after=("other",)), other)
    needed = needs_of(plan, [tasks[2], build])
    assert [item.subject for item in needed] == ["image", "library", "source"]
    assert [item.subject for item in needs_of(plan, [build])] == ["image", "library", "source"]
    assert [item.subject for item in needs_of(plan, [tasks[0]])] == []


def test_directories_with_other_files(tmp_path: Path) -> None:
    for name in ("first/sub/a", "second/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found = compare_directories(tmp_path / "first", tmp_path / "second")
    assert [(item.name, item.verdict, bool(item.first)) for item in found] == [
        ("b", "missing", False),
        ("sub/a", "missing", True),
    ]
