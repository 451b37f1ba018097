"""Owns the one hierarchy of errors and their exit codes.

Every error a user can cause derives from `BuildEnvError` and says what happened, where, and what to do next.
Anything else that escapes is a defect of build-env itself. This module must not print and must not exit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from build_env.core.visible import visible_name

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BuildEnvError",
    "EnvironmentNotReady",
    "Fault",
    "HookError",
    "InfrastructureError",
    "InputError",
    "Interrupted",
    "Location",
    "StaleAttempt",
    "TaskError",
    "UsageError",
]


@dataclass(frozen=True, kw_only=True, order=True)
class Location:
    """A place in a user's file; `line` and `column` count from 1, 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """`file:line:column` without the parts that are unknown."""
        parts = [visible_name(self.file), *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong at one place; an error may carry many."""

    message: str
    location: Location | None = None

    def __str__(self) -> str:
        """`file:line:column: message`."""
        return f"{self.location}: {self.message}" if self.location else self.message

    def lines(self) -> list[str]:
        """The text a person reads; more than one line where there is more to show."""
        return [str(self)]


class BuildEnvError(Exception):
    """What was asked could not be done; the base of all expected errors.

    `message` says what happened, `hint` what to do next, `faults` where it went wrong.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        location: Location | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        """Keep the parts; `location` is short for a single fault at that place."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        self.faults = faults

    @property
    def all_faults(self) -> tuple[Fault, ...]:
        """The faults; of an error without any the message as one."""
        return self.faults or (Fault(message=self.message, location=self.location),)

    def name_files(self, called: Callable[[str], str]) -> None:
        """Have the files of all places called as `called` says."""

        def named(location: Location | None) -> Location | None:
            return replace(location, file=called(location.file)) if location else None

        self.location = named(self.location)
        self.faults = tuple(replace(fault, location=named(fault.location)) for fault in self.faults)

    @property
    def in_one_line(self) -> str:
        """The message with its place, and all faults behind it."""
        first = Fault(message=str(self.message), location=self.location)
        return "; ".join(map(str, (first, *self.faults)))

    def lines(self) -> list[str]:
        """The text a person reads, one entry per line, without colour."""
        where = f"{self.location}: " if self.location else ""
        text = [
            f"{where}{self.message} [{self.code}]",
            *(f"  {line}" for fault in self.faults for line in fault.lines()),
        ]
        return [*text, f"  next  {self.hint}"] if self.hint else text


class TaskError(BuildEnvError):
    """A task's own work failed: a Dockerfile step, an install command. Exit code 1, as for a failed command."""

    code = "task"


class UsageError(BuildEnvError):
    """The command line names something that does not exist or contradicts itself.

    `mistyped` is a word of it, with the one that was meant as it seems; two empty texts where none is near.
    """

    exit_code = 2
    code = "usage"
    mistyped: tuple[str, str] = ("", "")


class InputError(BuildEnvError):
    """A file of the project is wrong: a definition, a packaging file, a setting."""

    exit_code = 2
    code = "input"


class HookError(InputError):
    """A `packages.conf.py` or a module of `common/` is wrong: syntax, misspelt hook, exception, side effect."""

    code = "hook"


class EnvironmentNotReady(BuildEnvError):
    """The machine lacks something: an engine, a base image, a binfmt handler, disk space."""

    exit_code = 4
    code = "environment"


class InfrastructureError(EnvironmentNotReady):
    """The engine or the network failed while working; the same task may succeed when tried again."""

    code = "infrastructure"


class StaleAttempt(InfrastructureError):
    """An attempt whose run was taken for dead, or whose record is gone, wants to record a result: nothing is kept."""


class Interrupted(BuildEnvError):
    """The user stopped the run."""

    exit_code = 130
    code = "interrupted"
