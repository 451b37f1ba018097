"""Owns the wiring of externals: their runner, and rooms of a target's build image, made when it is not there."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.core.errors import InputError, UsageError
from build_env.core.later import imported_later
from build_env.externals.executables import ProgramRunner, program_environment, search_path
from build_env.externals.program import Answer, Context
from build_env.externals.runner import ProjectRunner
from build_env.manifest.externals import ExternalError
from build_env.model.command import ImageKind

with imported_later():
    from build_env.app import project as app_project
    from build_env.inspect import shell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from build_env.app.project import Project

__all__ = ["TargetRooms", "open_runner"]

_ROOT = "0:0"  # package managers read their index as root; the room has no capabilities and is thrown away


@dataclass(frozen=True, kw_only=True)
class TargetRooms:
    """Rooms of the project at `root` (None: the one around the current directory), opened when one is needed."""

    root: Path | None
    tell: Callable[[str], None]

    def run(self, target: str, architecture: str, argv: Sequence[str]) -> Answer:
        """See `Rooms.run`."""
        try:
            project = self._project()
            request = shell.ShellRequest(
                target=project.match_target(target), kind=ImageKind.BUILD, architecture=architecture
            )
            with shell.enter_target(project, request, self.tell) as inside:
                output, said = io.BytesIO(), io.BytesIO()
                status = replace(inside, user=_ROOT).command(argv, output, said)
        except (InputError, UsageError) as error:
            first, *more = error.lines()
            raise ExternalError("\n".join([first.removesuffix(f" [{error.code}]"), *more])) from error
        return Answer(status=status, output=_text(output), standard_error=_text(said))

    def _project(self) -> Project:
        try:
            return app_project.open_project(self.root)
        except UsageError as error:
            if self.root:
                raise
            hint = "change into a project; build-env external NAME also takes --root DIRECTORY"
            raise UsageError(error.message, hint=hint) from error


def open_runner(
    *,
    directory: Path,
    root: Path | None,
    tell: Callable[[str], None],
    target: str = "",
    architecture: str = "",
) -> ProjectRunner:
    """The runner for a manifest in `directory`; `tell` gets what a person should know, as that an image is made."""
    return ProjectRunner(
        programs=ProgramRunner(search=search_path(os.environ), tell=tell, environment=program_environment(os.environ)),
        context=Context(
            directory=directory,
            rooms=TargetRooms(root=root, tell=tell),
            tell=tell,
            target=target,
            architecture=architecture,
        ),
    )


def _text(stream: io.BytesIO) -> str:
    return stream.getvalue().decode(errors="replace")
