"""Runs that never were: the events of a small and of a large one, on a clock made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.events import Note, PlanReady, RunFinished, TaskFinished, TaskStarted
from build_env.model.identity import TaskName
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.model.task import Input, Place, Plan, Stage, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from build_env.model.events import Event

__all__ = ["HOSTILE", "Script", "large_run", "make_task", "sample_run"]

TARGET = "debian/12"
HOSTILE = "</pre><script>document.title='broken in'</script>\x1b[31m<b>red\x00\x07]]>&amp; \udcff\u202e"


COVERED = {"src/greet": "12" * 32, f"flag {HOSTILE}": "34" * 32}


@dataclass
class Script:
    """Events with the time at which each happens; `play` gives them to a listener."""

    events: list[tuple[float, Event]] = field(default_factory=list)
    now: float = 100.0

    def clock(self) -> float:
        """The time of the event that is being played."""
        return self.now

    def play(self, listener: Callable[[Event], None]) -> None:
        """Feed every event at its time."""
        for at, event in self.events:
            self.now = at
            listener(event)


def make_task(stage: Stage, subject: str, arch: str = "", *, needs: Iterable[Task] = (), target: str = TARGET) -> Task:
    """A task that needs the artifacts of others."""
    return Task(
        name=TaskName(target, "" if stage is Stage.TAR else subject, stage, arch),
        title=subject if stage is Stage.TAR else "",
        inputs=tuple(Input(task=other.name, place=Place.BUILD) for other in needs),
    )


def stored(*artifacts: Artifact, seconds: float = 0.0) -> StoredResult:
    """A result with these artifacts."""
    return StoredResult(key="0" * 64, artifacts=artifacts, isolation=Isolation.FRESH, seconds=seconds)


def sample_run(root: Path) -> Script:
    """Two packages on two architectures: a hit, a failure with hostile output, what it kept from running, a note."""
    image = make_task(Stage.IMAGE, f"{TARGET} build")
    library = make_task(Stage.SOURCE, "libgreet")
    source = make_task(Stage.SOURCE, "greet")
    lib_builds = [make_task(Stage.BUILD, "libgreet", arch, needs=[image, library]) for arch in ("amd64", "arm64")]
    builds = [make_task(Stage.BUILD, "greet", lib.arch, needs=[image, source, lib]) for lib in lib_builds]
    verify = make_task(Stage.VERIFY, "greet", "amd64", needs=[builds[0]])
    deploys = [make_task(Stage.DEPLOY, "greet", build.arch, needs=[build]) for build in builds]
    plan = Plan(
        targets={TARGET: ("amd64", "arm64")},
        tasks=(image, library, source, *lib_builds, *builds, verify, *deploys),
    )
    answers = {task.name: "run (new)" for task in plan} | {library.name: "hit"}
    package = Artifact(name="greet_1.2-1_amd64.deb", digest="ab" * 32, size=34_567_890)
    small = Artifact(name="greet_1.2-1_amd64.buildinfo", digest="cd" * 32, size=812)
    log = "build/logs/debian-12/greet.arm64.build.log"
    write(root / log, f"checking for gcc... yes\n10%\r100%\n{HOSTILE}\ngreet.c:12:10: fatal error: libgreet.h\n")
    done_log = "build/logs/debian-12/greet.amd64.build.log"
    write(root / done_log, "".join(f"line {number} of the build\n" for number in range(1, 201)))
    ends = [
        (image, 100.5, 112.0, done(stored())),
        (library, None, 112.0, TaskResult(status=Status.HIT, stored=stored(seconds=1.1))),
        (source, 112.0, 113.5, done(stored())),
        (lib_builds[0], 112.0, 121.0, done(stored())),
        (lib_builds[1], 113.5, 125.0, done(stored())),
        (builds[0], 121.0, 128.0, done(stored(package, small), log=done_log)),
        (builds[1], 125.0, 128.4, failure(log)),
        (deploys[1], None, 128.4, TaskResult(status=Status.NOT_RUN, because=builds[1].name)),
        (verify, 128.0, 129.0, environment_failure()),
        (deploys[0], 128.4, 130.0, TaskResult(status=Status.INTERRUPTED)),
    ]
    return script(plan, answers, ends)


def script(
    plan: Plan, answers: dict[TaskName, str], ends: list[tuple[Task, float | None, float, TaskResult]]
) -> Script:
    """The events of tasks that (began, ended) with these results."""
    events: list[tuple[float, Event]] = [
        (100.0, Note(text="removed 1 room that a killed run left behind")),
        (100.2, PlanReady(plan=plan, answers=answers)),
    ]
    for task, began, ended, result in ends:
        if began is not None:
            events.append((began, TaskStarted(task=task, covered=COVERED)))
        tail = ("checking for gcc... yes", HOSTILE) if result.status is Status.FAILED else ()
        events.append((ended, TaskFinished(task=task, result=result, tail=tail)))
    events.sort(key=lambda item: item[0])
    last = max((ended for _, _, ended, _ in ends), default=100.2)
    summary = RunSummary(
        tasks=plan.tasks,
        results={task.name: result for task, _, _, result in ends},
        seconds=last - 100.0,
        longest_chain=28.0,
        deployed=("build/deploy/deb/bookworm/main/binary-amd64/greet_1.2-1_amd64.deb",),
        notes=("serve it: build-env repo serve debian/12",),
    )
    events.append((last + 0.1, RunFinished(summary=summary)))
    return Script(events=events)


def done(result: StoredResult, log: str = "") -> TaskResult:
    return TaskResult(status=Status.DONE, stored=result, log=log)


def failure(log: str) -> TaskResult:
    return TaskResult(status=Status.FAILED, message=f"exit status 2 {HOSTILE}", log=log, isolation=Isolation.FRESH)


def environment_failure() -> TaskResult:
    message = "verify needs dpkg-deb, which this machine has not"
    return TaskResult(status=Status.FAILED, message=message, hint="install dpkg", environment=True)


def large_run(root: Path, packages: int = 125, log_lines: int = 400) -> Script:
    """Eight tasks for each package, each with a log, on four slots."""
    plan_tasks: list[Task] = []
    ends: list[tuple[Task, float | None, float, TaskResult]] = []
    previous: list[Task] = []
    for number in range(packages):
        name = f"package-{number:04}"
        made = package_tasks(name, previous[-1:] if number % 5 else [])
        previous.append(made[1])
        plan_tasks += made
    free = [100.5] * 4
    for number, task in enumerate(plan_tasks):
        slot = min(range(4), key=free.__getitem__)
        began, took = free[slot], 0.5 + (number * 7 % 23)
        free[slot] = began + took
        log = f"build/logs/{str(task.name).replace('/', '-')}.log"
        write(root / log, "".join(f'{task.name}: <line> {line} & "more"\n' for line in range(log_lines)))
        result = failure(log) if number % 97 == 96 else done(artifacts_of(task), log)
        ends.append((task, began, free[slot], result))
    plan = Plan(targets={TARGET: ("amd64", "arm64")}, tasks=tuple(plan_tasks))
    return script(plan, {task.name: "run (new)" for task in plan}, ends)


def package_tasks(name: str, needs: list[Task]) -> list[Task]:
    source = make_task(Stage.SOURCE, name)
    tasks = [source]
    for arch in ("amd64", "arm64"):
        build = make_task(Stage.BUILD, name, arch, needs=[source, *needs])
        verify = make_task(Stage.VERIFY, name, arch, needs=[build])
        tasks += [build, verify, make_task(Stage.DEPLOY, name, arch, needs=[build, verify])]
    return [*tasks, make_task(Stage.DEPLOY, name, "all", needs=[source])]


def artifacts_of(task: Task) -> StoredResult:
    names = [f"{task.subject}{suffix}_1.2-1_{task.arch}.deb" for suffix in ("", "-dev", "-doc")]
    return stored(*(Artifact(name=name, digest="ef" * 32, size=1_234_567) for name in names))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
