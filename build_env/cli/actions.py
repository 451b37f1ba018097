"""Owns what `build-all` does once its command line is parsed: list, print, show the plan, or run it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from build_env.app.project import open_project
from build_env.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from build_env.app.options import BuildOptions
    from build_env.app.planned import Planned
    from build_env.app.project import Project
    from build_env.cli.arguments import Arguments
    from build_env.inspect.reproduce import Reproduction
    from build_env.inspect.why import Explanation
    from build_env.model.identity import TaskName
    from build_env.plan.select import Request
    from build_env.ports import EventSink

__all__ = ["act", "explain_tasks", "look_ahead", "reproduce_package"]

_VARIABLES = {"packages": "PACKAGES", "meta": "METAPACKAGES", "deps": "DEPENDS"}


def act(arguments: Arguments) -> int:
    """Do what was asked for; the exit code."""
    arguments.check()
    project = open_project(arguments.root)
    if arguments.print_list:
        return _print(project.target_names())
    if arguments.print_env:
        return _print_names(project, arguments)
    if arguments.bare:
        return _overview(project)
    return _build(project, arguments)


def _print(lines: list[str] | tuple[str, ...]) -> int:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _print_names(project: Project, arguments: Arguments) -> int:
    from build_env.targets.load import load_target  # noqa: PLC0415

    (target, *others), _ = _targets(project, arguments)
    if others:
        raise UsageError("--print-env prints a list of one target", hint=f"name one of them: --target {target}")
    return _print(load_target(project.paths, target).names(_VARIABLES[arguments.print_env]))


def _overview(project: Project) -> int:
    from build_env.inspect.listing import list_packages, list_targets  # noqa: PLC0415
    from build_env.ui.listing import overview_lines  # noqa: PLC0415

    return _print(overview_lines(list_targets(project), list_packages(project)))


def _targets(project: Project, arguments: Arguments) -> tuple[tuple[str, ...], bool]:
    """The targets that are meant, and whether they are built natively (DESIGN section 6, "Project root")."""
    native = arguments.engine == "native" or not (arguments.targets or arguments.engine)
    if not arguments.targets:
        return (project.native_target(),), native
    targets = project.match_targets(arguments.targets)
    for target in targets if native else ():
        if not project.fits(target):
            raise UsageError(
                f"the target {target} cannot be built natively: this machine is {project.machine}",
                hint=f"leave --engine native out, or let env_match_current in targets/{target}/packages.conf.py say so",
            )
    return targets, native


def look_ahead(arguments: Arguments) -> tuple[Planned, Mapping[TaskName, str]]:
    """The plan and what a run would do with each task; runs nothing."""
    arguments.check()
    project = open_project(arguments.root)
    return _foreseen(project, _options(project, arguments), _request(arguments))


def _foreseen(project: Project, options: BuildOptions, request: Request) -> tuple[Planned, Mapping[TaskName, str]]:
    from build_env.app.ahead import foresee_build  # noqa: PLC0415
    from build_env.app.session import open_session  # noqa: PLC0415
    from build_env.schedule.foresee import in_words  # noqa: PLC0415

    with open_session(project, options, writes=False) as session:
        planned, answers, _ = foresee_build(session, request)
        return planned, in_words(answers)


def explain_tasks(arguments: Arguments) -> tuple[list[Explanation], str]:
    """Why each task of the packages would run, or would not, and what is wrong with the store; runs nothing."""
    from build_env.app.ahead import foresee_build  # noqa: PLC0415
    from build_env.app.session import open_session  # noqa: PLC0415
    from build_env.inspect.why import explain  # noqa: PLC0415

    arguments.check()
    project = open_project(arguments.root)
    with open_session(project, _options(project, arguments), writes=False) as session:
        planned, answers, _ = foresee_build(session, _request(arguments))
        return explain(planned.plan, answers, arguments.packages), session.store.replaced


def reproduce_package(arguments: Arguments, sink: EventSink, keep: Path | None) -> Reproduction:
    """Build a package twice in rooms that differ, and compare; records neither."""
    from build_env.inspect.reproduce import reproduce  # noqa: PLC0415

    arguments.check()
    project = open_project(arguments.root)
    request, options = _request(arguments), _options(project, arguments)
    if len(options.targets) > 1:
        raise UsageError("a package is reproduced for one target at a time", hint=f"--target {options.targets[0]}")
    return reproduce(project, options, request.packages[0], sink, keep)


def _build(project: Project, arguments: Arguments) -> int:
    from build_env.app.quick import up_to_date  # noqa: PLC0415
    from build_env.ui.choose import choose_listener  # noqa: PLC0415
    from build_env.ui.reports import reports_for, with_reports  # noqa: PLC0415

    request, options = _request(arguments), _options(project, arguments)
    if arguments.dry_run:
        from build_env.ui.plan import plan_lines  # noqa: PLC0415

        planned, answers = _foreseen(project, options, request)
        lines = plan_lines(
            planned.plan,
            answers,
            notes=planned.notes,
            commands=True,
            hits=False,
        )
        return _print(lines)
    reports = reports_for(junit=arguments.junit, html=arguments.report, root=project.paths.root)
    with choose_listener(arguments.log_format) as listener, with_reports(listener, reports) as sink:
        if arguments.setup:
            project = _set_up(project, options, sink)
        # Reports tell of each task, and the quick answer lists none.
        if not reports and up_to_date(project, options, request, sink):
            return 0
        # Only now, because it imports everything.
        from build_env.app.build import run_request  # noqa: PLC0415
        from build_env.app.outcome import exit_code  # noqa: PLC0415
        from build_env.app.session import open_session  # noqa: PLC0415

        with open_session(project, options, writes=True) as session:
            return exit_code(run_request(session, request, sink))


def _set_up(project: Project, options: BuildOptions, sink: EventSink) -> Project:
    from build_env.inspect.machine import set_up  # noqa: PLC0415
    from build_env.model.events import Note  # noqa: PLC0415

    return set_up(project, options.targets, options.architectures, lambda text: sink(Note(text=text)))


def _options(project: Project, arguments: Arguments) -> BuildOptions:
    from build_env.app.options import BuildOptions  # noqa: PLC0415

    targets, native = _targets(project, arguments)
    if native and arguments.container:
        raise UsageError("--container keeps containers, and a native build has none", hint="name a --target")
    if native and arguments.setup:
        raise UsageError(
            "--setup prepares this machine for builds in containers, and this build is native",
            hint="name a --target, or install what the build needs with --install",
        )
    return BuildOptions(
        targets=targets,
        architectures=arguments.architectures,
        native=native,
        jobs=arguments.jobs,
        memory=arguments.memory_bytes,
        keep_going=arguments.keep_going,
        container=arguments.container,
        recreate=arguments.recreate,
        refresh=arguments.refresh,
        install=arguments.install,
        timeout=arguments.timeout,
    )


def _request(arguments: Arguments) -> Request:
    from build_env.model.task import Stage  # noqa: PLC0415
    from build_env.packages.names import check_name  # noqa: PLC0415
    from build_env.plan.select import Request  # noqa: PLC0415

    for name in arguments.packages:
        check_name(name)
    stages = frozenset(Stage(name) for name in arguments.stages)
    return Request(packages=arguments.packages, stages=stages, only_depends=arguments.deps)
