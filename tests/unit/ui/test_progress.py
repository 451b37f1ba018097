"""The terminal mode, on a pseudo-terminal of rich's and with a clock of ours."""

from __future__ import annotations

import io
import re

import pytest

from build_env.model.events import PlanReady, TaskFinished, TaskOutput, TaskRetried, TaskStarted
from build_env.ui.choose import wants_progress
from build_env.ui.plain import PlainListener
from build_env.ui.progress import ProgressListener
from tests.support.events import BUILD, DONE, HIT, IMAGE, OTHER, RUNS, SOURCE, plan_of

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def drawn(listener: ProgressListener, width: int) -> list[str]:
    console = listener._console
    console.width = width
    with console.capture() as capture:
        console.print(listener.picture())
    return ESCAPES.sub("", capture.get()).splitlines()


def begun() -> ProgressListener:
    listener = ProgressListener(Terminal(), clock=iter(range(0, 1000, 2)).__next__)
    listener(PlanReady(plan=plan_of(), answers={}))
    listener(TaskStarted(task=SOURCE))
    listener(TaskStarted(task=BUILD))
    listener(TaskOutput(task=BUILD, line="\x1b[32mcompiling\x1b[0m\rgreet.c" + " more" * 20))
    return listener


def test_running_tasks_show_their_time_and_last_line() -> None:
    lines = drawn(begun(), 100)
    assert re.match(r"  run   source   greet +4\.0s$", lines[0])
    assert re.match(r"  run   build    greet amd64 +2\.0s  greet\.c more", lines[1])
    assert lines[2].startswith("        0 of 6 tasks ended, 2 running")


def test_the_time_that_is_left_says_what_it_rests_on() -> None:
    ticks = [0.0]
    listener = ProgressListener(Terminal(), clock=lambda: ticks[0])
    lost = TaskRetried(task=SOURCE, attempt=2, message="lost", delay=1.0)
    ready, *_ = RUNS["tried-again"]
    seen = []
    for seconds, event in [
        (0, ready),
        (0, TaskFinished(task=IMAGE, result=HIT)),
        (0, TaskStarted(task=SOURCE)),
        (20, lost),
        (0, TaskStarted(task=SOURCE)),
        (30, TaskFinished(task=SOURCE, result=DONE)),
        (0, TaskStarted(task=BUILD)),
        (100, TaskFinished(task=OTHER, result=HIT)),
        (10, TaskFinished(task=BUILD, result=DONE)),
    ]:
        ticks[0] += seconds
        listener(event)
        seen += [line.partition(", about ")[2] for line in drawn(listener, 200) if "ended" in line]
    assert seen == [
        "3m left (from 2 recorded times, 1 guess)",
        "3m left (from 2 recorded times, 1 guess)",
        "3m left (from 2 recorded times, 1 guess)",
        "3m left (from 2 recorded times, 1 guess)",
        "3m left (from 2 recorded times, 1 guess)",
        "2m left (from 2 recorded times)",
        "2m left (from 2 recorded times)",
        "30s left (from 1 recorded time)",
    ]


@pytest.mark.parametrize("width", [1, 8, 20, 40, 79, 300])
def test_a_line_never_exceeds_the_terminal(width: int) -> None:
    lines = drawn(begun(), width)
    assert len(lines) == 3
    assert all(len(line) <= width for line in lines)


def test_more_tasks_than_lines_are_counted() -> None:
    listener = begun()
    listener._console.height = 4
    assert [line for line in drawn(listener, 80) if "more" in line and "greet.c" not in line] == ["        and 1 more"]


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("no_color", [False, True])
def test_what_has_ended_reads_as_in_the_plain_mode(
    name: str, monkeypatch: pytest.MonkeyPatch, *, no_color: bool
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with ProgressListener(stream) as listener:
        for event in RUNS[name]:
            listener(event)
    lines: list[str] = []
    plain = PlainListener(write=lines.append)
    for event in RUNS[name]:
        plain(event)
    shown = [line.strip("\r") for line in ESCAPES.sub("", stream.getvalue()).splitlines()]
    assert [line for line in shown if line in lines] == lines
    colours = [code for code in re.findall(r"\x1b\[([0-9;]*)m", stream.getvalue()) if re.search(r"\b3[0-7]\b", code)]
    assert bool(colours) != no_color


def test_the_cursor_comes_back_after_an_interrupt() -> None:
    stream = Terminal()

    def interrupted() -> None:
        with ProgressListener(stream) as listener:
            listener(PlanReady(plan=plan_of(), answers={}))
            listener(TaskStarted(task=SOURCE))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


@pytest.mark.parametrize(
    ("environment", "terminal", "wanted"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "GITHUB_ACTIONS": "true"}, True, False),
    ],
)
def test_only_a_terminal_that_can_draw_gets_progress(
    environment: dict[str, str], *, terminal: bool, wanted: bool
) -> None:
    assert wants_progress(environment, terminal=terminal) is wanted
