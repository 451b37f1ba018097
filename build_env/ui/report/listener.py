"""Owns the listener behind `--report`: gathers the run, writes the page when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.later import imported_later
from build_env.model.events import RunFinished
from build_env.ui.files import check_place, write_whole
from build_env.ui.record import RunRecord

with imported_later():
    from build_env.ui.report import page as report_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.core.errors import BuildEnvError
    from build_env.model.events import Event

__all__ = ["ReportListener"]

_OPTION = "--report"


@dataclass
class ReportListener:
    """Writes `path` when the run is over. Raises UsageError or EnvironmentNotReady at once if that cannot be.

    Logs that results name are read below `root`. `when` is a date for people.
    """

    path: Path
    clock: Callable[[], float]
    root: Path
    when: str = ""
    record: RunRecord = field(init=False)

    def __post_init__(self) -> None:
        """See `check_place`."""
        check_place(self.path, _OPTION)
        self.record = RunRecord(clock=self.clock)

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        self.record.take(event)
        if isinstance(event, RunFinished):
            self._write()

    def error(self, error: BuildEnvError) -> None:
        """See `Report`."""
        self.record.fail(error)
        self._write()

    def _write(self) -> None:
        page = report_page.render_page(self.record, root=self.root, when=self.when)
        write_whole(self.path, page, _OPTION)
