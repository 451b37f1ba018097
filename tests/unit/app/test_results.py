"""What a directory that the user names gets of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from build_env.app.results import hand_over
from build_env.model.action import DeployAction, RoomAction
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.command import Deployment
from build_env.model.identity import TaskName
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.model.task import Input, Place, Stage, Task
from tests.support.samples import room

if TYPE_CHECKING:
    from build_env.ports import Store


def run_of(*targets: str, failed: str = "") -> RunSummary:
    """A run that built and deployed `one` for each target; the deployment for `failed` went wrong."""
    tasks, results = [], {}
    for target in targets:
        build = TaskName(target=target, subject="one", stage=Stage.BUILD, architecture="amd64")
        deploy = build._replace(stage=Stage.DEPLOY)
        action = DeployAction(deployment=Deployment(format="deb", suite="x"))
        tasks.append(Task(name=deploy, action=action, inputs=(Input(task=build, place=Place.DEPLOY),)))
        files = ("one_1_amd64.deb", "one_1_amd64.changes", "one_1_amd64.log")
        artifacts = tuple(Artifact(name=name, digest=f"{target} {name}", size=1) for name in files)
        stored = StoredResult(task=build, key=target, artifacts=artifacts, isolation=Isolation.FRESH, seconds=1)
        results[build] = TaskResult(status=Status.DONE, stored=stored)
        results[deploy] = TaskResult(status=Status.FAILED if target == failed else Status.DONE)
    return RunSummary(tasks=tuple(tasks), results=results, seconds=0, longest_chain=0)


def store_in(directory: Path) -> Store:
    """A store whose objects hold their digest."""

    def path(artifact: Artifact) -> Path:
        file = directory / artifact.digest.replace("/", "_")
        file.write_text(artifact.digest, encoding="utf-8")
        return file

    return cast("Store", SimpleNamespace(path=path))


def test_each_target_has_a_directory_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "her").mkdir()
    (tmp_path / "her/mine.txt").write_text("mine", encoding="utf-8")
    store = store_in(tmp_path)
    names = hand_over(run_of("debian/12", "debian/13", "debian/11", failed="debian/11"), store, tmp_path / "her")
    files = [f"debian-{release}/one_1_amd64.{what}" for release in (12, 13) for what in ("changes", "deb")]
    assert names == tuple(f"{tmp_path}/her/{file}" for file in files)
    assert Path(names[-1]).read_text(encoding="utf-8") == "debian/13 one_1_amd64.deb"
    found = sorted(str(path.relative_to(tmp_path / "her")) for path in (tmp_path / "her").rglob("*") if path.is_file())
    assert found == [*files, "mine.txt"]


def test_what_is_the_same_is_not_written_again_and_what_differs_is(tmp_path: Path) -> None:
    store, summary = store_in(tmp_path), run_of("debian/12")
    _, file = map(Path, hand_over(summary, store, tmp_path / "her"))
    before = file.stat().st_ino
    hand_over(summary, store, tmp_path / "her")
    assert file.stat().st_ino == before
    file.write_text("other", encoding="utf-8")
    hand_over(summary, store, tmp_path / "her")
    assert file.read_text(encoding="utf-8") == "debian/12 one_1_amd64.deb"


def test_of_a_plan_that_deploys_nothing_all_that_was_made_is_handed_over(tmp_path: Path) -> None:
    """As with `--source --build`: whoever names a directory wants to have something in it."""
    summary = run_of("debian/12")
    build = next(name for name in summary.results if name.stage is Stage.BUILD)
    made = replace(summary, tasks=(Task(name=build, action=RoomAction(room=room())),))
    names = hand_over(made, store_in(tmp_path), tmp_path / "her")
    assert [Path(name).name for name in names] == ["one_1_amd64.changes", "one_1_amd64.deb"]
