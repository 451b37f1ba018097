"""Owns how much of each log the page carries: all of small ones, beginning and end of large ones, failures first.

The page stays below a few megabytes whatever the tasks printed; what is left out is said and stays in the log file.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from build_env.model.result import Status
from build_env.ui.text import clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from build_env.model.identity import TaskName
    from build_env.ui.record import TaskRecord

__all__ = ["TOTAL", "Excerpt", "excerpts", "shares"]

TOTAL = 2_500_000  # bytes of the page, after escaping, that all logs together may take
_LIMIT = 100_000
_LIMIT_FAILED = 250_000
_LEAST = 400  # some last lines, even when there are very many logs


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What the page shows of a log: `head`, then `left_out` bytes that only the file has, then `tail`."""

    head: str = ""
    tail: str = ""
    left_out: int = 0
    problem: str = ""


def excerpts(records: Iterable[TaskRecord], root: Path, total: int = TOTAL) -> dict[TaskName, Excerpt]:
    """An excerpt for each task that names a log, by task."""
    logged = [record for record in records if record.result and record.result.log]
    sizes = {record.task.name: _size(root / _log(record)) for record in logged}
    failed = {record.task.name for record in logged if record.status is Status.FAILED}
    limits = shares({task: size for task, size in sizes.items() if task in failed}, total // 2, _LIMIT_FAILED)
    rest = total - sum(min(limits[task], sizes[task]) for task in failed)
    limits |= shares({task: size for task, size in sizes.items() if task not in failed}, rest, _LIMIT)
    return {record.task.name: _read(root / _log(record), limits[record.task.name]) for record in logged}


def shares(sizes: Mapping[TaskName, int], total: int, limit: int) -> dict[TaskName, int]:
    """What each may take of `total`: small ones leave what they do not need to the larger ones."""
    result: dict[TaskName, int] = {}
    left = total
    for number, (name, size) in enumerate(sorted(sizes.items(), key=lambda item: (item[1], item[0]))):
        fair = max(_LEAST, min(limit, left // (len(sizes) - number)))
        result[name] = fair
        left -= min(size, fair)
    return result


def _log(record: TaskRecord) -> str:
    return record.result.log if record.result else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _read(path: Path, limit: int) -> Excerpt:
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size <= limit:
                head, tail = clean_lines(_text(file.read(limit))), ""
            else:
                head = clean_lines(_text(file.read(limit // 4)).rpartition("\n")[0])
                file.seek(size - limit * 3 // 4)
                last = _text(file.read(limit))
                tail = clean_lines(last.partition("\n")[2] or last)
    except (OSError, ValueError) as error:
        return Excerpt(problem=f"the log cannot be read: {getattr(error, 'strerror', None) or error}")
    return _fit(head.rstrip("\n"), tail.rstrip("\n"), size, limit)


def _fit(head: str, tail: str, size: int, limit: int) -> Excerpt:
    """Shorten what grew by escaping: a log of angle brackets takes four times its size."""
    if not tail and _cost(head) > limit:
        tail = head
        head = head[: len(head) // 4]
    while _cost(head) + _cost(tail) > limit:
        head, tail = head[: len(head) * 3 // 4], tail[len(tail) // 4 + 1 :]
    shown = len(head.encode("utf-8")) + len(tail.encode("utf-8"))
    return Excerpt(head=head, tail=tail, left_out=max(1, size - shown) if tail else 0)


def _cost(text: str) -> int:
    return len(escape(text).encode("utf-8"))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
