"""Owns what a run under GitHub Actions tells besides its lines: annotations of failures, and the summary of the step.

Text of tasks gets into both: it is escaped, so that it can be no command, and no markup.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from build_env.model.events import PlanReady, RunFinished, TaskFinished
from build_env.model.result import Status
from build_env.ui.sources import source_path
from build_env.ui.summary import summary_lines
from build_env.ui.text import clean_lines
from build_env.ui.words import STATUS_WORDS, count, duration

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.core.errors import BuildEnvError
    from build_env.model.events import Event
    from build_env.model.reason import Reason
    from build_env.model.task import Task

__all__ = ["StepSummary", "annotation_lines", "error_lines"]

_LISTED = 20  # failures in the summary of a step, which GitHub takes up to 1 MiB of
_FENCE = "````"


def annotation_lines(event: TaskFinished, root: Path) -> list[str]:
    """A command of GitHub's runner for each reason of a failure; for the whole task when no reason was found.

    A reason that names a file of the package below `root` is shown there.
    """
    if event.result.status is not Status.FAILED:
        return []
    title = f"{event.task.stage} {event.task.label}"
    if not event.reasons:
        return [_command(event.result.message or "failed", title=title)]
    return [_annotation(event.task, reason, title, root) for reason in event.reasons]


def error_lines(error: BuildEnvError) -> list[str]:
    """A command of GitHub's runner for each place at which something is wrong; none where the error names no place."""
    placed = ((fault.message, fault.location) for fault in error.all_faults if fault.location)
    return [
        _command(message, file=place.file, line=str(place.line or ""), col=str(place.column or ""), title=error.message)
        for message, place in islice(placed, _LISTED)
    ]


def _annotation(task: Task, reason: Reason, title: str, root: Path) -> str:
    path = source_path(root, task, reason.file)
    place = {"file": path, "line": str(reason.line)} if path and reason.line else {"file": path}
    return _command(reason.text, **place, title=title)


def _command(message: str, **properties: str) -> str:
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::error {listed}::{_data(clean_lines(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


@dataclass
class StepSummary:
    """Adds to the file that GitHub shows with the step: what the run came to, and the lines that say why it failed."""

    path: Path
    _failed: list[TaskFinished] = field(default_factory=list)
    _targets: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        match event:
            case PlanReady(plan=plan):
                self._targets.update(plan.targets)
            case TaskFinished(result=result) if result.status is Status.FAILED:
                self._failed.append(event)
            case RunFinished(summary=summary):
                lines = [f"### build-env: {', '.join(self._targets) or 'nothing to do'}", "", _FENCE]
                self._write([*lines, *map(clean_lines, summary_lines(summary)), _FENCE, *self._failures()])
            case _:
                pass

    def error(self, text: str) -> None:
        """Tell of the error that ended the run before its tasks did."""
        self._write(["### build-env", "", _FENCE, clean_lines(text), _FENCE, *self._failures()])

    def _failures(self) -> list[str]:
        lines = [line for event in self._failed[:_LISTED] for line in _failure(event)]
        left = len(self._failed) - _LISTED
        return [*lines, "", f"and {count(left, 'other failure')}"] if left > 0 else lines

    def _write(self, lines: list[str]) -> None:
        # A run is as good without it.
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{line}\n" for line in lines)


def _failure(event: TaskFinished) -> list[str]:
    task, result = event.task, event.result
    told = f"{STATUS_WORDS[result.status]} {task.stage} {task.label} {duration(result.seconds)} {result.message}"
    shown = [clean_lines(line).replace(_FENCE, "` ` ` `") for line in event.tail]
    return ["", _FENCE, clean_lines(told).replace(_FENCE, ""), *(f"  | {line}" for line in shown), _FENCE]
