"""Owns what user code may not ask because its answer is never the same twice: the clock, chance, process numbers."""

from __future__ import annotations

import datetime as dt
import functools
import os
import random
import secrets
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, Self

from build_env.core.interception import Replacements, is_user_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["UnstableError", "refusals"]

_CLOCK = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
          "process_time_ns", "thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns")  # fmt: skip
# Without their argument, the time, they take that of now.
_CLOCK_BY_DEFAULT = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
_CHANCE = tuple(name for name in random.__all__ if name not in {"Random", "SystemRandom", "getstate", "setstate"})
_NAMES: tuple[tuple[ModuleType, tuple[str, ...], str], ...] = (
    (time, _CLOCK, "asks the clock"),
    (random, _CHANCE, "takes a random number"),
    (
        secrets,
        ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"),
        "takes a random number",
    ),
    (os, ("urandom", "getrandom"), "takes a random number"),
    (uuid, ("uuid1", "uuid4"), "takes a random number"),
    (os, ("getpid", "getppid", "times", "getloadavg"), "asks what differs between processes"),
)
_REAL_DATE, _REAL_TIME = dt.date, dt.datetime
# The log of a hook is no part of its answer.
_MAY_ASK = frozenset({"logging"})


class UnstableError(Exception):
    """User code asked for what is never the same twice."""


@functools.cache
def refusals() -> Replacements:
    """What stands in the place of all that while user code runs; other threads get their answer as ever."""
    entries: list[tuple[ModuleType, str, object]] = [
        (module, name, _refusing(getattr(module, name), f"{module.__name__}.{name}", why))
        for module, names, why in _NAMES
        for name in names
    ]
    entries += [
        (time, name, _refusing(getattr(time, name), f"time.{name}", "asks the clock", least=least + 1))
        for name, least in _CLOCK_BY_DEFAULT.items()
    ]
    entries += [(random, "Random", _Random), (dt, "datetime", _DateTime), (dt, "date", _Date)]
    return Replacements(*entries)


def _refusing(function: Callable[..., Any], name: str, why: str, least: int | None = None) -> Callable[..., Any]:
    """The function, but not for user code; with `least` arguments user code may have it."""

    @functools.wraps(function)
    def asked(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the function
        if least is None or len(arguments) < least:
            _refuse(name, why, sys._getframe(1).f_globals.get("__name__"))  # noqa: SLF001 - who asks
        return function(*arguments, **options)

    return asked


def _refuse(name: str, why: str, asking: object = "") -> None:
    # What user code reads is digested by build-env itself, which looks at the clock for that.
    if is_user_code() and asking not in _MAY_ASK and not str(asking).startswith("build_env."):
        raise UnstableError(f"{why} ({name})")


class _Random(random.Random):  # noqa: S311 - it stands for the one that user code asks for
    """A generator that user code may make from a seed only."""

    def __new__(cls, *seed: Any) -> Self:  # noqa: ANN401 - as random
        if not seed or seed[0] is None:
            _refuse("random.Random without a seed", "takes a random number")
        return super().__new__(cls, *seed)


class _Real(type):
    """Instances of the real class count as instances; and only such are ever made."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.__mro__[1])


class _Date(dt.date, metaclass=_Real):
    def __new__(cls, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as datetime
        return _REAL_DATE(*arguments, **options)

    @classmethod
    def today(cls) -> Any:  # noqa: ANN401 - as datetime
        _refuse("datetime.date.today", "asks the clock")
        return _REAL_DATE.today()


class _DateTime(dt.datetime, metaclass=_Real):
    def __new__(cls, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as datetime
        return _REAL_TIME(*arguments, **options)

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:  # noqa: ANN401 - as datetime
        _refuse("datetime.datetime.now", "asks the clock")
        return _REAL_TIME.now(tz)

    @classmethod
    def today(cls) -> Any:  # noqa: ANN401 - as datetime
        _refuse("datetime.datetime.today", "asks the clock")
        return _REAL_TIME.today()

    @classmethod
    def utcnow(cls) -> Any:  # noqa: ANN401 - as datetime
        _refuse("datetime.datetime.utcnow", "asks the clock")
        return _REAL_TIME.utcnow()  # type: ignore[deprecated]
