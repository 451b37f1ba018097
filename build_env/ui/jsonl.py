"""Owns the JSON lines of `--log-format json`: one object per event, on standard output, nothing else there.

Every object has `schema` (1; raised when a field changes its meaning or goes, not when one is added) and `event`:

    note           text
    plan           target, architectures, targets: {target: architectures},
                   tasks: [{task, stage, target, subject, arch, inputs, answer, estimate}], slots, seconds,
                   recorded, guessed
                   answer is `hit`, `run (reason)` or `maybe (after X)`; estimate is null for hits, else {seconds,
                   memory (bytes, 0: unknown), recorded (of this task, not a guess)}; seconds is what all of them will
                   take on `slots`, from so many recorded and guessed times. A run has one plan; two where specs must be
                   read in a room first, and then the second one is the plan of what was asked for; and none, nor any
                   task line, where an earlier run of the same command left nothing to do: counts then has all as hits
    task-started   task, stage, target, subject, arch
                   again for each attempt
    task-output    task, line
    task-retried   task, stage, target, subject, arch, attempt (the number of the next one), message, delay (seconds)
    task-waiting   task, stage, target, subject, arch, text: somebody else does it now
    task-finished  task, stage, target, subject, arch, status (done, hit, failed, not-run, interrupted), seconds,
                   message, hint, because, log, environment, isolation, artifacts: [{name, digest, size}],
                   tail: the lines of output to show of a failure, first those that say why, with a note where lines
                   are left out, reasons: [{text, file, line (0: unknown)}]: those that say why, with the file as the
                   tool named it
    run-finished   status (done, failed, interrupted), seconds, longest_chain, counts: {status: number}, deployed, notes
    error          code, exit_code, message, hint, faults: the run ended before its tasks did; nothing follows

`task` names a task within its plan, and `choices` (beside each `arch`) says in words what was chosen about its build.
Wrong use of the command line is told on standard error only, with exit code 2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build_env.core.canonical import plain
from build_env.core.later import imported_later
from build_env.core.visible import harmless_json
from build_env.model.events import (
    Note,
    PlanReady,
    TaskFinished,
    TaskOutput,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from build_env.model.result import Status

with imported_later():
    from build_env.schedule import forecast as schedule_forecast

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.core.errors import BuildEnvError
    from build_env.model.events import Event
    from build_env.model.result import RunSummary
    from build_env.model.task import Plan, Task

__all__ = ["SCHEMA", "JsonListener", "event_data", "plan_target_data", "task_data"]

SCHEMA = 1


@dataclass
class JsonListener:
    """Writes a line per event."""

    write: Callable[[str], None]

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        self._put(event_data(event))

    def error(self, error: BuildEnvError) -> None:
        """The last line of a run that an error ended."""
        faults = [str(fault) for fault in error.faults]
        where = f"{error.location}: " if error.location else ""
        self._put(
            {
                "event": "error",
                "code": error.code,
                "exit_code": error.exit_code,
                "message": f"{where}{error.message}",
                "hint": error.hint,
                "faults": faults,
            }
        )

    def _put(self, data: dict[str, Any]) -> None:
        # ASCII only: a line can hold bytes that are no UTF-8.
        self.write(harmless_json(json.dumps({"schema": SCHEMA, **data})))


def task_data(task: Task) -> dict[str, Any]:
    """What names a task."""
    return {
        "task": str(task.name),
        "stage": task.stage,
        "target": task.target,
        "subject": task.subject,
        "arch": task.arch,
        "choices": task.choices,
    }


def plan_target_data(plan: Plan) -> dict[str, Any]:
    """What a plan is for: the names of targets as one text, all architectures, and which belong to which target."""
    return {
        "target": ", ".join(plan.targets),
        "architectures": list(dict.fromkeys(arch for archs in plan.targets.values() for arch in archs)),
        "targets": {name: list(archs) for name, archs in plan.targets.items()},
    }


def event_data(event: Event) -> dict[str, Any]:
    """The fields of one event."""
    match event:
        case Note(text=text):
            data: dict[str, Any] = {"event": "note", "text": text}
        case PlanReady():
            data = _plan(event)
        case TaskStarted(task=task):
            data = {"event": "task-started", **task_data(task)}
        case TaskOutput(task=task, line=line):
            data = {"event": "task-output", "task": str(task.name), "line": line}
        case TaskRetried(task=task, attempt=attempt, message=message, delay=delay):
            facts = {"attempt": attempt, "message": message, "delay": delay}
            data = {"event": "task-retried", **task_data(task), **facts}
        case TaskWaiting(task=task, text=text):
            data = {"event": "task-waiting", **task_data(task), "text": text}
        case TaskFinished():
            data = _finished(event)
        case _:
            data = _summary(event.summary)
    return data


def _plan(event: PlanReady) -> dict[str, Any]:
    forecast = schedule_forecast.Forecast(event.plan, event.estimates, event.slots)
    tasks = [
        {
            **task_data(task),
            "inputs": [str(entry.task) for entry in task.inputs],
            "answer": event.answers.get(task.name, ""),
            "estimate": plain(event.estimates.get(task.name)),
        }
        for task in event.plan
    ]
    return {
        "event": "plan",
        **plan_target_data(event.plan),
        "tasks": tasks,
        "slots": event.slots,
        "seconds": round(forecast.seconds_left({}), 3),
        "recorded": forecast.recorded,
        "guessed": forecast.guessed,
    }


def _finished(event: TaskFinished) -> dict[str, Any]:
    result = event.result
    isolation = result.stored.isolation if result.stored else result.isolation
    return {
        "event": "task-finished",
        **task_data(event.task),
        "status": result.status.value,
        "seconds": round(result.seconds, 3),
        "message": result.message,
        "hint": result.hint,
        "because": str(result.because or ""),
        "log": result.log,
        "environment": result.environment,
        "isolation": isolation.name.lower() if isolation is not None else "",
        "artifacts": plain(list(result.stored.artifacts)) if result.stored else [],
        "tail": list(event.tail),
        "reasons": plain(list(event.reasons)),
    }


def _summary(summary: RunSummary) -> dict[str, Any]:
    counts = {status.value: summary.count(status) for status in Status}
    counts[Status.HIT.value] += summary.up_to_date
    ends = {Status.INTERRUPTED: "interrupted", Status.FAILED: "failed"}
    return {
        "event": "run-finished",
        "status": next((word for status, word in ends.items() if counts[status.value]), "done"),
        "seconds": round(summary.seconds, 3),
        "longest_chain": round(summary.longest_chain, 3),
        "counts": counts,
        "deployed": list(summary.deployed),
        "notes": list(summary.notes),
    }
