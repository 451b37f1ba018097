"""Owns the tasks that run commands of a package in a room: the seed's stages, and what is read or asked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.registry import is_binary
from build_env.work.inputs import refuse_undeclared
from build_env.work.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Store
    from build_env.work.kind import Done, Hands

__all__ = ["Ask", "Build", "Scan", "Source", "Verify"]


class InRoom(Kind):
    """Commands in a room that holds what the task declared."""

    of_packages = True

    def inputs(self, task: Task, inputs: tuple[ResolvedInput, ...], store: Store) -> tuple[ResolvedInput, ...]:
        """See `Kind.inputs`: also a result that is there already is refused when its source needs what it may not."""
        refuse_undeclared(task, inputs, store)
        return inputs

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:  # noqa: ARG002 - a room is always new
        """See `Kind.do`."""
        return hands.rooms.do(work, write)


class Scan(InRoom):
    """Reads in a room what only a room may read."""

    name = "scan"
    rank = 1.0
    usual_seconds = 3.0
    of_packages = False
    others = "spec files of"


class Source(InRoom):
    """Makes the source package."""

    name = "source"
    rank = 2.0
    usual_seconds = 5.0


class Ask(InRoom):
    """Finds out what else a build needs."""

    name = "ask"
    rank = 3.0
    usual_seconds = 5.0
    of_packages = False
    others = "build dependencies of"


class Build(InRoom):
    """Makes the built packages."""

    name = "build"
    rank = 3.0
    usual_seconds = 30.0

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:
        """See `Kind.do`. A build of nothing may be meant (other architectures only), but not be left unsaid."""
        done = super().do(work, hands, write, anew=anew)
        if done.stored and not any(is_binary(item.name) for item in done.stored.artifacts):
            write("note: it left no package in out/")
        return done


class Verify(InRoom):
    """Looks at the built packages."""

    name = "verify"
    finishes = True
    rank = 4.0
    usual_seconds = 5.0
