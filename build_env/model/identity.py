"""Owns the identity of a task: a value of four parts. Its text is for people, logs and JSON; nobody reads it back."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NO_TASK", "TaskName"]


class TaskName(NamedTuple):
    """Which task: of which target, about what, what is done, for which architecture.

    `stage` is the name of the task's kind. `subject` is the package, the image's name, or the short digest of a layer
    that belongs to no package; empty where the target itself is meant. `architecture` is a Debian name, `all`, or
    `source` for a source that serves all architectures; empty where none is chosen. A tuple, because a plan of forty
    thousand tasks asks for hashes all the time.
    """

    target: str
    subject: str
    stage: str
    architecture: str = ""

    def __str__(self) -> str:
        """`debian/12:greet:build:amd64`, `debian/12:image:debian-12-build`, `debian/12:scan`."""
        if self.of_package:
            return f"{self.target}:{self.subject}:{self.stage}:{self.architecture}"
        return ":".join(filter(None, (self.target, self.stage, self.subject, self.architecture)))

    @property
    def of_package(self) -> bool:
        """Whether the subject is a package; of the layers only those of builds have one."""
        return bool(self.subject and self.architecture)

    @property
    def label(self) -> str:
        """What a person reads behind the stage: `greet amd64`; a source stage of all architectures names none."""
        architecture = "" if self.architecture == self.stage else self.architecture
        return " ".join(filter(None, (self.subject, architecture)))


NO_TASK = TaskName(target="", subject="", stage="")
