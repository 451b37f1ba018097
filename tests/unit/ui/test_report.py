"""`--report`: the page for a run with everything in it, its parts, its size, and output made to break it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from build_env.core.errors import InfrastructureError
from build_env.model.artifact import Artifact
from build_env.model.events import PlanReady, TaskFinished, TaskStarted
from build_env.model.result import Status, TaskResult
from build_env.model.task import Plan, Stage
from build_env.ui.record import RunRecord, TaskRecord
from build_env.ui.report import page
from build_env.ui.report.chain import critical_chain
from build_env.ui.report.logs import Excerpt, excerpts, shares
from build_env.ui.report.matrix import make_matrix
from build_env.ui.report.page import render_page
from build_env.ui.report.timeline import assign_slots
from build_env.ui.report.views import size_words
from build_env.ui.reports import page_report
from tests.support.runs import HOSTILE, large_run, make_task, sample_run, stored
from tests.support.samples import A, B, C

if TYPE_CHECKING:
    from tests.support.runs import Script

GOLDEN = Path(__file__).parents[2] / "golden" / "report" / "report.html"
FIVE_MEGABYTES = 5_000_000


@dataclass
class Page(HTMLParser):
    """What a browser would make of a page: tags, ids, links, and addresses it would fetch."""

    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif name == "href":
                self.links.append(str(value))
            elif name in {"src", "srcset", "data", "action", "xlink:href"}:
                self.fetched.append(str(value))
            elif name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


def write_page(script: Script, root: Path) -> str:
    path = root / "report.html"
    listener = page_report(path, script.clock, root, "2024-05-01 10:00 UTC")
    script.play(listener)
    return path.read_text(encoding="utf-8")


def test_golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, update_golden: bool) -> None:
    monkeypatch.setattr(page, "__version__", "1.2.3")
    text = write_page(sample_run(tmp_path), tmp_path)
    if update_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_link_leads_to_a_place_on_the_page_and_nothing_is_fetched(tmp_path: Path) -> None:
    shown = read(write_page(sample_run(tmp_path), tmp_path))
    assert {link.removeprefix("#") for link in shown.links} <= set(shown.ids)
    assert len(shown.ids) == len(set(shown.ids))
    assert shown.fetched == shown.handlers == []
    assert "http://" not in "".join(shown.words)


def test_what_a_task_printed_is_text(tmp_path: Path) -> None:
    text = write_page(sample_run(tmp_path), tmp_path)
    shown = read(text)
    assert shown.tags.count("script") == 1
    assert "b" not in shown.tags
    assert "document.title='broken in'" in "".join(shown.words)
    assert "<script>document" not in text


def test_a_run_without_tasks_and_an_error_are_pages_too(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    listener = page_report(path, lambda: 0.0, tmp_path, "")
    listener.error(InfrastructureError(f"the engine said {HOSTILE}", hint="start it"))
    shown = read(path.read_text(encoding="utf-8"))
    words = "".join(shown.words)
    assert "the run ended early" in words
    assert "start it" in words
    assert shown.tags.count("script") == 1


def test_a_thousand_tasks_stay_below_five_megabytes(tmp_path: Path) -> None:
    script = large_run(tmp_path)
    covered = {f"src/a-directory-with-a-name/file-{number}.c": "12" * 32 for number in range(50)}
    script.events = [
        (at, replace(event, covered=covered) if isinstance(event, TaskStarted) else event)
        for at, event in script.events
    ]
    path = tmp_path / "report.html"
    listener = page_report(path, script.clock, tmp_path, "")
    script.play(listener)
    assert len(listener.record.tasks) == 1000
    assert 1_000_000 < path.stat().st_size < FIVE_MEGABYTES
    assert "bytes are left out here" in path.read_text(encoding="utf-8")


ANYTHING = st.text(st.characters(exclude_categories=()))


@given(message=ANYTHING, line=ANYTHING, name=ANYTHING)
@example(message="", line="\r\x08", name="")
def test_no_output_opens_an_element(message: str, line: str, name: str) -> None:
    text = page_of(message, line, name)
    text.encode("utf-8")
    # There may be fewer: of a line that draws over itself nothing may be left to show.
    assert Counter(read(text).tags) <= Counter(read(page_of("m", "l", "n")).tags)


def page_of(message: str, line: str, name: str) -> str:
    """A page with one failed task in which every text from outside is not empty."""
    task = make_task(Stage.BUILD, f"s{name}", f"a{line}", target=f"t{message}")
    record = RunRecord(clock=lambda: 0.0)
    record.take(PlanReady(plan=Plan(targets={task.target: ("amd64",)}, tasks=(task,)), answers={}))
    record.take(TaskStarted(task=task, covered={f"i{name}": "cd"}))
    artifact = Artifact(name=f"a{name}", digest="ab", size=1)
    result = TaskResult(status=Status.FAILED, message=f"m{message}", hint=f"h{line}", stored=stored(artifact))
    record.take(TaskFinished(task=task, result=result, tail=(f"t{line}",)))
    return render_page(record, root=Path("/nowhere"), when=f"w{name}")


# --- slots -----------------------------------------------------------------------------------------------------------

INTERVALS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda pair: (float(pair[0]), float(sum(pair)))), max_size=30
)


@given(intervals=INTERVALS)
def test_tasks_that_overlap_have_different_slots_and_no_slot_too_many(intervals: list[tuple[float, float]]) -> None:
    slots = assign_slots(intervals)
    for one, (begin, end) in enumerate(intervals):
        for other in range(one):
            if intervals[other][0] < end and begin < intervals[other][1]:
                assert slots[one] != slots[other]
    most = max((sum(b <= begin < e for b, e in intervals) for begin, _ in intervals), default=0)
    assert len(set(slots)) == most
    assert set(slots) == set(range(most))


# --- the critical chain ----------------------------------------------------------------------------------------------


def chain_names(**seconds: float | None) -> list[str]:
    """The chain of a diamond: left and right need first, last needs both; None: did not run."""
    first = make_task(Stage.SOURCE, "first")
    left = make_task(Stage.BUILD, "left", needs=[first])
    right = make_task(Stage.BUILD, "right", needs=[first])
    last = make_task(Stage.DEPLOY, "last", needs=[left, right])
    records = {}
    for task in (first, left, right, last):
        took = seconds[task.subject]
        records[task.name] = TaskRecord(task=task, began=None if took is None else 0.0, ended=took)
    return [record.task.subject for record in critical_chain(records)]


def test_the_chain_takes_the_longer_way() -> None:
    assert chain_names(first=1, left=2, right=3, last=1) == ["first", "right", "last"]
    assert chain_names(first=1, left=4, right=3, last=1) == ["first", "left", "last"]


def test_the_chain_passes_through_what_did_not_run() -> None:
    assert chain_names(first=5, left=None, right=None, last=1) == ["first", "last"]
    assert chain_names(first=None, left=None, right=None, last=None) == []


# --- the matrix ------------------------------------------------------------------------------------------------------


def test_a_row_for_each_package_and_what_is_shared_in_each_of_its_target() -> None:
    tasks = [
        make_task(Stage.BUILD, "greet", "arm64"),
        make_task(Stage.SOURCE, "greet"),
        make_task(Stage.BUILD, "docs", "all", target="centos/8"),
        make_task(Stage.BUILD, "greet", "amd64"),
        make_task(Stage.IMAGE, "debian/12 build"),
    ]
    matrix = make_matrix([TaskRecord(task=task) for task in tasks], {"debian/12": ("amd64", "arm64")})
    assert matrix.columns == [("debian/12", "amd64"), ("debian/12", "arm64"), ("centos/8", "all")]
    assert matrix.targets == [("debian/12", 2), ("centos/8", 1)]
    cells = {row.name: [[record.name for record in cell] for cell in row.cells] for row in matrix.rows}
    assert cells == {
        "docs": [[], [], ["build docs all"]],
        "greet": [["source greet", "build greet amd64"], ["source greet", "build greet arm64"], []],
    }
    assert [record.name for record in matrix.others] == ["image debian/12 build"]


# --- logs ------------------------------------------------------------------------------------------------------------


def excerpt_of(root: Path, data: bytes, total: int) -> Excerpt:
    (root / "a.log").write_bytes(data)
    record = TaskRecord(task=make_task(Stage.BUILD, "one"), result=TaskResult(status=Status.DONE, log="a.log"))
    return excerpts([record], root, total)[record.task.name]


def test_a_small_log_is_whole(tmp_path: Path) -> None:
    assert excerpt_of(tmp_path, b"one\r\n\x1b[1mtwo\x1b[0m\n10%\r100%\n", 1000) == Excerpt(head="one\ntwo\n100%")


def test_of_a_large_log_the_beginning_and_the_end_remain(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(10_000)]
    data = "\n".join(lines).encode()
    shown = excerpt_of(tmp_path, data, 4000)
    head, tail = shown.head.split("\n"), shown.tail.split("\n")
    assert head == lines[: len(head)]
    assert tail == lines[-len(tail) :]
    assert len(tail) > len(head) > 50
    assert shown.left_out == len(data) - len(shown.head) - len(shown.tail)


@pytest.mark.parametrize("data", [b"<" * 5000, b"<\n" * 2500, b"\xff" * 5000, b"'\"&" * 4000])
def test_what_grows_by_escaping_keeps_to_its_share(tmp_path: Path, data: bytes) -> None:
    from html import escape  # noqa: PLC0415

    shown = excerpt_of(tmp_path, data, 5000)
    assert 0 < len(escape(shown.head + shown.tail).encode()) <= 5000
    assert shown.left_out > 0


def test_a_log_that_is_gone_is_said(tmp_path: Path) -> None:
    record = TaskRecord(task=make_task(Stage.BUILD, "one"), result=TaskResult(status=Status.DONE, log="gone.log"))
    assert excerpts([record], tmp_path)[record.task.name].problem == "the log cannot be read: No such file or directory"


def test_small_logs_leave_their_share_to_large_ones() -> None:
    assert shares({A: 1000, B: 50_000, C: 90_000}, 61_000, 100_000) == {A: 20_333, B: 30_000, C: 30_000}
    assert shares({A: 10, B: 10}, 0, 100) == {A: 400, B: 400}


def test_failures_come_first(tmp_path: Path) -> None:
    records = []
    for number in range(20):
        (tmp_path / f"{number}.log").write_text("some line\n" * 1000)
        status = Status.FAILED if number == 7 else Status.DONE
        task = make_task(Stage.BUILD, str(number))
        records.append(TaskRecord(task=task, result=TaskResult(status=status, log=f"{number}.log")))
    shown = list(excerpts(records, tmp_path, 40_000).values())
    assert [one.left_out == 0 for one in shown] == [number == 7 for number in range(20)]


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (34_567_890, "34.6 MB"), (5 * 10**15, "5000.0 TB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words


def test_the_style_and_script_are_the_ones_the_policy_names(tmp_path: Path) -> None:
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415

    text = write_page(sample_run(tmp_path), tmp_path)
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert body
        digest = base64.b64encode(hashlib.sha256(body[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in text
