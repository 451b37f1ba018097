"""`--junit`: the file for a run with everything in it, the schema, and output that XML cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from build_env.core.errors import Fault, InfrastructureError
from build_env.model.events import PlanReady, TaskFinished, TaskStarted
from build_env.model.result import Status, TaskResult
from build_env.model.task import Plan, Stage
from build_env.ui.junit import junit_xml
from build_env.ui.record import RunRecord
from build_env.ui.reports import junit_report
from tests.support.runs import make_task, sample_run

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN = Path(__file__).parents[2] / "golden" / "report" / "junit.xml"

# What the schema that CI servers check by (JUnit 10, Jenkins) allows: element -> (attributes that must be, that may
# be, elements inside). No properties in a case, no counts of skipped cases at the top.
SCHEMA: Mapping[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {"time", "skipped"}, {"properties", "testcase"}),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"classname", "time"}, {"failure", "error", "skipped"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
}


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - written by the code under test


def faults_of(text: str) -> list[str]:
    """Where a document differs from the schema and where its counts are wrong."""
    root = parse(text)
    found = [] if root.tag == "testsuites" else [f"the root is {root.tag}"]
    for element in root.iter():
        must, may, inside = SCHEMA[element.tag]
        names = set(element.attrib)
        found += [f"{element.tag} lacks {name}" for name in must - names]
        found += [f"{element.tag} has {name}" for name in names - must - may]
        found += [f"{child.tag} in {element.tag}" for child in element if child.tag not in inside]
    for suite in [root, *root.iter("testsuite")]:
        numbers = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
        for name, tag in numbers.items():
            counted = sum(1 for _ in suite.iter(tag))
            if int(suite.get(name, counted)) != counted:
                found.append(f"{name} is {suite.get(name)}, and there are {counted}")
    return found


def test_golden(tmp_path: Path, *, update_golden: bool) -> None:
    script = sample_run(tmp_path)
    path = tmp_path / "junit.xml"
    script.play(junit_report(path, script.clock))
    text = path.read_text(encoding="utf-8")
    if update_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert faults_of(text) == []


def test_a_hit_passes_and_is_a_property_of_its_suite(tmp_path: Path) -> None:
    script = sample_run(tmp_path)
    record = RunRecord(clock=script.clock)
    script.play(record.take)
    root = parse(junit_xml(record))
    hits = [item.get("value") for item in root.iter("property") if item.get("name") == "hit"]
    assert hits == ["source libgreet"]
    case = next(case for case in root.iter("testcase") if case.get("name") == "libgreet")
    assert (case.get("classname"), len(case)) == ("source", 0)


def test_only_what_ran_is_an_error_when_a_run_is_stopped() -> None:
    running, waiting = (make_task(Stage.BUILD, "greet", arch) for arch in ("amd64", "arm64"))
    record = RunRecord(clock=lambda: 0.0)
    record.take(TaskStarted(task=running))
    for task in (running, waiting):
        record.take(TaskFinished(task=task, result=TaskResult(status=Status.INTERRUPTED)))
    found = [
        (case.get("name"), case[0].tag, case[0].get("message")) for case in parse(junit_xml(record)).iter("testcase")
    ]
    assert found == [
        ("greet amd64", "error", "stopped before it ended"),
        ("greet arm64", "skipped", "not run: the run was stopped"),
    ]


def test_the_error_that_ended_a_run_is_a_case_of_its_own(tmp_path: Path) -> None:
    script = sample_run(tmp_path)
    path = tmp_path / "junit.xml"
    listener = junit_report(path, script.clock)
    for _, event in script.events[:4]:
        listener(event)
    listener.error(
        InfrastructureError("the engine is gone", hint="start it", faults=(Fault(message="no \x00 socket"),))
    )
    text = path.read_text(encoding="utf-8")
    assert faults_of(text) == []
    error = parse(text).find("testsuite[@name='run']/testcase/error")
    assert error is not None
    assert (error.get("type"), error.get("message")) == ("infrastructure", "the engine is gone")
    assert "no \ufffd socket" in str(error.text)


def test_an_error_before_any_plan_is_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    junit_report(path, lambda: 0.0).error(InfrastructureError("no engine"))
    assert parse(path.read_text(encoding="utf-8")).attrib["errors"] == "1"


ANYTHING = st.text(st.characters(exclude_categories=()))


@given(message=ANYTHING, line=ANYTHING, subject=ANYTHING, hint=ANYTHING)
def test_any_output_makes_a_document_that_can_be_read(message: str, line: str, subject: str, hint: str) -> None:
    task = make_task(Stage.BUILD, subject, target=f"t{line}")
    record = RunRecord(clock=lambda: 0.0)
    record.take(PlanReady(plan=Plan(targets={task.target: (subject,)}, tasks=(task,)), answers={}))
    record.take(TaskStarted(task=task))
    result = TaskResult(status=Status.FAILED, message=message, hint=hint, log=line)
    record.take(TaskFinished(task=task, result=result, tail=(line, message)))
    text = junit_xml(record)
    text.encode("utf-8")
    assert faults_of(text) == []
