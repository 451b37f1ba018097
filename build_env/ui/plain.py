"""Owns the plain mode: one line per thing that happened, for pipes and CI logs (DESIGN section 4). No colour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.model.events import Note, PlanReady, RunFinished, TaskFinished, TaskOutput, TaskStarted
from build_env.model.result import Status
from build_env.ui.summary import next_step, summary_lines
from build_env.ui.words import count, task_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.events import Event
    from build_env.model.task import Plan

__all__ = ["PlainListener", "plan_headline"]


@dataclass
class PlainListener:
    """Writes lines. `groups` puts each task's output between `::group::` marks, as GitHub's log viewer wants it."""

    write: Callable[[str], None]
    groups: bool = False
    _outputs: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        match event:
            case Note(text=text):
                self.write(f"note    {text}")
            case PlanReady(plan=plan, answers=answers):
                if any(answer != "hit" for answer in answers.values()):
                    self.write(plan_headline(plan, answers))
            case TaskStarted(task=task):
                self._outputs[task.id] = []
            case TaskOutput(task=task, line=line):
                if self.groups:
                    self._outputs[task.id].append(line)
            case TaskFinished():
                self._finished(event)
            case RunFinished(summary=summary):
                for line in summary_lines(summary):
                    self.write(line)

    def _finished(self, event: TaskFinished) -> None:
        result, task = event.result, event.task
        output = self._outputs.pop(task.id, [])
        if result.status in {Status.HIT, Status.NOT_RUN}:
            return
        if output:
            self.write(f"::group::{task.stage.value} {task.label}")
            for line in output:
                self.write(line)
            self.write("::endgroup::")
        self.write(task_line(result.status, task, result.seconds, result.message))
        if result.status is Status.FAILED:
            for line in (*(f"        | {line}" for line in event.tail), *next_step(task, result)):
                self.write(line)


def plan_headline(plan: Plan, answers: dict[str, str] | object) -> str:
    """`plan    9 tasks for debian/12 on amd64, arm64: 9 to run`."""
    table = dict(answers) if isinstance(answers, dict) else {}
    runs = sum(answer != "hit" for answer in table.values())
    where = ", ".join(plan.architectures)
    return f"plan    {count(len(plan), 'task')} for {plan.target} on {where}: {runs} to run"
