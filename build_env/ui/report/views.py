"""Owns what the page says of one task, in words; everything from outside is cleaned here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.result import Status
from build_env.ui.report.logs import Excerpt
from build_env.ui.text import clean, clean_lines
from build_env.ui.words import duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.model.identity import TaskName
    from build_env.ui.record import RunRecord, TaskRecord

__all__ = ["SYMBOLS", "WORDS", "File", "TaskView", "size_words", "task_views"]

WORDS = {
    Status.FAILED: "failed",
    Status.INTERRUPTED: "stopped",
    Status.NOT_RUN: "not run",
    Status.DONE: "ok",
    Status.HIT: "hit",
}
SYMBOLS = {Status.FAILED: "✗", Status.INTERRUPTED: "■", Status.NOT_RUN: "○", Status.DONE: "✓", Status.HIT: "="}
_ROWS = 8000  # of artifacts, and of inputs, on the whole page
_LEAST_ROWS = 5
_DIGEST = 16
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_THOUSAND = 1000


@dataclass(frozen=True, kw_only=True)
class File:
    """An artifact or an input: name, first digits of the digest, size in words."""

    name: str
    digest: str
    size: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """One task. `anchor` is where its details are on the page; `more_…` counts what is not listed."""

    anchor: str
    status: Status
    stage: str
    label: str
    target: str
    took: str
    critical: bool
    message: str
    hint: str
    remark: str
    answer: str
    log: str
    excerpt: Excerpt
    tail: str
    artifacts: list[File]
    more_artifacts: int
    size: str
    inputs: list[File]
    more_inputs: int

    @property
    def name(self) -> str:
        """`build greet amd64`."""
        return f"{self.stage} {self.label}"


def task_views(
    run: RunRecord,
    chain: Sequence[TaskRecord],
    logs: Mapping[TaskName, Excerpt],
) -> dict[TaskName, TaskView]:
    """A view of every task, by task, in the order of the plans."""
    critical = {record.task.name for record in chain}
    rows = max(_LEAST_ROWS, _ROWS // max(1, len(run.tasks)))
    return {
        name: _view(
            record,
            run,
            anchor=f"t{number}",
            critical=name in critical,
            excerpt=logs.get(name, Excerpt()),
            rows=rows,
        )
        for number, (name, record) in enumerate(run.tasks.items(), start=1)
    }


def _view(
    record: TaskRecord,
    run: RunRecord,
    *,
    anchor: str,
    critical: bool,
    excerpt: Excerpt,
    rows: int,
) -> TaskView:
    task, result = record.task, record.result
    stored = result.stored if result else None
    inputs = list((record.covered or (stored.inputs if stored else {})).items())
    artifacts = stored.artifacts if stored else ()
    return TaskView(
        anchor=anchor,
        status=record.status,
        stage=task.stage,
        label=clean(task.label),
        target=clean(task.target),
        took=duration(record.seconds) if record.ran else "",
        critical=critical,
        message=clean_lines(result.message) if result else "",
        hint=clean(result.hint) if result else "",
        remark=_remark(record, run),
        answer=clean(run.answers.get(task.name, "")),
        log=clean(result.log) if result else "",
        excerpt=excerpt,
        tail="\n".join(clean_lines(line) for line in record.tail),
        artifacts=[
            File(name=clean(item.name), digest=clean(item.digest[:_DIGEST]), size=size_words(item.size))
            for item in artifacts[:rows]
        ],
        more_artifacts=max(0, len(artifacts) - rows),
        size=size_words(sum(item.size for item in artifacts)),
        inputs=[File(name=clean(name), digest=clean(digest[:_DIGEST])) for name, digest in inputs[:rows]],
        more_inputs=max(0, len(inputs) - rows),
    )


def _remark(record: TaskRecord, run: RunRecord) -> str:
    stored = record.result.stored if record.result else None
    if record.status is Status.HIT:
        took = f", which took {duration(stored.seconds)}" if stored and stored.seconds else ""
        return f"the result of an earlier run{took}"
    return clean(run.reason(record))


def size_words(size: int) -> str:
    """`812 bytes`, `1.2 kB`, `34.0 MB`."""
    amount = float(size)
    for unit in _UNITS:
        if amount < _THOUSAND or unit == _UNITS[-1]:
            break
        amount /= _THOUSAND
    return f"{size} bytes" if unit == _UNITS[0] else f"{amount:.1f} {unit}"
