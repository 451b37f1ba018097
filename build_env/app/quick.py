"""Owns what tells commands apart whose ends are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.canonical import plain
from build_env.plancache.memory import memory_name
from build_env.plancache.quick import RememberedCommand

if TYPE_CHECKING:
    from build_env.app.project import Project
    from build_env.model.options import BuildOptions
    from build_env.plan.select import Request
    from build_env.ports import EventSink

__all__ = ["remembered_command", "up_to_date"]

_IN_PLAN = ("targets", "architectures", "engine", "container", "install")


def remembered_command(project: Project, options: BuildOptions, request: Request) -> RememberedCommand:
    """This command in this checkout."""
    return RememberedCommand(
        paths=project.paths,
        trees=project.trees,
        name=memory_name(
            root=str(project.paths.root),
            options={name: getattr(options, name) for name in _IN_PLAN},
            request=plain(request),
            host=project.host,
            settings=project.settings,
        ),
        isolation=options.isolation,
        checkout=project.checkout,
        native=options.native,
    )


def up_to_date(project: Project, options: BuildOptions, request: Request, sink: EventSink) -> bool:
    """Whether the run has nothing to do, and has said so; see `RememberedCommand.up_to_date`."""
    if options.images_anew or options.container or options.results:
        return False
    return remembered_command(project, options, request).up_to_date(sink)
