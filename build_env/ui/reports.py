"""Owns how the reports of a run join its listener: each gets every event, and the error that ends a run early."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Protocol

from build_env.core.errors import BuildEnvError
from build_env.core.later import imported_later

with imported_later():
    from build_env.ui import junit as ui_junit
    from build_env.ui.report import listener as report_listener

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from build_env.model.events import Event
    from build_env.ports import EventSink

__all__ = ["Report", "reports_for", "with_reports"]


class Report(Protocol):
    """A listener that writes one file when the run is over."""

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""

    def error(self, error: BuildEnvError) -> None:
        """Write what is known: `error` ended the run before its tasks did."""


def reports_for(
    *,
    junit: Path | None,
    html: Path | None,
    root: Path,
) -> list[Report]:
    """The reports asked for; each says at once when its file cannot be written. See the listeners for the rest."""
    reports: list[Report] = []
    if junit:
        reports.append(ui_junit.JUnitListener(path=junit, clock=time.monotonic))
    if html:
        reports.append(
            report_listener.ReportListener(
                path=html,
                clock=time.monotonic,
                root=root,
                when=time.strftime("%Y-%m-%d %H:%M %Z"),
            )
        )
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
