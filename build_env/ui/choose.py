"""Owns the choice of a listener: a terminal gets progress, a pipe plain lines, a program JSON lines."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from build_env.core.errors import BuildEnvError
from build_env.core.later import imported_later
from build_env.ui.jsonl import JsonListener
from build_env.ui.plain import PlainListener

with imported_later():
    from build_env.ui import github
    from build_env.ui import progress as ui_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.model.events import Event
    from build_env.ports import EventSink

__all__ = ["LineWriter", "choose_listener", "wants_progress"]

_NO_CURSOR = frozenset({"", "dumb", "unknown"})


class LineWriter:
    """Writes lines at once. A reader that has gone stops the run like Ctrl-C; nothing is written after that."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._gone = False

    def __call__(self, line: str) -> None:
        """Write one line."""
        if self._gone:
            return
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except BrokenPipeError as error:
            self._gone = True
            # The interpreter flushes at its end and must not meet the broken pipe again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            raise KeyboardInterrupt from error


def wants_progress(environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether lines may be drawn over: a terminal that can move its cursor, and no CI log."""
    return terminal and environment.get("TERM", "") not in _NO_CURSOR and "GITHUB_ACTIONS" not in environment


@contextlib.contextmanager
def choose_listener(log_format: str, root: Path) -> Iterator[EventSink]:
    """The listener for `auto`, `plain` or `json` on standard output, until the run is over; `root` is the project's."""
    write = LineWriter(sys.stdout)
    if log_format == "json":
        program = JsonListener(write=write)
        try:
            yield program
        except BuildEnvError as error:
            program.error(error)
            raise
    elif log_format == "auto" and wants_progress(os.environ, terminal=sys.stdout.isatty()):
        with ui_progress.ProgressListener(sys.stdout) as progress:
            yield progress
    elif "GITHUB_ACTIONS" in os.environ:
        with _of_github(write, root, os.environ.get("GITHUB_STEP_SUMMARY", "")) as listener:
            yield listener
    else:
        yield PlainListener(write=write)


@contextlib.contextmanager
def _of_github(write: LineWriter, root: Path, summary: str) -> Iterator[EventSink]:
    """Plain lines in groups, with annotations, and the summary of the step where the runner asks for one."""
    plain = PlainListener(write=write, groups=True, annotations=lambda event: github.annotation_lines(event, root))
    step = github.StepSummary(path=Path(summary)) if summary else None

    def tell(event: Event) -> None:
        plain(event)
        if step:
            step(event)

    try:
        yield tell
    except BuildEnvError as error:
        for line in github.error_lines(error):
            write(line)
        if step:
            step.error("\n".join(error.lines()))
        raise
