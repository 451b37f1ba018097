"""Owns the second look at a task: its commands are run in two rooms that differ, and what comes out is compared.

Nothing is recorded. What the rooms really differ in is asked inside them, because a machine may have one processor
only, and an image one locale only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from build_env.core.canonical import digest_file
from build_env.core.errors import EnvironmentNotReady, TaskError
from build_env.core.trees import plain_files
from build_env.formats.compare import Difference, difference_of_files, expected_to_differ
from build_env.model.room import Variation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from build_env.model.identity import TaskName
    from build_env.model.room import RoomOutcome
    from build_env.model.task import Plan, Task
    from build_env.model.work import Work

__all__ = [
    "DIFFERENT",
    "EXPECTED",
    "ONE_ONLY",
    "SAME",
    "Compared",
    "Fact",
    "Rehearsal",
    "Rehearser",
    "compare_directories",
    "needs_of",
    "rehearse",
]

SAME = "same"
DIFFERENT = "different"
EXPECTED = "expected"
ONE_ONLY = "missing"
_HOST_NAME = "elsewhere"
_USERS = ((65534, 65534), (1000, 1000))  # nobody is known by name in every image, which rpmbuild insists on
_PLAIN_LOCALES = frozenset({"C", "POSIX", "C.utf8", "C.UTF-8"})
_FACTS = ("host name", "user", "umask", "processors", "locale", "file order")
_SAYS = "build-env-room: "  # what the room says of itself; other lines come from what is made for it
_ASK = (
    f"say() {{ printf '{_SAYS}%s\\n' \"$1\"; }}; "
    'say "$(uname -n)"; say "$(id -u):$(id -g)"; say "$(umask)"; say "$(nproc)"; say "${LC_ALL:-none}"; '
    'mkdir "$BUILD_WORK/order"; cd "$BUILD_WORK/order"; touch a b c d e f; say "$(ls -U | tr -d \'\\n\')"; '
    'locale -a 2>/dev/null | while read -r name; do say "$name"; done'
)


class Rehearser(Protocol):
    """Does a task without keeping anything: the work in rooms can."""

    def rehearse(
        self, work: Work, variation: Variation, collect: Path, write: Callable[[str], None], argv: tuple[str, ...] = ()
    ) -> RoomOutcome:
        """Do the commands of `work`, or `argv`, in a room that differs by `variation`."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something the two rooms say of themselves."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One artifact of the two rooms: `verdict` is same, different, expected or missing; digests are empty for none."""

    name: str
    verdict: str
    first: str = ""
    second: str = ""
    difference: Difference | None = None


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A task that was done twice."""

    task: TaskName
    label: str
    facts: tuple[Fact, ...]
    artifacts: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs that should not."""
        return all(item.verdict in {SAME, EXPECTED} for item in self.artifacts)


def needs_of(plan: Plan, tasks: Iterable[Task]) -> Plan:
    """The part of the plan that `tasks` need, directly or not; one of them belongs to it only if another needs it."""
    tasks_by_name = {task.name: task for task in plan}
    pending = [entry.task for task in tasks for entry in task.inputs]
    needed: set[TaskName] = set()
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += (entry.task for entry in tasks_by_name[name].inputs)
    kept = (replace(task, after=tuple(other for other in task.after if other in needed)) for task in plan)
    return replace(plan, tasks=tuple(task for task in kept if task.name in needed))


def rehearse(
    executor: Rehearser,
    work: Work,
    directory: Path,
    builder: tuple[int, int],
    processors: Sequence[int],
    log: Callable[[str], Callable[[str], None]],
) -> Rehearsal:
    """Do `work` in two rooms; their results are left in `directory`, below `first` and `second`.

    `builder` is the usual user, `processors` are those that this process may use, `log` makes the log of one room.
    """
    task = work.task
    usual = Variation()
    write = log("first")
    said, locales = _ask(executor, work, usual, directory, write)
    other = Variation(
        host_name=_HOST_NAME,
        user=next(user for user in _USERS if user != builder),
        umask=0o002,
        processors=str(min(processors)),
        environment=dict.fromkeys(("LANG", "LC_ALL"), _other_locale(locales)),
        reversed_order=True,
    )
    said_there, _ = _ask(executor, work, other, directory, write)
    name = f"{task.stage}.{task.arch}".rstrip(".")
    for room, variation in (("first", usual), ("second", other)):
        write = write if variation is usual else log(room)
        outcome = executor.rehearse(work, variation, _new(directory / room / name), write)
        if outcome.status:
            raise _failure(task, room, outcome)
    return Rehearsal(
        task=task.name,
        label=f"{task.stage} {task.label}",
        facts=tuple(
            Fact(name=what, first=one, second=two) for what, one, two in zip(_FACTS, said, said_there, strict=True)
        ),
        artifacts=compare_directories(directory / "first" / name, directory / "second" / name),
    )


def compare_directories(first: Path, second: Path) -> tuple[Compared, ...]:
    """Every file of either, by name."""
    sides = [plain_files(side) for side in (first, second)]
    return tuple(_compared(name, sides[0].get(name), sides[1].get(name)) for name in sorted({*sides[0], *sides[1]}))


def _compared(name: str, first: Path | None, second: Path | None) -> Compared:
    digests = [digest_file(path) if path else "" for path in (first, second)]
    result = Compared(name=name, verdict=SAME, first=digests[0], second=digests[1])
    if digests[0] == digests[1]:
        return result
    if expected_to_differ(name):
        return replace(result, verdict=EXPECTED)
    if first is None or second is None:
        return replace(result, verdict=ONE_ONLY)
    difference = difference_of_files(first, second)
    return replace(result, verdict=DIFFERENT if difference else SAME, difference=difference)


def _ask(
    executor: Rehearser, work: Work, variation: Variation, directory: Path, write: Callable[[str], None]
) -> tuple[list[str], list[str]]:
    """What a room says of itself, and the locales it has."""
    answers: list[str] = []

    def heard(line: str) -> None:
        if line.startswith(_SAYS):
            answers.append(line.removeprefix(_SAYS))
        else:
            write(line)

    outcome = executor.rehearse(work, variation, _new(directory / "asked"), heard, ("/bin/sh", "-c", _ASK))
    if len(answers) < len(_FACTS):
        name = f"{work.task.stage} {work.task.label}"
        raise EnvironmentNotReady(
            f"the room of {name} cannot say what it is: {outcome.message or 'it is silent'}",
            hint="its image needs a shell and the programs of coreutils",
        )
    return answers[: len(_FACTS)], answers[len(_FACTS) :]


def _other_locale(names: Iterable[str]) -> str:
    """One that sorts and writes as people somewhere do; without any, the one that knows ASCII only."""
    others = sorted(set(names) - _PLAIN_LOCALES, key=lambda name: ("utf" not in name.lower(), name))
    return others[0] if others else "C"


def _new(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _failure(task: Task, room: str, outcome: RoomOutcome) -> TaskError | EnvironmentNotReady:
    text = f"the {task.stage} stage of {task.subject} failed in the {room} room: {outcome.message}"
    if outcome.status == os.EX_TEMPFAIL:
        return EnvironmentNotReady(text, hint="it could not get what it needs; run the same command again")
    if room == "first":
        return TaskError(text, hint="build it with build-all first")
    return TaskError(text, hint="it depends on what differs there: host name, user, umask, processors, locale")
