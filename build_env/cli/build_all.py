"""Owns `build-all`, the seed's command: builds packages of a target and deploys them. Parses; `actions` acts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from build_env import __version__
from build_env.cli.arguments import Arguments
from build_env.cli.errors import run_command
from build_env.cli.parser import new_app, run_app
from build_env.cli.words import comma_list, with_container_value
from build_env.core.later import imported_later

with imported_later():
    from build_env.cli import actions

__all__ = ["app", "main"]

app = new_app()

_WHERE = "What and where"
_STAGES = "Stages (none: all)"
_ROOMS = "Rooms and images"
_RUN = "The run"
_SHOW = "Show instead of build"


@app.command()
def build_all(
    context: typer.Context,
    packages: Annotated[
        list[str] | None, typer.Argument(help="Packages of src/ to build; none: all.", metavar="PACKAGES")
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "--docker",
            "-d",
            help="Build in containers for this target; without it, for this machine itself.",
            metavar="NAME",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    arch: Annotated[
        list[str] | None,
        typer.Option(
            "--arch",
            "-a",
            help="Architectures, comma separated or repeated; default: this machine's.",
            metavar="ARCH",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="Where tasks run, whatever --target says: docker or native.",
            metavar="ENGINE",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    source: Annotated[
        bool, typer.Option("--source", "-s", help="Make source packages.", rich_help_panel=_STAGES)
    ] = False,
    build: Annotated[bool, typer.Option("--build", "-b", help="Build.", rich_help_panel=_STAGES)] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Verify.", rich_help_panel=_STAGES)] = False,
    deploy: Annotated[bool, typer.Option("--deploy", help="Deploy.", rich_help_panel=_STAGES)] = False,
    tar: Annotated[bool, typer.Option("--tar", "-t", help="Make the tar archives.", rich_help_panel=_STAGES)] = False,
    deps: Annotated[
        bool, typer.Option("--deps", "-p", help="Only the packages of DEPENDS.", rich_help_panel=_STAGES)
    ] = False,
    container: Annotated[
        str,
        typer.Option(
            "--container",
            "-c",
            help="Keep one container per image and reuse it; -c=clean: begin with new ones.",
            metavar="[=clean]",
            rich_help_panel=_ROOMS,
        ),
    ] = "",
    recreate: Annotated[
        bool,
        typer.Option("--recreate", "-r", help="Make the images, layers and kept rooms anew.", rich_help_panel=_ROOMS),
    ] = False,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Fetch the package indexes anew; build again what uses a package that changed.",
            rich_help_panel=_ROOMS,
        ),
    ] = False,
    install: Annotated[
        bool,
        typer.Option(
            "--install",
            "-i",
            help="Native builds: install build dependencies on this machine.",
            rich_help_panel=_ROOMS,
        ),
    ] = False,
    setup: Annotated[
        bool, typer.Option("--setup", help="Install what this machine lacks.", rich_help_panel=_ROOMS)
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Tasks at a time.", metavar="N", rich_help_panel=_RUN)
    ] = max(2, os.cpu_count() or 2),
    memory: Annotated[
        str,
        typer.Option(
            "--memory",
            help="Memory for all running tasks together: 8G; default: all there is.",
            metavar="SIZE",
            rich_help_panel=_RUN,
        ),
    ] = "",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", "-k", help="Go on after a failure.", rich_help_panel=_RUN)
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", min=0, help="Seconds a task may take; 0: no limit.", metavar="SECONDS", rich_help_panel=_RUN
        ),
    ] = None,
    log_format: Annotated[
        str,
        typer.Option(
            "--log-format",
            help="auto (progress on a terminal), plain or json (an event per line).",
            metavar="FORMAT",
            rich_help_panel=_RUN,
        ),
    ] = "auto",
    junit: Annotated[
        Path | None,
        typer.Option("--junit", help="Also write a JUnit file.", metavar="FILE", rich_help_panel=_RUN),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Also write a page about the run.", metavar="FILE.html", rich_help_panel=_RUN),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="The plan with every command.", rich_help_panel=_SHOW)
    ] = False,
    print_env: Annotated[
        str,
        typer.Option(
            "--print-env",
            "-e",
            help="A list of the target: packages, meta or deps.",
            metavar="LIST",
            rich_help_panel=_SHOW,
        ),
    ] = "",
    print_list: Annotated[
        str, typer.Option("--print-list", "-l", help="All targets: env.", metavar="env", rich_help_panel=_SHOW)
    ] = "",
    root: Annotated[Path | None, typer.Option("--root", help="The project root.", metavar="DIRECTORY")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Build packages for a distribution, release and architecture, and put them into its repository.

    Without any argument: list the targets and packages.
    """
    if version:
        sys.stdout.write(f"build-all {__version__}\n")
        return
    chosen = {"source": source, "build": build, "verify": verify, "deploy": deploy, "tar": tar}
    arguments = Arguments(
        packages=tuple(packages or ()),
        target=target,
        architectures=comma_list(arch or ()),
        stages=frozenset(name for name, on in chosen.items() if on),
        deps=deps,
        container=container,
        recreate=recreate,
        refresh=refresh,
        install=install,
        print_env=print_env,
        print_list=print_list,
        engine=engine,
        jobs=jobs,
        memory=memory,
        keep_going=keep_going,
        dry_run=dry_run,
        setup=setup,
        timeout=timeout,
        log_format=log_format,
        junit=junit,
        report=report,
        root=root,
    )
    context.exit(_act(arguments, debug=debug))


def _act(arguments: Arguments, *, debug: bool) -> int:
    return run_command(lambda: actions.act(arguments), debug=debug)


def main() -> None:
    """The console script."""
    sys.exit(run_app(app, with_container_value(sys.argv[1:]), "build-all"))


if __name__ == "__main__":
    main()
