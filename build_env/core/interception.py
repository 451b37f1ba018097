"""Owns how a thread's questions to the machine are seen: by Python's audit events, and functions put in others' place.

Audit events tell of every opening and listing, from inside libraries too; for `stat` and the environment there are
none. What is put in place stands in the module `os`, which all threads share, so each function asks first whether its
own thread is watched, and does what it always did otherwise. Whatever happens, the old functions come back.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Replacements", "WatchedVariables", "Watcher", "intercepted", "is_user_code", "paused", "user_code"]


class Watcher(Protocol):
    """Who is told of a question before it is answered; see `core.reading.Reading`."""

    def meaning(self, name: str, what: str) -> None: ...  # noqa: D102
    def look(self, name: str, how: str) -> None: ...  # noqa: D102
    def link(self, name: str) -> None: ...  # noqa: D102
    def variable(self, name: str) -> None: ...  # noqa: D102
    def whole_environment(self) -> None: ...  # noqa: D102
    def current_directory(self) -> str: ...  # noqa: D102


_WATCHER: ContextVar[Watcher | None] = ContextVar("build_env_watcher", default=None)
_USER_CODE: ContextVar[bool] = ContextVar("build_env_user_code", default=False)
_IMPORT_SYSTEM = "<frozen importlib._bootstrap_external>"
_STAT, _LSTAT, _ACCESS, _READLINK, _GETCWD = os.stat, os.lstat, os.access, os.readlink, os.getcwd


class Replacements:
    """Attributes of modules that stand in others' place as long as somebody, in any thread, needs them."""

    def __init__(self, *entries: tuple[ModuleType, str, object]) -> None:
        """Each a module, the name there, and what stands there meanwhile."""
        self._entries = entries
        self._before: list[object] = []
        self._users = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Put them in place, and back what was there when the last user goes."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._before = [getattr(module, name) for module, name, _ in self._entries]
                for module, name, value in self._entries:
                    setattr(module, name, value)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    for (module, name, _), value in zip(self._entries, self._before, strict=True):
                        setattr(module, name, value)


@contextlib.contextmanager
def intercepted(watcher: Watcher) -> Iterator[None]:
    """Tell `watcher` of everything that this thread asks meanwhile."""
    _install()
    token = _WATCHER.set(watcher)
    try:
        with _questions().in_place():
            yield
    finally:
        _WATCHER.reset(token)


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Tell nobody of what this thread asks meanwhile."""
    token = _WATCHER.set(None)
    try:
        yield
    finally:
        _WATCHER.reset(token)


@contextlib.contextmanager
def user_code() -> Iterator[None]:
    """What this thread asks meanwhile is asked by code that may use any part of the answer."""
    token = _USER_CODE.set(True)
    try:
        yield
    finally:
        _USER_CODE.reset(token)


def is_user_code() -> bool:
    """Whether this thread runs such code."""
    return _USER_CODE.get()


@functools.cache
def _install() -> None:
    # An audit hook cannot be removed; it does nothing while nobody watches.
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event not in {"open", "os.listdir", "os.scandir"}:
        return
    watcher = _WATCHER.get()
    if watcher is None:
        return
    path = _path_of(arguments[0] if arguments and arguments[0] is not None else ".")
    if path is None:
        return
    if event == "open":
        watcher.meaning(path, "content")
    elif event == "os.listdir" and sys._getframe(1).f_code.co_filename == _IMPORT_SYSTEM:  # noqa: SLF001 - who asks
        watcher.meaning(path, "modules")
    else:
        watcher.meaning(path, "names")
        if event == "os.scandir" and _USER_CODE.get():
            # Entries answer `stat` themselves.
            with paused():
                names = os.listdir(path) if os.path.isdir(path) else []  # noqa: PTH112, PTH208 - by text, as all here
            for name in names:
                watcher.look(f"{path}/{name}", "own full")
                watcher.look(f"{path}/{name}", "full")


def _path_of(path: object, directory: object = None) -> str | None:
    """The path as text; None for a descriptor, whose file was opened before."""
    if path is None or isinstance(path, int):
        return None
    name = os.fsdecode(path)  # type: ignore[arg-type]  # what it refuses, the function itself refuses as well
    if isinstance(directory, int) and not name.startswith("/"):
        name = f"{_READLINK(f'/proc/self/fd/{directory}')}/{name}"
    return name


def _tell(path: object, directory: object, *, follow: bool) -> None:
    watcher = _WATCHER.get()
    name = None if watcher is None else _path_of(path, directory)
    if watcher is not None and name is not None:
        extent = "full" if _USER_CODE.get() else "mode"
        watcher.look(name, extent if follow else f"own {extent}")


@functools.wraps(_STAT)
def _stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ANN401
    _tell(path, dir_fd, follow=follow_symlinks)
    return _STAT(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)


@functools.wraps(_LSTAT)
def _lstat(path: Any, *, dir_fd: int | None = None) -> os.stat_result:  # noqa: ANN401 - as os
    _tell(path, dir_fd, follow=False)
    return _LSTAT(path, dir_fd=dir_fd)


@functools.wraps(_ACCESS)
def _access(path: Any, mode: int, *, dir_fd: int | None = None, **options: bool) -> bool:  # noqa: ANN401 - as os
    _tell(path, dir_fd, follow=options.get("follow_symlinks", True))
    return _ACCESS(path, mode, dir_fd=dir_fd, **options)


@functools.wraps(_READLINK)
def _readlink(path: Any, *, dir_fd: int | None = None) -> Any:  # noqa: ANN401 - as os
    watcher = _WATCHER.get()
    name = None if watcher is None else _path_of(path, dir_fd)
    if watcher is not None and name is not None:
        watcher.link(name)
    return _READLINK(path, dir_fd=dir_fd)


@functools.wraps(_GETCWD)
def _getcwd() -> str:
    watcher = _WATCHER.get()
    return _GETCWD() if watcher is None else watcher.current_directory()


class WatchedVariables(MutableMapping[Any, Any]):
    """`os.environ` or `os.environb`, of which the watcher of the thread learns what is asked."""

    def __init__(self, variables: Any) -> None:  # noqa: ANN401 - what maps names to values
        self._variables = variables

    def __getitem__(self, name: Any) -> Any:  # noqa: ANN401 - text or bytes
        watcher = _WATCHER.get()
        if watcher is not None and isinstance(name, str | bytes):
            watcher.variable(os.fsdecode(name))
        return self._variables[name]

    def __setitem__(self, name: Any, value: Any) -> None:  # noqa: ANN401 - as above
        self._variables[name] = value

    def __delitem__(self, name: Any) -> None:  # noqa: ANN401 - as above
        del self._variables[name]

    def __iter__(self) -> Iterator[Any]:
        self._all()
        return iter(self._variables)

    def __len__(self) -> int:
        self._all()
        return len(self._variables)

    def __or__(self, other: Any) -> dict[Any, Any]:  # noqa: ANN401 - as above
        return {**self, **other}

    def __ror__(self, other: Any) -> dict[Any, Any]:  # noqa: ANN401 - as above
        return {**other, **self}

    def __repr__(self) -> str:
        self._all()
        return repr(self._variables)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - encoders, which libraries use
        return getattr(self._variables, name)

    def copy(self) -> dict[Any, Any]:
        """As `os.environ.copy`."""
        return dict(self)

    @staticmethod
    def _all() -> None:
        watcher = _WATCHER.get()
        if watcher is not None:
            watcher.whole_environment()


@functools.cache
def _questions() -> Replacements:
    wrappers: list[tuple[Callable[..., object], Callable[..., object]]] = [
        (_STAT, _stat), (_LSTAT, _lstat), (_ACCESS, _access), (_READLINK, _readlink), (_GETCWD, _getcwd)
    ]  # fmt: skip
    for supporting in (os.supports_dir_fd, os.supports_follow_symlinks, os.supports_fd, os.supports_effective_ids):
        # Libraries look up there what a function can.
        supporting.update(wrapper for function, wrapper in wrappers if function in supporting)
    return Replacements(
        *((os, function.__name__, wrapper) for function, wrapper in wrappers),
        (os, "environ", WatchedVariables(os.environ)),
        (os, "environb", WatchedVariables(os.environb)),
    )
