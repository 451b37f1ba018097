"""What is whole, and may be published before the end of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.model.action import DeployAction
from build_env.model.command import Deployment
from build_env.model.identity import TaskName
from build_env.model.result import Status, TaskResult
from build_env.model.task import Input, Place, Stage, Task
from build_env.schedule.publishing import whole_deployments
from tests.support.samples import plan_of

if TYPE_CHECKING:
    from build_env.model.task import Plan

DONE, HIT, FAILED = (TaskResult(status=status) for status in (Status.DONE, Status.HIT, Status.FAILED))


def deploy(subject: str, arch: str, *needs: Task, after: tuple[Task, ...] = ()) -> Task:
    return Task(
        name=TaskName("debian/12", subject, Stage.DEPLOY, arch),
        action=DeployAction(deployment=Deployment(format="deb", suite="bookworm")),
        inputs=tuple(Input(task=other.name, place=Place.DEPLOY) for other in needs),
        after=tuple(other.name for other in after),
    )


BUILD = Task(name=TaskName("debian/12", "greet", Stage.BUILD, "amd64"))
LIB_AMD64, LIB_ARM64 = (deploy("libgreet", arch) for arch in ("amd64", "arm64"))
GREET = deploy("greet", "amd64", BUILD, LIB_AMD64)
TOOLS = deploy("greet-tools", "all")
PLAN: Plan = plan_of(BUILD, LIB_AMD64, LIB_ARM64, GREET, TOOLS)


def whole(plan: Plan, **results: TaskResult) -> set[str]:
    """The subjects that are whole when these tasks have ended so: `greet_amd64=DONE`."""
    named = {
        f"{task.name.subject}_{task.name.architecture}".replace("-", "_"): task.name
        for task in plan.tasks
        if task.deployment
    }
    found = whole_deployments(plan, {named[name]: result for name, result in results.items()})
    return {name.subject for name in found}


def test_a_package_is_whole_with_all_its_architectures() -> None:
    assert whole(PLAN, libgreet_amd64=DONE) == set()
    assert whole(PLAN, libgreet_amd64=DONE, libgreet_arm64=DONE) == {"libgreet"}
    assert whole(PLAN, libgreet_amd64=DONE, libgreet_arm64=HIT, greet_tools_all=DONE) == {"libgreet", "greet-tools"}


def test_a_package_is_whole_only_with_what_it_needs() -> None:
    assert whole(PLAN, greet_amd64=DONE, libgreet_amd64=DONE) == set()
    assert whole(PLAN, greet_amd64=DONE, libgreet_amd64=DONE, libgreet_arm64=DONE) == {"greet", "libgreet"}


@pytest.mark.parametrize("status", [Status.FAILED, Status.NOT_RUN, Status.INTERRUPTED])
def test_what_failed_is_not_whole_nor_what_needs_it(status: Status) -> None:
    assert whole(PLAN, greet_amd64=DONE, libgreet_amd64=DONE, libgreet_arm64=TaskResult(status=status)) == set()


def test_packages_that_need_each_other_are_whole_together() -> None:
    one = deploy("one", "amd64")
    two = deploy("two", "amd64", after=(one,))
    plan = plan_of(replace(one, after=(two.name,)), two)
    assert whole(plan, one_amd64=DONE) == whole(plan, two_amd64=DONE) == set()
    assert whole(plan, one_amd64=DONE, two_amd64=DONE) == {"one", "two"}


def test_a_package_of_another_target_is_another_package() -> None:
    other = replace(LIB_ARM64, name=LIB_ARM64.name._replace(target="debian/13"))
    assert {name.target for name in whole_deployments(plan_of(LIB_AMD64, other), {LIB_AMD64.name: DONE})} == {
        "debian/12"
    }
