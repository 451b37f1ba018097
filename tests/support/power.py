"""A disk that remembers what was written and synced, and what a power cut leaves of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["RecordingDisk", "Step", "after_power_cut"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that was done: to which path, to which other one, with which content."""

    act: str
    path: Path
    other: Path = Path()
    data: bytes = b""
    database: dict[str, bytes] = field(default_factory=dict)


@dataclass
class RecordingDisk(Disk):
    """The disk as it is, with a record; `snapshot` gives the files that something else keeps safe by itself."""

    snapshot: Callable[[], dict[str, bytes]]
    steps: list[Step] = field(default_factory=list)

    def write(self, path: Path, data: bytes) -> None:
        super().write(path, data)
        self.note("write", path, data=data)

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        self.note("rename", old, new)

    def bring(self, old: Path, new: Path) -> None:
        self.note("write", old, data=old.read_bytes())  # by a room, which syncs nothing
        super().bring(old, new)
        self.note("rename", old, new)

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.note("sync", path)

    def make_directory(self, path: Path) -> None:
        existed = path.is_dir()
        super().make_directory(path)
        if not existed:
            self.note("directory", path)

    def note(self, act: str, path: Path, other: Path = Path(), *, data: bytes = b"") -> None:
        self.steps.append(Step(act=act, path=path, other=other, data=data, database=self.snapshot()))


@dataclass
class _File:
    data: bytes
    safe: bytes | None = None


def after_power_cut(steps: Sequence[Step], survives: Callable[[str], str]) -> dict[Path, bytes]:
    """The files that are left.

    What was not synced is left as `survives` says of it: a name `lost` or `kept`, content `lost`, `zero` or `kept`.
    """
    now: dict[Path, _File] = {}
    safe: dict[Path, _File] = {}
    for step in steps:
        if step.act == "write":
            now[step.path] = _File(step.data)
        elif step.act == "rename":
            now[step.other] = now.pop(step.path)
        elif step.act == "sync" and step.path in now:
            now[step.path].safe = now[step.path].data
        elif step.act == "sync":
            safe = {path: file for path, file in safe.items() if path.parent != step.path}
            safe |= {path: file for path, file in now.items() if path.parent == step.path}
    left = dict(safe)
    left |= {path: file for path, file in now.items() if safe.get(path) is not file and survives("name") == "kept"}
    return {path: _content(file, survives) for path, file in left.items()}


def _content(file: _File, survives: Callable[[str], str]) -> bytes:
    if file.safe is not None:
        return file.safe
    return {"lost": b"", "zero": bytes(len(file.data)), "kept": file.data}[survives("content")]
