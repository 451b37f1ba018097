"""A remembered plan answers exactly as planning anew would, whatever is changed below it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.support.tree import ARCHITECTURES, STAGES, TARGET, generate, name_of
from build_env.app import ahead
from build_env.app.ahead import foresee_build
from build_env.app.build import run_request
from build_env.app.known import Known, known_of
from build_env.app.options import BuildOptions
from build_env.app.planning import Planner
from build_env.app.project import open_project
from build_env.app.quick import up_to_date
from build_env.app.session import open_session
from build_env.core.errors import EnvironmentNotReady
from build_env.model.action import RoomAction
from build_env.model.identity import TaskName
from build_env.model.result import Status
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.schedule.foresee import HIT, RUN, in_words
from build_env.store import digests, watch
from build_env.store.blob import load_blob, save_blob

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.events import Event
    from build_env.model.task import Task

REQUEST = Request(stages=frozenset({Stage.BUILD, Stage.VERIFY}))
OPTIONS = BuildOptions(target=TARGET, architectures=ARCHITECTURES, native=True)
PACKAGES = 4
_FILE = f"src/{name_of(1)}/file-3.c"
_CONFIGURATION = f"targets/{TARGET}/packages.conf.py"


def silent(event: Event) -> None:
    pass


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project after a run, with a memory that trusts files of any age."""
    for module in (digests, watch):
        monkeypatch.setattr(module, "SLACK", 0)
    root = tmp_path / "project"
    generate(root, PACKAGES)
    (root / _CONFIGURATION).write_text(
        "from common.shared import *\n" + (root / _CONFIGURATION).read_text(encoding="utf-8"), encoding="utf-8"
    )
    command = '"sh", "-c", "echo $BUILD_STAGE $ARCH > $BUILD_OUT/$BUILD_PACKAGE.deb", "true"'
    rewrite(root / _CONFIGURATION, '"true"', command)
    definition = root / f"src/{name_of(3)}/definition.yaml"
    (root / "shared.yaml").write_text(definition.read_text(encoding="utf-8"), encoding="utf-8")
    definition.write_text("otk.include: ../../shared.yaml\n", encoding="utf-8")
    (root / "common").mkdir()
    (root / "common" / "shared.py").write_text("FLAG = 1\n", encoding="utf-8")
    (root / _FILE).with_name("link").symlink_to("file-0.c")
    assert run(root) == PACKAGES * 4
    assert quick(root), "the first run did not leave a memory that answers"
    return root


def run(root: Path) -> int:
    """The number of tasks that a run really does."""
    with open_session(open_project(root), OPTIONS, writes=True) as session:
        return run_request(session, REQUEST, silent).count(Status.DONE)


def quick(root: Path, options: BuildOptions = OPTIONS) -> bool:
    return up_to_date(open_project(root), options, REQUEST, silent)


def answers(root: Path) -> dict[TaskName, str]:
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        return in_words(foresee_build(session, REQUEST)[1])


def planned_anew(root: Path) -> dict[TaskName, str]:
    """What is answered without any memory."""
    shutil.rmtree(root / "build" / "remembered")
    return answers(root)


def rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def same_size_and_time(root: Path) -> None:
    before = (root / _FILE).stat()
    rewrite(root / _FILE, "int", "INT")
    os.utime(root / _FILE, ns=(before.st_atime_ns, before.st_mtime_ns))


def relink(root: Path) -> None:
    link = (root / _FILE).with_name("link")
    link.unlink()
    link.symlink_to("file-1.c")


def drop_package(root: Path) -> None:
    name = name_of(PACKAGES - 1)
    shutil.rmtree(root / "src" / name)
    rewrite(root / _CONFIGURATION, f", '{name}'", "")


def an_object(root: Path) -> Path:
    """A file that a result names; the manifests of trees, which only `why` reads, are lists."""
    files = (path for path in (root / "build" / "store" / "objects").rglob("*") if path.is_file())
    return next(path for path in files if not path.read_bytes().startswith(b"["))


def damage(root: Path) -> None:
    path = an_object(root)
    path.chmod(0o644)
    path.write_text("less", encoding="utf-8")


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: rewrite(root / _FILE, "int", "long"),
    "content under the old size and time": same_size_and_time,
    "mode": lambda root: (root / _FILE).chmod(0o755),
    "link target": relink,
    "deleted file": lambda root: (root / _FILE).unlink(),
    "new file": lambda root: (root / _FILE).with_name("new.c").touch(),
    "new directory": lambda root: (root / _FILE).with_name("new").mkdir(),
    "flag in a hook": lambda root: rewrite(root / _CONFIGURATION, '"true"', '"true", "-flag"'),
    "setting": lambda root: (root / "build-env.toml").write_text("build_jobs = 7\n", encoding="utf-8"),
    "lost object": lambda root: an_object(root).unlink(),
    "damaged object": damage,
    "lost database": lambda root: (root / "build" / "store.db").unlink(),
}
REPLANS: dict[str, Callable[[Path], object]] = {
    "edge": lambda root: rewrite(root / f"src/{name_of(2)}/definition.yaml", name_of(1), name_of(0)),
    "edge in an included file": lambda root: rewrite(root / "shared.yaml", name_of(2), name_of(0)),
    "name": lambda root: rewrite(root / f"src/{name_of(1)}/definition.yaml", "requires", "provides: [x]\nrequires"),
    "hook module": lambda root: rewrite(root / "common" / "shared.py", "1", "2"),
    "removed package": drop_package,
    "packaging": lambda root: (root / "src" / name_of(1) / "rpm").mkdir(),
}
SAME: dict[str, Callable[[Path], object]] = {
    "touched file": lambda root: (root / _FILE).touch(),
    "touched target": lambda root: os.utime(root / _CONFIGURATION, (1, 1)),
    "touched include": lambda root: (root / "shared.yaml").touch(),
    "touched directory": lambda root: os.utime(root / "src" / name_of(2), (1, 1)),
    "bytecode": lambda root: (root / "src" / name_of(2) / "__pycache__").mkdir(),
    "written again": lambda root: (root / _FILE).write_bytes((root / _FILE).read_bytes()),
    "unseen mode": lambda root: (root / _FILE).chmod(0o600),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_and_answered_as_without_memory(root: Path, name: str) -> None:
    CHANGES[name](root)
    assert not quick(root)
    remembered = answers(root)
    assert set(remembered.values()) != {"hit"}
    assert remembered == planned_anew(root)


@pytest.mark.parametrize("name", REPLANS)
def test_what_planning_read_makes_it_plan_anew(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    REPLANS[name](root)
    assert not quick(root)
    assert answers(root) == planned_anew(root)


@pytest.mark.parametrize("name", SAME)
def test_what_changes_no_answer_is_looked_at_once(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    SAME[name](root)
    monkeypatch.setattr(Planner, "plan", None)
    assert quick(root)
    monkeypatch.setattr(digests.FileDigests, "digest", None)
    assert quick(root)


def test_one_changed_file_asks_no_hook_and_builds_what_used_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(root / _FILE, "int", "long")
    monkeypatch.setattr(Planner, "plan", None)
    wanted = {task for task, answer in answers(root).items() if answer != "hit"}
    # Package 1 is needed by 2 and 3.
    names = {name_of(number) for number in (1, 2, 3)}
    assert wanted == {
        TaskName(TARGET, name, stage, arch) for name in names for stage in ("build", "verify") for arch in ARCHITECTURES
    }


def test_one_changed_file_runs_the_tasks_of_its_package_and_no_more(root: Path) -> None:
    """The dependents are planned as maybe, and are up to date once the builds have made the same bytes again."""
    rewrite(root / _FILE, "int", "long")
    assert Counter(answers(root).values())["hit"] == len(STAGES) * len(ARCHITECTURES)
    assert run(root) == len(STAGES) * len(ARCHITECTURES)
    assert quick(root)


def test_a_shared_hook_module_that_changes_makes_the_plan_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(root / "common" / "shared.py", "1", "2")
    assert not quick(root)
    assert set(answers(root).values()) == {"hit"}, "a variable that no command uses rebuilds nothing"
    monkeypatch.setattr(Planner, "plan", None)
    with pytest.raises(TypeError):
        answers(root)


def test_why_never_answers_from_memory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(root / _FILE, "int", "long")
    monkeypatch.setattr(ahead, "recalled", None)
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        found = foresee_build(session, REQUEST, remembered=False)[1]
    reasons = {answer.reason for answer in found.values() if answer.verdict == HIT}
    assert all("inputs are those of its result" in reason for reason in reasons)
    changed = found[TaskName(TARGET, name_of(1), "build", ARCHITECTURES[0])]
    assert changed.verdict == RUN
    assert changed.reason.startswith(f"{_FILE} changed")


def test_what_is_recalled_covers_what_planning_anew_covers(root: Path) -> None:
    """Listeners, reports and the next `why` get the same named inputs, and hits the same results."""
    rewrite(root / _FILE, "int", "long")
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        recalled, _, hits = foresee_build(session, REQUEST)
        anew, _, found = foresee_build(session, REQUEST, remembered=False)
        assert hits == found
        assert all(stored.inputs and stored.task for stored in hits.values())
    assert recalled.plan.tasks == anew.plan.tasks


def test_a_result_that_goes_after_the_plan_was_recalled_is_said(root: Path) -> None:
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        hits = foresee_build(session, REQUEST)[2]
        with closing(sqlite3.connect(root / "build" / "store.db")) as database:
            database.execute("DELETE FROM result")
            database.commit()
        with pytest.raises(EnvironmentNotReady, match="is there no more"):
            hits[next(iter(hits))]


def test_only_what_may_be_to_do_is_made_of_a_plan_that_need_not_be_whole(root: Path) -> None:
    rewrite(root / _FILE, "int", "long")
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        whole, answers, _ = foresee_build(session, REQUEST)
        part, some, _ = foresee_build(session, REQUEST, whole=False)
    assert some == {task: answer for task, answer in answers.items() if answer.verdict != HIT}
    assert part.plan.tasks == tuple(task for task in whole.plan if task.name in some)
    assert (whole.left_out, part.left_out) == (0, len(STAGES) * len(ARCHITECTURES))


def with_a_tree_that_is_not_watched(task: Task) -> Task:
    assert isinstance(task.action, RoomAction)
    room = replace(task.action.room, trees=(replace(task.action.room.trees[0], path="src/other"),))
    return replace(task, action=replace(task.action, room=room))


def test_a_run_that_was_killed_between_the_two_files_of_a_memory_leaves_none(root: Path) -> None:
    file = next((root / "build" / "remembered").glob("*.plan"))
    known = load_blob(file)
    assert isinstance(known, Known)
    tasks = tuple(with_a_tree_that_is_not_watched(task) for task in known.tasks(known.trees))
    planned = replace(known.planned, plan=replace(known.planned.plan, tasks=tasks))
    save_blob(file, known_of(planned, {}, ()))
    rewrite(root / _FILE, "int", "long")
    assert answers(root) == planned_anew(root)


def test_what_a_killed_run_left_goes_also_when_nothing_is_to_do(root: Path) -> None:
    left = root / "build" / "rooms" / "left"
    left.mkdir(parents=True)
    assert quick(root)
    assert not left.exists()


@pytest.mark.parametrize("options", [BuildOptions(target=TARGET, architectures=("amd64",), native=True)])
def test_other_options_have_a_memory_of_their_own(root: Path, options: BuildOptions) -> None:
    assert not quick(root, options)
    assert quick(root)


def test_a_change_within_the_tick_of_the_clock_leaves_no_memory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SLACK", 10**12)
    shutil.rmtree(root / "build" / "remembered")
    run(root)
    assert not quick(root)
