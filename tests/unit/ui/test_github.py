"""What a run under GitHub Actions tells: annotations at the file that is meant, and the summary of the step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import Fault, InputError, Location, UsageError
from build_env.model.action import Room, RoomAction, Tree
from build_env.model.events import TaskFinished
from build_env.model.reason import Reason
from build_env.ui.choose import choose_listener
from build_env.ui.github import StepSummary, annotation_lines, error_lines
from build_env.ui.sources import source_path
from tests.support.events import BUILD, DONE, FAILED, RUNS

if TYPE_CHECKING:
    from pathlib import Path

TREE = Tree(path="src/greet", destination="src/greet", digest="d")
TASK = replace(BUILD, action=RoomAction(room=Room(commands=(), environment={}, trees=(TREE,))))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("main.c", "lib/words.c", "lib/deep/only.c", "tests/words.c", "deb/rules"):
        path = tmp_path / "src/greet" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "secret").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("main.c", "src/greet/main.c"),
        ("./main.c", "src/greet/main.c"),
        ("/build/work/build/greet/lib/words.c", "src/greet/lib/words.c"),
        ("/build/work/rpmbuild/BUILD/greet-1.2/main.c", "src/greet/main.c"),
        ("only.c", "src/greet/lib/deep/only.c"),  # from a directory below, which nobody names
        ("words.c", ""),  # of two files
        ("debian/rules", "src/greet/deb/rules"),
        ("/usr/include/stdio.h", ""),
        ("../../secret", ""),
        ("", ""),
        ("a\0b", ""),
    ],
)
def test_the_file_that_a_tool_means(root: Path, named: str, path: str) -> None:
    assert source_path(root, TASK, named) == path


def failed(*reasons: Reason) -> TaskFinished:
    return TaskFinished(task=TASK, result=FAILED, reasons=reasons, tail=("one", "two"))


def test_each_reason_is_an_annotation(root: Path) -> None:
    reasons = (
        Reason(text="main.c:3: error: bad", file="main.c", line=3),
        Reason(text="E: nothing", file="x.c", line=4),
    )
    assert annotation_lines(failed(*reasons), root) == [
        "::error file=src/greet/main.c,line=3,title=build greet amd64::main.c:3: error: bad",
        "::error title=build greet amd64::E: nothing",
    ]


def test_without_a_reason_the_task_is(root: Path) -> None:
    assert annotation_lines(failed(), root) == ["::error title=build greet amd64::exit status 2"]


def test_what_is_wrong_in_a_file_is_an_annotation_at_its_place() -> None:
    place = Location(file="src/one/rpm/one.spec", line=6, column=2)
    error = InputError("packages cannot be used", faults=(Fault(message="Unknown tag\n::x", location=place),))
    assert error_lines(error) == [
        "::error file=src/one/rpm/one.spec,line=6,col=2,title=packages cannot be used::Unknown tag%0A: :x"
    ]
    assert error_lines(UsageError("there is no target")) == []


def test_what_has_not_failed_has_none(root: Path) -> None:
    assert annotation_lines(TaskFinished(task=TASK, result=DONE), root) == []


def test_text_of_a_task_is_no_command_of_its_own(root: Path) -> None:
    hostile = Reason(text="100%\n::set-output name=x::y\r\x1b[31m")
    (line,) = annotation_lines(failed(hostile), root)
    assert line.startswith("::error title=build greet amd64::100%25%0A")
    assert "\n" not in line
    assert "\r" not in line


def test_the_title_cannot_end_itself(root: Path) -> None:
    task = replace(TASK, title="a,b::c")
    (line,) = annotation_lines(replace(failed(), task=task), root)
    assert line == "::error title=build a%2Cb%3A%3Ac amd64::exit status 2"


def test_the_summary_of_the_step(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("of a step before\n")
    step = StepSummary(path=path)
    for event in RUNS["failure"]:
        step(event)
    text = path.read_text()
    assert text.startswith("of a step before\n### build-env: debian/12\n")
    assert "failed  1 task failed, 2 not run because of it" in text
    assert "FAIL build greet amd64 3.4s exit status 2" in text
    assert "  | greet.c:12:10: fatal error: libgreet.h: No such file or directory" in text


def test_output_does_not_leave_its_frame(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    step = StepSummary(path=path)
    events = [
        replace(event, tail=("````", "# heading")) if isinstance(event, TaskFinished) else event
        for event in RUNS["failure"]
    ]
    for event in events:
        step(event)
    assert [line for line in path.read_text().splitlines() if line.startswith("#")] == ["### build-env: debian/12"]


def test_a_summary_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    step = StepSummary(path=tmp_path)
    for event in RUNS["failure"]:
        step(event)


def test_the_runner_gets_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    with choose_listener("auto", tmp_path) as tell:
        for event in RUNS["failure"]:
            tell(event)
    printed = capsys.readouterr().out
    assert "::error title=build greet amd64::exit status 2\n" in printed
    assert "1 task failed" in (tmp_path / "summary").read_text()
    wrong = InputError("wrong", location=Location(file="a.spec", line=1))
    with pytest.raises(InputError), choose_listener("auto", tmp_path):
        raise wrong
    assert "::error file=a.spec,line=1,title=wrong::wrong\n" in capsys.readouterr().out
