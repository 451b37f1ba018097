"""Owns the reports of a run and how they join its listener: each gets every event, and the error that ends it early."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from build_env.core.errors import BuildEnvError
from build_env.core.later import imported_later
from build_env.model.events import RunFinished
from build_env.ui.files import check_place, write_whole
from build_env.ui.record import RunRecord

with imported_later():
    from build_env.ui import junit as ui_junit
    from build_env.ui.report import page as report_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from build_env.model.events import Event
    from build_env.ports import EventSink

__all__ = ["FileReport", "Report", "junit_report", "page_report", "reports_for", "with_reports"]


class Report(Protocol):
    """A listener that tells of a run when it is over."""

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""

    def error(self, error: BuildEnvError) -> None:
        """Write what is known: `error` ended the run before its tasks did."""


@dataclass(kw_only=True)
class FileReport:
    """Writes one file when the run is over: `text` makes of what it remembers.

    Raises UsageError or EnvironmentNotReady at once if the file cannot be written, and names its `option`.
    """

    path: Path
    option: str
    record: RunRecord
    text: Callable[[RunRecord], str]

    def __post_init__(self) -> None:
        """See `check_place`."""
        check_place(self.path, self.option)

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        self.record.take(event)
        if isinstance(event, RunFinished):
            write_whole(self.path, self.text(self.record), self.option)

    def error(self, error: BuildEnvError) -> None:
        """See `Report`."""
        self.record.fail(error)
        write_whole(self.path, self.text(self.record), self.option)


def junit_report(path: Path, clock: Callable[[], float]) -> FileReport:
    """The report behind `--junit`."""
    return FileReport(path=path, option="--junit", record=RunRecord(clock=clock), text=ui_junit.junit_xml)


def page_report(path: Path, clock: Callable[[], float], root: Path, when: str) -> FileReport:
    """The report behind `--report`; logs that results name are read below `root`, `when` is a date for people."""

    # Only at the end of a run: the page needs the templates' language, which takes its time to be imported.
    def text(record: RunRecord) -> str:
        return report_page.render_page(record, root=root, when=when)

    return FileReport(path=path, option="--report", record=RunRecord(clock=clock), text=text)


def reports_for(*, junit: Path | None, html: Path | None, root: Path) -> list[Report]:
    """The reports asked for; each says at once when its file cannot be written."""
    reports: list[Report] = []
    if junit:
        reports.append(junit_report(junit, time.monotonic))
    if html:
        reports.append(page_report(html, time.monotonic, root, time.strftime("%Y-%m-%d %H:%M %Z")))
    return reports


@contextlib.contextmanager
def with_reports(listener: EventSink, reports: Sequence[Report]) -> Iterator[EventSink]:
    """A sink that feeds `listener` first and then every report, also when one of them fails."""
    failures: list[BuildEnvError] = []

    def tell(event: Event) -> None:
        listener(event)
        for report in reports:
            try:
                report(event)
            except BuildEnvError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    try:
        yield tell
    except BuildEnvError as error:
        if not failures:
            for report in reports:
                # The error that ended the run is the one to tell; a file that cannot be written comes second.
                with contextlib.suppress(BuildEnvError):
                    report.error(error)
        raise
