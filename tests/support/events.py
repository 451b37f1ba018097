"""Runs told as events, without running anything: what the listeners' tests and golden files are made from."""

from __future__ import annotations

from dataclasses import replace

from build_env.model.action import Room, RoomAction
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.command import Command, ImageKind
from build_env.model.estimate import Estimate
from build_env.model.events import (
    Event,
    Note,
    PlanReady,
    RunFinished,
    TaskFinished,
    TaskOutput,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from build_env.model.identity import TaskName
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.model.task import NOTHING, Input, Place, Plan, Stage, Task

__all__ = ["BUILD", "DONE", "FAILED", "RUNS", "SOURCE", "TASKS", "plan_of", "run_of", "task"]

TARGET = "debian/12"


def task(stage: Stage, subject: str, arch: str = "", *needs: Task) -> Task:
    """A task that needs those."""
    room = Room(
        commands=(Command(kind=ImageKind.BUILD, argv=("common/deb/build.sh", f"--{stage.value}")),),
        environment={},
        trees=(),
    )
    return Task(
        name=TaskName(TARGET, subject, stage, arch),
        inputs=tuple(Input(task=other.name, place=Place.BUILD) for other in needs),
        action=NOTHING if stage in {Stage.IMAGE, Stage.DEPLOY} else RoomAction(room=room),
    )


IMAGE = task(Stage.IMAGE, f"{TARGET} build")
SOURCE = task(Stage.SOURCE, "greet", "", IMAGE)
BUILD = task(Stage.BUILD, "greet", "amd64", SOURCE)
VERIFY = task(Stage.VERIFY, "greet", "amd64", BUILD)
DEPLOY = task(Stage.DEPLOY, "greet", "amd64", BUILD)
OTHER = task(Stage.BUILD, "hello", "amd64", IMAGE)
OTHER_VERIFY = task(Stage.VERIFY, "hello", "amd64", OTHER)
TASKS = (IMAGE, SOURCE, BUILD, VERIFY, DEPLOY, OTHER)

ARTIFACT = Artifact(name="greet_1.2-1_amd64.deb", digest="ab" * 32, size=4096)
STORED = StoredResult(key="k", artifacts=(ARTIFACT,), isolation=Isolation.FRESH, seconds=3.4)
DONE = TaskResult(status=Status.DONE, seconds=3.4, log="build/logs/debian-12/some.log", stored=STORED)
HIT = TaskResult(status=Status.HIT, stored=STORED)
FAILED = TaskResult(
    status=Status.FAILED,
    seconds=3.4,
    message="exit status 2",
    log="build/logs/debian-12/greet.amd64.build.log",
    isolation=Isolation.FRESH,
)
TAIL = (
    "cc -c greet.c",
    "\x1b[1mgreet.c:12:10: \x1b[31mfatal error:\x1b[0m libgreet.h: No such file or directory",
    "\tcompilation terminated.",
    "",
)
NOT_RUN = TaskResult(status=Status.NOT_RUN, because=BUILD.name)
INTERRUPTED = TaskResult(status=Status.INTERRUPTED)
NO_IMAGE = TaskResult(
    status=Status.FAILED,
    seconds=0.2,
    message="no base image debian:12 for amd64 can be had",
    hint="build-env base make debian:12",
    log="build/logs/debian-12/debian-12-build.image.log",
    environment=True,
)
DEPLOYED = ("build/deploy/deb/bookworm/main/binary-amd64/greet_1.2-1_amd64.deb",)
NEXT = (
    "install from it on debian/12: put this line into /etc/apt/sources.list.d/build-env.list",
    "deb [signed-by=/r/archive-key.asc] file:///r bookworm main",
)


def plan_of(tasks: tuple[Task, ...] = TASKS) -> Plan:
    """A plan of these tasks."""
    return Plan(targets={TARGET: ("amd64",)}, tasks=tasks)


def run_of(*results: tuple[Task, TaskResult], seconds: float = 67.2, notes: tuple[str, ...] = ()) -> list[Event]:
    """The events of a run in which these tasks end so, in this order."""
    answers = {item.name: "hit" if result.status is Status.HIT else "run (no result)" for item, result in results}
    events: list[Event] = [PlanReady(plan=plan_of(tuple(item for item, _ in results)), answers=answers)]
    for item, result in results:
        if result.status in {Status.DONE, Status.FAILED}:
            events.append(TaskStarted(task=item))
            events += [TaskOutput(task=item, line=line) for line in _printed(result)]
        events.append(TaskFinished(task=item, result=result, tail=_printed(result)))
    deployed = any(item is DEPLOY and result is DONE for item, result in results)
    summary = RunSummary(
        tasks=tuple(item for item, _ in results),
        results={item.name: result for item, result in results},
        seconds=seconds,
        longest_chain=seconds * 0.8,
        deployed=DEPLOYED if deployed else (),
        notes=notes,
    )
    return [*events, RunFinished(summary=summary)]


def tried_again() -> list[Event]:
    """A run with estimates in which the engine fails once and another run helps."""
    first, *rest = run_of((IMAGE, HIT), (SOURCE, DONE), (BUILD, DONE), (OTHER, HIT))
    assert isinstance(first, PlanReady)
    estimates = {
        SOURCE.name: Estimate(seconds=30.0),
        BUILD.name: Estimate(seconds=130.0, memory=1024**2, recorded=True),
        OTHER.name: Estimate(seconds=100.0, recorded=True),
    }
    answers = {**first.answers, OTHER.name: "run (no result)"}
    return [
        replace(first, answers=answers, estimates=estimates, slots=2),
        TaskWaiting(task=OTHER, text="another run does it now"),
        TaskStarted(task=SOURCE),
        TaskRetried(task=SOURCE, attempt=2, message="the engine was lost", delay=1.0),
        *rest,
    ]


def _printed(result: TaskResult) -> tuple[str, ...]:
    return TAIL if result.isolation is not None else ()


RUNS: dict[str, list[Event]] = {
    "success": [
        Note(text="removed 1 room that a killed run left behind"),
        *run_of(
            (IMAGE, HIT), (SOURCE, DONE), (BUILD, replace(DONE, seconds=61)), (VERIFY, DONE), (DEPLOY, DONE), notes=NEXT
        ),
    ],
    "nothing-to-do": run_of((IMAGE, HIT), (SOURCE, HIT), (BUILD, HIT), (VERIFY, HIT), (DEPLOY, HIT), seconds=0.14),
    "failure": run_of((IMAGE, HIT), (SOURCE, DONE), (BUILD, FAILED), (VERIFY, NOT_RUN), (DEPLOY, NOT_RUN), seconds=4.6),
    "failure-in-a-kept-room": run_of(
        (IMAGE, HIT), (SOURCE, DONE), (BUILD, replace(FAILED, isolation=Isolation.REUSED)), seconds=4.6
    ),
    "failure-of-a-native-room": run_of(
        (replace(SOURCE, inputs=()), DONE), (BUILD, replace(FAILED, isolation=Isolation.NATIVE)), seconds=4
    ),
    "keep-going": run_of(
        (IMAGE, HIT),
        (SOURCE, DONE),
        (BUILD, FAILED),
        (VERIFY, NOT_RUN),
        (DEPLOY, NOT_RUN),
        (OTHER, replace(FAILED, message="exit status 1", log="build/logs/debian-12/hello.amd64.build.log")),
        (OTHER_VERIFY, replace(NOT_RUN, because=OTHER.name)),
        seconds=7300,
    ),
    "interrupted": run_of((IMAGE, DONE), (SOURCE, INTERRUPTED), (BUILD, INTERRUPTED), seconds=2),
    "tried-again": tried_again(),
    "environment": run_of((IMAGE, NO_IMAGE), (SOURCE, replace(NOT_RUN, because=IMAGE.name)), seconds=0.3),
}
