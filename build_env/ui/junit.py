"""Owns `--junit FILE`: the run as JUnit XML. A suite is a target, a case a task, its class the stage.

A task whose work failed is a `failure`; one that the machine or the user ended is an `error`; one that did not run is
`skipped` with the reason. Results taken from the store pass, and are named as properties `hit` of their suite: the
common schema knows no properties of single cases.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from build_env.model.result import Status
from build_env.ui.text import clean, clean_lines

if TYPE_CHECKING:
    from build_env.core.errors import BuildEnvError
    from build_env.ui.record import RunRecord, TaskRecord

__all__ = ["junit_xml"]

_KINDS = {Status.FAILED: "failure", Status.INTERRUPTED: "error", Status.NOT_RUN: "skipped"}


def junit_xml(run: RunRecord) -> str:
    """The whole document."""
    root = ET.Element("testsuites", name="build-env", time=_seconds(run.ended - run.began))
    by_target: dict[str, list[TaskRecord]] = {target: [] for target in run.targets}
    for record in run.tasks.values():
        by_target.setdefault(record.task.target, []).append(record)
    counts: Counter[str] = Counter()
    for target, records in by_target.items():
        counts += _suite(root, target, records, run)
    if run.error is not None:
        counts += _run_error(root, run.error)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(counts[name]))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, target: str, records: list[TaskRecord], run: RunRecord) -> Counter[str]:
    suite = ET.SubElement(root, "testsuite", name=clean(target))
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="architectures", value=clean(", ".join(run.targets.get(target, ()))))
    counts: Counter[str] = Counter(tests=len(records))
    for record in records:
        if record.status is Status.HIT:
            ET.SubElement(properties, "property", name="hit", value=clean(record.name))
        counts[_case(suite, record, run)] += 1
    for name in ("tests", "failures", "errors", "skipped"):
        suite.set(name, str(counts[name]))
    suite.set("time", _seconds(sum(record.seconds for record in records)))
    return counts


def _case(suite: ET.Element, record: TaskRecord, run: RunRecord) -> str:
    """Add the case; returns the count it belongs to."""
    case = ET.SubElement(
        suite,
        "testcase",
        classname=record.task.stage,
        name=clean(record.task.label),
        time=_seconds(record.seconds),
    )
    kind = _kind(record)
    if kind:
        result = record.result
        text = (result.message if result else "") or run.reason(record) or "failed without a message"
        fault = ET.SubElement(case, kind, message=clean(text))
        fault.set("type", record.status.value)
        if kind != "skipped":
            fault.text = _details(record)
    return {"failure": "failures", "error": "errors"}.get(kind, kind)


def _kind(record: TaskRecord) -> str:
    if record.status is Status.FAILED and record.result and record.result.environment:
        return "error"
    if record.status is Status.INTERRUPTED and not record.ran:
        return "skipped"
    return _KINDS.get(record.status, "")


def _details(record: TaskRecord) -> str:
    lines = [clean_lines(line) for line in record.tail]
    if record.result and record.result.log:
        lines.append(f"log: {clean(record.result.log)}")
    if record.result and record.result.hint:
        lines.append(f"next: {clean(record.result.hint)}")
    return "\n".join(lines)


def _run_error(root: ET.Element, error: BuildEnvError) -> Counter[str]:
    """A suite of its own for what belongs to no task, so that no reader takes the run for a good one."""
    suite = ET.SubElement(root, "testsuite", name="run", tests="1", failures="0", errors="1", skipped="0", time="0.000")
    case = ET.SubElement(suite, "testcase", classname="run", name="build-env", time="0.000")
    fault = ET.SubElement(case, "error", type=error.code, message=clean(error.message))
    fault.text = clean("\n".join(error.lines()))
    return Counter(tests=1, errors=1)


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
