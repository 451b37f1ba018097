"""Owns how the log of a task is called: `debian-12/greet.amd64.build.log`. Pure; nobody reads such a name back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from build_env.model.task import Task

__all__ = ["log_file"]


def log_file(task: Task) -> str:
    """Where the log of `task` lies below the directory of logs; a later attempt takes the place of an earlier one."""
    subject = task.image_build.name if task.image_build else task.subject.replace("/", "-").replace(" ", "-")
    parts = (subject, task.arch, task.stage)
    return f"{task.target.replace('/', '-')}/{'.'.join(part for part in parts if part)}.log"
