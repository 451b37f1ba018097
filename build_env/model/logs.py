"""Owns how the log of a task is called: `debian-12/greet.amd64.build.log`, and what such a name says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.task import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.model.task import Task

__all__ = ["LogName", "log_file", "read_log_name"]

_SUFFIX = ".log"


@dataclass(frozen=True, kw_only=True)
class LogName:
    """What the name of a log says: the package or image, the architecture where the task has one, the stage."""

    subject: str
    arch: str
    stage: Stage


def log_file(task: Task) -> str:
    """Where the log of `task` lies below the directory of logs; a later attempt takes the place of an earlier one."""
    subject = task.image_build.name if task.image_build else task.subject.replace("/", "-").replace(" ", "-")
    parts = (subject, "" if task.image_build else task.arch, task.stage.value)
    return f"{task.target.replace('/', '-')}/{'.'.join(part for part in parts if part)}{_SUFFIX}"


def read_log_name(name: str, subjects: Iterable[str]) -> LogName | None:
    """What the file name of a log says, None when it is none.

    Subjects have dots of their own: those that are known, `subjects`, go before what the dots seem to say.
    """
    words, _, stage = name.removesuffix(_SUFFIX).rpartition(".")
    if not name.endswith(_SUFFIX) or not words or stage not in set(Stage):
        return None
    if words in subjects:
        return LogName(subject=words, arch="", stage=Stage(stage))
    subject, _, arch = words.rpartition(".")
    if subject in subjects or (subject and stage not in {Stage.SOURCE, Stage.IMAGE, Stage.SCAN}):
        return LogName(subject=subject, arch=arch, stage=Stage(stage))
    return LogName(subject=words, arch="", stage=Stage(stage))
