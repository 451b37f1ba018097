"""Owns the terminal mode: what has ended scrolls by as in the plain mode, what runs is drawn below it.

The only module that imports rich. Colour repeats what the words say. Drawing happens in rich's own thread and when
events come; both hold rich's lock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from build_env.core.visible import printable
from build_env.model.events import PlanReady, TaskFinished, TaskOutput, TaskRetried, TaskStarted
from build_env.ui.plain import PlainListener, forecast_of
from build_env.ui.words import about, basis, duration, task_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from build_env.model.events import Event
    from build_env.model.identity import TaskName
    from build_env.model.task import Task
    from build_env.schedule.forecast import Forecast

__all__ = ["ProgressListener"]

_PER_SECOND = 5
_STYLES = {
    "ok": "green",
    "FAIL": "bold red",
    "plan": "bold",
    "note": "yellow",
    "again": "yellow",
    "wait": "yellow",
    "done": "bold green",
    "failed": "bold red",
    "stopped": "bold yellow",
    "next": "bold cyan",
    "log": "cyan",
}


@dataclass
class _Running:
    task: Task
    began: float
    line: str = ""


@dataclass
class ProgressListener:
    """Draws on `stream`, a terminal; a context manager, because the terminal must be left in order."""

    stream: TextIO
    clock: Callable[[], float] = time.monotonic
    _running: dict[TaskName, _Running] = field(default_factory=dict)
    _total: int = 0
    _ended: int = 0
    _began: float = 0.0
    _forecast: Forecast | None = None

    def __post_init__(self) -> None:
        """Prepare the parts; nothing is drawn before `with`."""
        self._console = Console(file=self.stream, highlight=False, markup=False, emoji=False)
        self._plain = PlainListener(write=self._write)
        self._live = Live(
            console=self._console,
            get_renderable=self.picture,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._began = self.clock()
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what is drawn below the lines and show the cursor again."""
        self._running.clear()
        self._total = 0
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """See `EventSink`."""
        match event:
            case PlanReady(plan=plan):
                self._total, self._ended = len(plan), 0
                self._forecast = forecast_of(event)
            case TaskStarted(task=task):
                self._running[task.name] = _Running(task=task, began=self.clock())
                if self._forecast:
                    self._forecast.started(task.name)
            case TaskRetried(task=task):
                self._running.pop(task.name, None)
                if self._forecast:
                    self._forecast.put_back(task.name)
            case TaskOutput(task=task, line=line):
                if task.name in self._running:
                    self._running[task.name].line = printable(line).strip() or self._running[task.name].line
                return
            case TaskFinished(task=task):
                self._running.pop(task.name, None)
                self._ended += 1
                if self._forecast:
                    self._forecast.ended(task.name)
            case _:
                pass
        self._plain(event)

    def picture(self) -> Group:
        """The lines of what runs and the count, each cut to the width and all to the height of the terminal."""
        now = self.clock()
        running = list(self._running.values())
        shown = running[: max(1, self._console.height - 3)]
        lines = [_cut(task_line(None, item.task, now - item.began, item.line)) for item in shown]
        if len(running) > len(shown):
            lines.append(_cut(f"        and {len(running) - len(shown)} more"))
        if self._total and self._ended < self._total:
            done = f"{self._ended} of {self._total} tasks ended"
            left = self._left(now)
            lines.append(_cut(f"        {done}, {len(running)} running, {duration(now - self._began)}{left}"))
        return Group(*lines)

    def _left(self, now: float) -> str:
        """How long the rest will take, and what that rests on."""
        if self._forecast is None or not self._forecast.recorded + self._forecast.guessed:
            return ""
        left = self._forecast.seconds_left({name: now - item.began for name, item in self._running.items()})
        return f", about {about(left)} left ({basis(self._forecast.recorded, self._forecast.guessed)})"

    def _write(self, line: str) -> None:
        """Print a finished line above the drawing. A long one wraps in the terminal and stays one line when copied."""
        word = line.split(maxsplit=1)[0] if line.strip() else ""
        text = Text(line)
        if word in _STYLES:
            start = line.index(word)
            text.stylize(_STYLES[word], start, start + len(word))
        self._console.print(text, soft_wrap=True)


def _cut(line: str) -> Text:
    return Text(line, no_wrap=True, overflow="ellipsis", style="dim")
