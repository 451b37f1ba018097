"""Owns the plain mode: one line per thing that happened, for pipes and CI logs (DESIGN section 4). No colour."""

from __future__ import annotations

from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from build_env.core.later import imported_later
from build_env.core.visible import harmless, printable
from build_env.model.events import (
    Note,
    PlanReady,
    RunFinished,
    TaskFinished,
    TaskOutput,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from build_env.model.result import Status
from build_env.ui.summary import next_step, summary_lines
from build_env.ui.words import RETRY, WAITING, about, basis, count, targets_words, task_line

with imported_later():
    from build_env.schedule import forecast as schedule_forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.model.events import Event
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan
    from build_env.schedule.forecast import Forecast

__all__ = ["PlainListener", "finished_lines", "forecast_of", "plan_headline"]

_IN_MEMORY = 1 << 20  # bytes of the output of one task
_SILENT = frozenset({Status.HIT, Status.NOT_RUN, Status.INTERRUPTED})


@dataclass
class PlainListener:
    """Writes lines.

    `groups` puts each task's output between `::group::` marks, as GitHub's log viewer wants it; `annotations` are the
    lines by which that is told of a failure.
    """

    write: Callable[[str], None]
    groups: bool = False
    annotations: Callable[[TaskFinished], list[str]] = lambda _event: []
    _outputs: dict[TaskName, SpooledTemporaryFile[bytes]] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        match event:
            case TaskOutput(task=task, line=line):
                self._keep(task.name, line)
            case TaskFinished():
                self._finished(event)
            case Note(text=text):
                self._all([f"note    {text}"])
            case PlanReady(plan=plan, answers=answers):
                self._all([] if all_hits(answers) else [plan_headline(plan, answers), *forecast_lines(event)])
            case RunFinished(summary=summary):
                self._all(summary_lines(summary))
            case TaskRetried(task=task, attempt=attempt, message=message, delay=delay):
                self._all([task_line(None, task, None, f"attempt {attempt} in {delay:g}s: {message}", word=RETRY)])
            case TaskWaiting(task=task, text=text):
                self._all([task_line(None, task, None, text, word=WAITING)])
            case TaskStarted():
                pass

    def _all(self, lines: list[str]) -> None:
        for line in lines:
            self.write(harmless(line))

    def _finished(self, event: TaskFinished) -> None:
        self._group(event)
        self._all(finished_lines(event))
        self._command(self.annotations(event))

    def _command(self, lines: list[str]) -> None:
        """Write what a CI system is meant to obey."""
        for line in lines:
            self.write(line)

    def _keep(self, name: TaskName, line: str) -> None:
        """Put the line aside for its group: on the disk, when there are many."""
        if not self.groups:
            return
        if name not in self._outputs:
            self._outputs[name] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when the task ends
        self._outputs[name].write(f"{line}\n".encode("utf-8", "backslashreplace"))

    def _group(self, event: TaskFinished) -> None:
        """The task's output, folded: written when the task ends, because tasks run side by side."""
        output = self._outputs.pop(event.task.name, None)
        if output is None:
            return
        with output:
            output.seek(0)
            self.write(f"::group::{event.task.stage} {event.task.label}")
            for line in output:
                self.write(harmless(line.decode("utf-8").removesuffix("\n")))
            self.write("::endgroup::")


def finished_lines(event: TaskFinished) -> list[str]:
    """The lines that tell how a task ended; none for one that did not run."""
    result, task = event.result, event.task
    if result.status in _SILENT:
        return []
    lines = [task_line(result.status, task, result.seconds, result.message)]
    if result.status is Status.FAILED:
        lines += [f"        | {printable(line)}".rstrip() for line in event.tail]
        lines += next_step(task, result)
    return lines


def plan_headline(plan: Plan, answers: Mapping[TaskName, str]) -> str:
    """`plan    9 tasks for debian/12 on amd64, arm64: 9 to run`; a native one says `native on this machine`."""
    runs = sum(answer != "hit" for answer in answers.values())
    where = ", native on this machine" if plan.native else ""
    what = f"{count(len(plan), 'task')} for {targets_words(plan.targets)}{where}"
    return f"plan    {what}: {f'{runs} to run' if runs else 'all up to date'}"


def forecast_lines(event: PlanReady) -> list[str]:
    """`about 2m, from 3 recorded times, 1 guess`; nothing when nothing is expected."""
    forecast = forecast_of(event)
    if forecast is None:
        return []
    return [f"        about {about(forecast.seconds_left({}))}, {basis(forecast.recorded, forecast.guessed)}"]


def forecast_of(event: PlanReady) -> Forecast | None:
    """What is expected of a plan, if anything is."""
    if not event.estimates:
        return None
    return schedule_forecast.Forecast(event.plan, event.estimates, event.slots)


def all_hits(answers: Mapping[TaskName, str]) -> bool:
    """Whether nothing is to be done."""
    return all(answer == "hit" for answer in answers.values())
