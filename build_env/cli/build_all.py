"""Owns `build-all`, the seed's command: builds packages of a target and deploys them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from build_env import __version__
from build_env.cli.errors import run_command
from build_env.cli.words import comma_list, with_container_value

if TYPE_CHECKING:
    from build_env.model.task import Stage

__all__ = ["main"]

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The parsed command line."""

    packages: tuple[str, ...]
    target: str
    architectures: tuple[str, ...]
    stages: frozenset[str]
    deps: bool
    container: str
    recreate: bool
    install: bool
    print_env: str
    print_list: str
    engine: str
    jobs: int
    keep_going: bool
    dry_run: bool
    setup: bool
    timeout: float
    log_format: str
    root: Path | None


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def build_all(
    context: typer.Context,
    packages: Annotated[list[str] | None, typer.Argument(help="Packages of src/ to build; none: all.")] = None,
    target: Annotated[
        str,
        typer.Option("--target", "--docker", "-d", help="Build in containers for this target.", metavar="NAME"),
    ] = "",
    arch: Annotated[
        list[str] | None, typer.Option("--arch", "-a", help="Architectures, comma separated or repeated.")
    ] = None,
    source: Annotated[bool, typer.Option("--source", "-s", help="Only make source packages.")] = False,
    build: Annotated[bool, typer.Option("--build", "-b", help="Only build.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Only verify.")] = False,
    deploy: Annotated[bool, typer.Option("--deploy", help="Only deploy.")] = False,
    tar: Annotated[bool, typer.Option("--tar", "-t", help="Only make the tar archives.")] = False,
    deps: Annotated[bool, typer.Option("--deps", "-p", help="Only build the packages of DEPENDS.")] = False,
    container: Annotated[
        str,
        typer.Option("--container", "-c", help="Keep and reuse one container per image; =clean: new ones first."),
    ] = "",
    recreate: Annotated[bool, typer.Option("--recreate", "-r", help="Make the images anew.")] = False,
    install: Annotated[
        bool,
        typer.Option("--install", "-i", help="Native builds: install build dependencies on this machine."),
    ] = False,
    print_env: Annotated[
        str,
        typer.Option("--print-env", "-e", help="Print a list of the target: packages, meta or deps.", metavar="LIST"),
    ] = "",
    print_list: Annotated[str, typer.Option("--print-list", "-l", help="Print all targets: env.", metavar="env")] = "",
    engine: Annotated[str, typer.Option("--engine", help="docker or native.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Tasks at a time.")] = max(2, os.cpu_count() or 2),
    keep_going: Annotated[bool, typer.Option("--keep-going", "-k", help="Go on after a failure.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan with every command; run nothing.")] = False,
    setup: Annotated[bool, typer.Option("--setup", help="Install what this machine lacks.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds a task may take; 0: no limit.")] = 0,
    log_format: Annotated[str, typer.Option("--log-format", help="auto, plain or json.")] = "auto",
    root: Annotated[Path | None, typer.Option("--root", help="The project root.", metavar="DIRECTORY")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Build packages for a distribution, release and architecture, and put them into its repository."""
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
        install=install,
        print_env=print_env,
        print_list=print_list,
        engine=engine,
        jobs=jobs,
        keep_going=keep_going,
        dry_run=dry_run,
        setup=setup,
        timeout=timeout,
        log_format=log_format,
        root=root,
    )
    context.exit(run_command(lambda: _run(arguments), debug=debug))


def _run(arguments: Arguments) -> int:
    from build_env.app.build import BuildOptions, exit_code, open_session  # noqa: PLC0415 - `--help` starts fast
    from build_env.app.project import open_project  # noqa: PLC0415
    from build_env.core.errors import UsageError  # noqa: PLC0415
    from build_env.packages.read import check_name  # noqa: PLC0415
    from build_env.plan.select import Request  # noqa: PLC0415
    from build_env.ui.choose import choose_listener  # noqa: PLC0415

    for name in arguments.packages:
        check_name(name)
    if arguments.container not in {"", "keep", "clean"}:
        raise UsageError(f"--container takes nothing or clean, not {arguments.container}")
    project = open_project(arguments.root)
    native = arguments.engine == "native" or not (arguments.target or arguments.engine)
    target = project.match_target(arguments.target) if arguments.target else project.native_target()
    options = BuildOptions(
        target=target,
        architectures=arguments.architectures,
        native=native,
        jobs=arguments.jobs,
        keep_going=arguments.keep_going,
        container=arguments.container,
        recreate=arguments.recreate,
        install=arguments.install,
        timeout=arguments.timeout or None,
    )
    request = Request(packages=arguments.packages, stages=_stages(arguments.stages), only_depends=arguments.deps)
    with open_session(project, options, exclusive=not arguments.dry_run) as session:
        if arguments.dry_run:
            planned, answers, _ = session.plan(request)
            from build_env.ui.plan import plan_lines  # noqa: PLC0415

            sys.stdout.write("\n".join(plan_lines(planned.plan, answers, commands=True)) + "\n")
            return 0
        return exit_code(session.run(request, choose_listener(arguments.log_format)))


def _stages(names: frozenset[str]) -> frozenset[Stage]:
    from build_env.model.task import Stage  # noqa: PLC0415

    return frozenset(Stage(name) for name in names)


def main() -> None:
    """The console script."""
    app(args=with_container_value(sys.argv[1:]), prog_name="build-all")


if __name__ == "__main__":
    main()
