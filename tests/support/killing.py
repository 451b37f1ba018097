"""Runs a command that kills itself, with SIGKILL, just before one of its writes to the project, which are numbered.

    python -P -m tests.support.killing RECORD POINT WORD… -- MODULE ARGUMENT…

RECORD gets a line for each write that is reached; with POINT 0 the command comes to its end, and the lines tell all
points. With WORDs only the writes whose line has one of them are numbered. A write is what changes a name, makes a
file, puts data on the disk, ends a transaction, or is asked of the engine; of the last two also the moment after it.
What the product does is not changed, and it need not help.
"""

# It stands in front of functions that take anything and that pathlib itself calls.
# ruff: noqa: ANN401, PTH100, PTH109, PTH112, PTH118, PTH120

from __future__ import annotations

import builtins
import importlib
import io
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Killer", "install"]

# What they change is named by the first argument, by the second where something gets a name.
_NAMES = ("rmdir", "unlink")
_NEW_NAMES = ("link", "rename", "replace", "symlink")
_DESCRIPTORS = ("fsync", "pwrite")
# Directories of rooms, which nobody reads after their run.
_NO_JOURNAL = "/build/rooms/"
_VOLATILE = re.compile(r"^/v[0-9.]+|/[0-9a-f]{64}")  # the version of the interface, identifiers
_HOUR = 3600 * 10**9

_write = os.write
_readlink = os.readlink


@dataclass(frozen=True, kw_only=True)
class Killer:
    """Numbers the writes below `root` and ends this process at one of them."""

    root: str
    record: int
    point: int
    words: tuple[str, ...] = ()
    _reached: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, act: str, path: str) -> None:
        """A write is about to happen, or has just happened."""
        if not path.startswith(f"{self.root}/") or path.startswith(f"{self.root}{_NO_JOURNAL}"):
            return
        line = f"{act} {path.removeprefix(self.root)}"
        if self.words and not any(word in line for word in self.words):
            return
        with self._lock:
            self._reached.append(line)
            _write(self.record, f"{line}\n".encode())
            if len(self._reached) == self.point:
                os.kill(os.getpid(), signal.SIGKILL)


def install(killer: Killer) -> None:
    """Let `killer` see what this process writes from now on."""
    for name in _NAMES:
        _wrap(os, name, killer, partial(_named, name, 0))
    for name in _NEW_NAMES:
        _wrap(os, name, killer, partial(_named, name, 1))
    for name in _DESCRIPTORS:
        _wrap(os, name, killer, partial(_described, name))
    _wrap(os, "mkdir", killer, _made_directory)
    _wrap(os, "open", killer, _made_by_descriptor)
    for module in (io, builtins):
        _wrap(module, "open", killer, _made_by_name)
    _wrap_database(killer)


def _wrap(module: Any, name: str, killer: Killer, write: Callable[..., tuple[str, str] | None]) -> None:
    own = getattr(module, name)

    def wrapped(*words: Any, **options: Any) -> Any:
        found = write(*words, **options)
        if found:
            killer.reach(*found)
        return own(*words, **options)

    setattr(module, name, wrapped)


def _wrap_database(killer: Killer) -> None:
    connect = sqlite3.connect

    def connected(database: Any, *words: Any, **options: Any) -> Any:
        path = os.path.abspath(database)

        class Watched(sqlite3.Connection):
            def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
                return _counted(super().execute, query, *values)

            def executescript(self, query: str) -> sqlite3.Cursor:
                return _counted(super().executescript, query)

        def _counted(execute: Callable[..., sqlite3.Cursor], query: str, *values: Any) -> sqlite3.Cursor:
            commits = "COMMIT" in query
            if commits:
                killer.reach("commit", path)
            answer = execute(query, *values)
            if commits:
                killer.reach("committed", path)
            return answer

        return connect(database, *words, **{**options, "factory": Watched})

    sqlite3.connect = connected


def _wrap_engine(killer: Killer) -> None:
    """What the engine is asked to change: points lie before the request and after the head of its answer."""
    import requests  # noqa: PLC0415 - a run without an engine does without

    own = requests.Session.request

    def request(session: Any, method: str, url: str, *words: Any, **options: Any) -> Any:
        path = f"{killer.root}/engine{_VOLATILE.sub('', urlsplit(url).path)}"
        if method != "GET":
            killer.reach(f"before {method}", path)
        answer = own(session, method, url, *words, **options)
        if method != "GET":
            killer.reach(f"after {method}", path)
        return answer

    setattr(requests.Session, own.__name__, request)


def _named(act: str, place: int, *words: Any, **options: Any) -> tuple[str, str]:
    return act, _path(words[place], options)


def _described(act: str, *words: Any) -> tuple[str, str]:
    return act, _open_path(words[0])


def _made_directory(name: Any, *_: Any, **options: Any) -> tuple[str, str] | None:
    path = _path(name, options)
    return ("mkdir", path) if os.path.isdir(os.path.dirname(path)) and not os.path.lexists(path) else None


def _made_by_descriptor(name: Any, flags: int = 0, *_: Any, **options: Any) -> tuple[str, str] | None:
    path = _path(name, options)
    return ("create", path) if flags & os.O_CREAT and not os.path.lexists(path) else None


def _made_by_name(name: Any, mode: str = "r", *_: Any, **options: Any) -> tuple[str, str] | None:
    return None if isinstance(name, int) or not set(mode) & set("wxa") else ("open", _path(name, options))


def _path(name: Any, options: dict[str, Any]) -> str:
    above = options.get("dir_fd")
    text = os.fsdecode(name)
    return os.path.join(_open_path(above), text) if above is not None else os.path.abspath(text)


def _open_path(descriptor: Any) -> str:
    number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
    return _readlink(f"/proc/self/fd/{number}").removesuffix(" (deleted)")


def main() -> None:
    """See above."""
    split = sys.argv.index("--")
    record, point, *words = sys.argv[1:split]
    module, *arguments = sys.argv[split + 1 :]
    handle = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    sys.argv = [module, *arguments]
    command = importlib.import_module(module)
    now = time.time_ns
    # An hour later, files that a test has just written are settled, so that what was read of them is remembered.
    time.time_ns = lambda: now() + _HOUR
    killer = Killer(root=os.getcwd(), record=handle, point=int(point), words=tuple(words))
    install(killer)
    if "native" not in arguments:
        _wrap_engine(killer)
    command.main()


if __name__ == "__main__":
    main()
