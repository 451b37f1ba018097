"""Owns the reading of a task's id: of which target, subject, stage and architecture it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from build_env.model.task import Stage

__all__ = ["TaskName", "read_task_id"]

_OF_A_PACKAGE = 4


@dataclass(frozen=True, kw_only=True)
class TaskName:
    """What an id says. `subject` is the package, the image, or the short key of a layer; empty where there is none."""

    target: str
    subject: str
    stage: Stage
    arch: str = ""

    @property
    def of_package(self) -> bool:
        """Whether the subject is a package; of the layers only those of builds have one."""
        return self.stage not in {Stage.IMAGE, Stage.SCAN, Stage.TAR} and bool(self.arch)

    @property
    def label(self) -> str:
        """What a person reads behind the stage: `greet amd64`; a source stage of all architectures names none."""
        arch = "" if self.arch == self.stage else self.arch
        return " ".join(part for part in (self.subject, arch) if part)


def read_task_id(task: str) -> TaskName | None:
    """`debian/12:greet:build:amd64`, `debian/12:image:debian-12-build`, `debian/12:scan`; None for anything else."""
    target, *rest = task.split(":")
    try:
        if len(rest) == _OF_A_PACKAGE - 1:
            return TaskName(target=target, subject=rest[0], stage=Stage(rest[1]), arch=rest[2])
        stage, *others = rest
        if stage == Stage.TAR.value:
            return TaskName(target=target, subject="", stage=Stage.TAR, arch=others[0])
        return TaskName(target=target, subject="".join(others), stage=Stage(stage))
    except (ValueError, IndexError):
        return None
