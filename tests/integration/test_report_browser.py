"""The report in a browser: opened, clicked through, filtered; without scripts, too; nothing leaves the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.ui.reports import page_report
from tests.support.browser import browser
from tests.support.runs import large_run, sample_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.browser import Browser
    from tests.support.runs import Script

FAILED = "details.task[data-task=t7]"  # build greet arm64
LARGE = "details.task[data-task=t6]"  # build greet amd64, with a log of 200 lines


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A window; the browser is installed when the machine has none."""
    with browser() as window:
        yield window


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The report of the sample run, opened."""
    chromium.prefer("light")
    chromium.open(report(sample_run(tmp_path), tmp_path))
    yield chromium
    assert chromium.complaints() == []
    assert chromium.run("return document.title") == "failed: debian/12 on amd64, arm64"


def report(script: Script, root: Path) -> Path:
    path = root / "report.html"
    script.play(page_report(path, script.clock, root, ""))
    return path


def test_a_click_on_a_task_shows_its_log_and_inputs(page: Browser) -> None:
    assert page.visible(f"{FAILED} pre") == 0
    page.click(f"{FAILED} > summary")
    assert "greet.c:12:10: fatal error: libgreet.h" in page.text(f"{FAILED} pre")
    assert "</pre><script>document.title='broken in'</script>" in page.text(f"{FAILED} pre")
    assert "src/greet" in page.text(f"{FAILED} table")
    page.click(f"{FAILED} > summary")
    assert page.visible(f"{FAILED} pre") == 0


@pytest.mark.parametrize("link", [".matrix a[data-task=t7]", "#timeline a[data-task=t7]", "#failures a[href='#t7']"])
def test_each_mark_of_a_task_leads_to_its_log(page: Browser, link: str) -> None:
    page.click(link)
    assert "fatal error" in page.text(f"{FAILED} pre")
    place = page.run("return document.querySelector(arguments[0]).getBoundingClientRect().top", FAILED)
    assert 0 <= place < 900


def test_the_end_of_a_long_log_of_a_failure_is_shown_first(chromium: Browser, tmp_path: Path) -> None:
    script = sample_run(tmp_path)
    (tmp_path / "build/logs/debian-12/greet.arm64.build.log").write_text("a line\n" * 500 + "the fault\n")
    chromium.open(report(script, tmp_path), "#t7")
    chromium.run("await new Promise(requestAnimationFrame)")
    below = (
        "const log = document.querySelector(arguments[0]); return [log.scrollTop, log.scrollHeight - log.clientHeight]"
    )
    top, most = chromium.run(below, f"{FAILED} pre")
    assert most > 1000
    assert abs(top - most) <= 1


def test_the_same_link_twice_opens_the_task_again(page: Browser) -> None:
    page.click(".matrix a[data-task=t7]")
    page.click(f"{FAILED} > summary")
    assert page.visible(f"{FAILED} pre") == 0
    page.click(".matrix a[data-task=t7]")
    assert page.visible(f"{FAILED} pre") == 1


def test_filter_failures(page: Browser) -> None:
    assert page.visible("details.task") == 10
    page.click("button[data-status=failed]")
    assert page.visible("details.task") == page.visible("details.task[data-status=failed]") == 2
    assert page.text("#shown") == "2 of 10 tasks"
    assert page.visible(".matrix tbody tr") == 1  # libgreet has no failure
    page.click("button[data-status='']")
    assert page.visible("details.task") == 10
    assert page.visible(".matrix tbody tr") == 2


def test_search(page: Browser) -> None:
    page.type("#search", "libgreet BUILD")
    assert page.visible("details.task") == 2
    assert page.text("details.task:not([hidden]) strong") == "libgreet amd64"


def test_a_link_to_a_task_that_the_filter_hides_shows_it(page: Browser) -> None:
    page.click("button[data-status=failed]")
    page.click("#timeline a[data-task=t6]")
    assert "line 1 of the build" in page.text(f"{LARGE} pre")
    assert page.visible("details.task") == 10


def test_an_address_with_a_task_opens_it(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(report(sample_run(tmp_path), tmp_path), "#t6")
    assert "line 200 of the build" in chromium.text(f"{LARGE} pre:last-of-type")
    assert "greet_1.2-1_amd64.deb" in chromium.text(f"{LARGE} table")
    assert "34.6 MB" in chromium.text(f"{LARGE} table")


def test_without_scripts_the_page_can_be_read(chromium: Browser, tmp_path: Path) -> None:
    chromium.scripts(on=False)
    try:
        chromium.open(report(sample_run(tmp_path), tmp_path))
        assert chromium.text("h1") == "debian/12 on amd64, arm64"
        assert "exit status 2" in chromium.text("#failures")
        chromium.click(".matrix a[data-task=t7]")
        assert "fatal error" in chromium.text(f"{FAILED} pre")
        assert chromium.text("#filter") == ""
    finally:
        chromium.scripts(on=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(chromium: Browser, tmp_path: Path, scheme: str) -> None:
    chromium.prefer(scheme)
    chromium.open(report(sample_run(tmp_path), tmp_path))
    ratios = chromium.run(CONTRASTS, ["h1", ".headline", ".quiet", ".failure p", "a.chip", "button", "td", "summary"])
    assert len(ratios) > 30
    assert min(ratio for ratio, _ in ratios) >= 4.5, min(ratios)
    page = chromium.run("return getComputedStyle(document.body).backgroundColor")
    assert (page == "rgb(255, 255, 255)") == (scheme == "light")


CONTRASTS = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = channels(colour).slice(0, 3).map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if ((channels(colour)[3] ?? 1) > 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
return [...document.querySelectorAll(arguments[0].join(","))].map((element) => {
  const pair = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
  return [(pair[0] + 0.05) / (pair[1] + 0.05), element.outerHTML.slice(0, 80)];
});
"""


def test_a_thousand_tasks_can_be_used(chromium: Browser, tmp_path: Path) -> None:
    chromium.prefer("light")
    chromium.open(report(large_run(tmp_path), tmp_path))
    assert chromium.visible("details.task") == 1000
    chromium.click("button[data-status=failed]")
    assert chromium.visible("details.task") == 10
    chromium.click("details.task:not([hidden]) > summary")
    assert "<line> 399" in chromium.text("details.task:not([hidden]) pre:last-of-type")
    wide = chromium.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
