"""Owns rooms in which a hook of a target does something with packages that are in no project: no task, no result."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING

from build_env.app.executor import time_limit
from build_env.app.limits import room_limits
from build_env.core.disk import scratch
from build_env.core.errors import Fault, InputError, UsageError
from build_env.core.trees import Trees
from build_env.inspect.asking import target_image
from build_env.model.room import RoomSpec
from build_env.work.snapshot import LocalTrees

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from build_env.app.session import Session

__all__ = ["HookRoom"]

_SHOWN = 8  # lines of what a command said before it failed


@dataclass(frozen=True, kw_only=True)
class HookRoom:
    """What hooks of the session's target do with packages that are in no project.

    `root` is a directory like that of a project, with nothing but `src/`, whose links may lead to `outside`. `failure`
    is the message of what cannot be done.
    """

    session: Session
    root: Path
    outside: str
    failure: str
    tell: Callable[[str], None]

    def run(self, hook: str, argument: object, environment: Mapping[str, str], collect: Path) -> Sequence[str]:
        """Do what the hook records in a fresh room that sees all of `src/`; its results lie in `collect` then.

        The lines that were printed. Raises UsageError when the hook records nothing, InputError when a command fails.
        """
        session, project = self.session, self.session.project
        architecture = project.host.architecture
        record = session.planner.recorded(architecture, hook, argument)
        if not record.commands:
            raise UsageError(f"{session.planner.target.name} has no hook {hook}", hint="name another with --target")
        stored = target_image(session, record.commands[0].kind, architecture, self.tell)
        containers, lines = session.connected(), list[str]()
        with scratch(project.paths.rooms, "visit-") as manifests:
            shared = LocalTrees(project.trees, manifests)
            brought = LocalTrees(Trees(root=self.root, outside=self.outside), manifests)
            entries = [shared.entry(project.paths.root / folder, folder) for folder in record.folders]
            entries.append(brought.entry(self.root / "src", "src"))
            spec = RoomSpec(
                image=stored.facts["tag"],
                commands=record.commands,
                environment={
                    "ARCH": architecture,
                    "BUILD_HOST_ARCH": architecture,
                    "LC_ALL": "C.UTF-8",
                    "TZ": "UTC",
                    **environment,
                },
                entries=tuple(entries),
                object_path=lambda digest: shared.path(digest) if digest in shared else brought.path(digest),
                collect=collect,
                labels={"project": project.checkout, "run": session.run.id, "role": "room"},
                limit=time_limit(session.options, project.settings),
                limits=room_limits(project.settings, together=0, machine=containers.connection.facts.memory),
                kept=False,
            )
            outcome = containers.rooms.run(spec, lines.append)
        if outcome.status:
            said = [line.strip() for line in lines if not line.startswith("build-env: ")]
            # What tools tell of before is no reason.
            said = [*dropwhile(lambda line: "error: " not in line, said)] or said
            faults = tuple(Fault(message=line.removeprefix("error: ")) for line in said[-_SHOWN:] or [outcome.message])
            raise InputError(self.failure, faults=faults)
        return lines
