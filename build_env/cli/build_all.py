"""Owns `build-all`, the seed's command: builds packages of a target and deploys them. Parses; `actions` acts."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from typing import Annotated, Any, get_type_hints

import typer

from build_env import __version__
from build_env.cli.options import CHOICES, taken_choices
from build_env.cli.parser import new_app, run_app, taken_with
from build_env.cli.words import architecture_list, comma_list, with_container_value
from build_env.core.later import imported_later
from build_env.model.options import STAGES, BuildOptions

with imported_later():
    from build_env.cli import actions

__all__ = ["app", "main"]

app = new_app()

_WHERE = "What and where"
_STAGES = "Stages (none: all)"
_ROOMS = "Rooms and images"
_RUN = "The run"
_SHOW = "Show instead of build"


# Each option of the command line, by the field of `BuildOptions` that has its type and default; without one, a flag.
_OPTIONS = {
    "packages": typer.Argument(help="Packages of src/ to build; none: all.", metavar="PACKAGES"),
    "targets": typer.Option(
        "--target",
        "--docker",
        "-d",
        help="Build in containers for these, comma separated or repeated, or all; without it, for this machine.",
        metavar="NAME",
        rich_help_panel=_WHERE,
    ),
    "architectures": typer.Option(
        "--arch",
        "-a",
        help="Architectures, comma separated or repeated; default: this machine's.",
        metavar="ARCH",
        rich_help_panel=_WHERE,
    ),
    "engine": typer.Option(
        "--engine",
        help="Where tasks run, whatever --target says: docker or native.",
        metavar="ENGINE",
        rich_help_panel=_WHERE,
    ),
    "source": typer.Option("--source", "-s", help="Make source packages.", rich_help_panel=_STAGES),
    "build": typer.Option("--build", "-b", help="Build.", rich_help_panel=_STAGES),
    "verify": typer.Option("--verify", help="Verify.", rich_help_panel=_STAGES),
    "deploy": typer.Option("--deploy", help="Deploy.", rich_help_panel=_STAGES),
    "tar": typer.Option("--tar", "-t", help="Make the tar archives.", rich_help_panel=_STAGES),
    "deps": typer.Option("--deps", "-p", help="Only the packages of DEPENDS.", rich_help_panel=_STAGES),
    **{f"{word}_": option for word, option in CHOICES.items()},
    "container": typer.Option(
        "--container",
        "-c",
        help="Keep one container per image and reuse it; -c=clean: begin with new ones.",
        metavar="[=clean]",
        rich_help_panel=_ROOMS,
    ),
    "recreate": typer.Option(
        "--recreate",
        "-r",
        help="Make the images, layers and kept rooms anew, from today's bases.",
        rich_help_panel=_ROOMS,
    ),
    "refresh": typer.Option(
        "--refresh",
        help="Fetch the package indexes anew; build again what uses a package that changed.",
        rich_help_panel=_ROOMS,
    ),
    "install": typer.Option(
        "--install",
        "-i",
        help="Native builds: install build dependencies on this machine.",
        rich_help_panel=_ROOMS,
    ),
    "setup": typer.Option("--setup", help="Install what this machine lacks.", rich_help_panel=_ROOMS),
    "jobs": typer.Option("--jobs", "-j", min=1, help="Tasks at a time.", metavar="N", rich_help_panel=_RUN),
    "memory": typer.Option(
        "--memory",
        help="Memory for all running tasks together: 8G; default: all there is.",
        metavar="SIZE",
        rich_help_panel=_RUN,
    ),
    "keep_going": typer.Option("--keep-going", "-k", help="Go on after a failure.", rich_help_panel=_RUN),
    "timeout": typer.Option(
        "--timeout", min=0, help="Seconds a task may take; 0: no limit.", metavar="SECONDS", rich_help_panel=_RUN
    ),
    "log_format": typer.Option(
        "--log-format",
        help="auto (progress on a terminal), plain or json (an event per line).",
        metavar="FORMAT",
        rich_help_panel=_RUN,
    ),
    "junit": typer.Option("--junit", help="Also write a JUnit file.", metavar="FILE", rich_help_panel=_RUN),
    "report": typer.Option(
        "--report", help="Also write a page about the run.", metavar="FILE.html", rich_help_panel=_RUN
    ),
    "results": typer.Option(
        "--results",
        help="Also copy the packages there, into a directory for each target.",
        metavar="DIRECTORY",
        rich_help_panel=_RUN,
    ),
    "dry_run": typer.Option("--dry-run", help="The plan with every command.", rich_help_panel=_SHOW),
    "print_env": typer.Option(
        "--print-env",
        "-e",
        help="A list of the target: packages, meta or deps.",
        metavar="LIST",
        rich_help_panel=_SHOW,
    ),
    "print_list": typer.Option("--print-list", "-l", help="All targets: env.", metavar="env", rich_help_panel=_SHOW),
    "root": typer.Option("--root", help="The project root.", metavar="DIRECTORY"),
    "version": typer.Option("--version", help="Print the version."),
}


def _parameters() -> list[inspect.Parameter]:
    """The options as typer takes them: from the signature of a function."""
    kinds = get_type_hints(BuildOptions)
    defaults = {field.name: field.default for field in fields(BuildOptions)}
    parameters = []
    for name, option in _OPTIONS.items():
        kind, default = kinds.get(name, bool), defaults.get(name, False)
        if name == "only_":
            kind, default = str, ""
        elif isinstance(default, tuple) or name.removesuffix("_") in CHOICES:
            kind, default = list[str] | None, None
        annotation = Annotated[kind, option]  # type: ignore[valid-type]  # for typer, which reads it
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        )
    return parameters


def build_all(**given: Any) -> int:  # noqa: ANN401 - each has the type of its field
    """Build packages for a distribution, release and architecture, and put them into its repository.

    Without any argument: list the targets and packages.
    """
    if given.pop("version"):
        sys.stdout.write(f"build-all {__version__}\n")
        return 0
    stages = frozenset(stage for stage in STAGES if given.pop(stage))
    options = BuildOptions(
        packages=tuple(given.pop("packages") or ()),
        targets=comma_list(given.pop("targets") or ()),
        architectures=architecture_list(given.pop("architectures") or ()),
        stages=stages,
        choices=taken_choices(given),
        **given,
    )
    return actions.act(options)


app.command()(taken_with(build_all, _parameters()))


def main() -> None:
    """The console script."""
    sys.exit(run_app(app, with_container_value(sys.argv[1:]), "build-all"))


if __name__ == "__main__":
    main()
