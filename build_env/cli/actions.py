"""Owns what `build-all` does once its command line is parsed: list, print, show the plan, or run it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from build_env.app.project import open_project
from build_env.core.errors import UsageError
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import ahead, build, outcome, quick
    from build_env.app import options as app_options
    from build_env.app import session as app_session
    from build_env.inspect import listing, machine, why
    from build_env.inspect import reproduce as inspect_reproduce
    from build_env.model import events, task
    from build_env.packages import names
    from build_env.plan import select
    from build_env.schedule import foresee
    from build_env.targets import load
    from build_env.ui import choose, plan
    from build_env.ui import listing as ui_listing
    from build_env.ui import reports as ui_reports

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
    target, _ = _target(project, arguments)
    return _print(load.load_target(project.paths, target).names(_VARIABLES[arguments.print_env]))


def _overview(project: Project) -> int:
    return _print(ui_listing.overview_lines(listing.list_targets(project), listing.list_packages(project)))


def _target(project: Project, arguments: Arguments) -> tuple[str, bool]:
    """The target that is meant, and whether it is built natively (DESIGN section 6, "Project root")."""
    native = arguments.engine == "native" or not (arguments.target or arguments.engine)
    if not arguments.target:
        return project.native_target(), native
    target = project.match_target(arguments.target)
    if native and not project.fits(target):
        raise UsageError(
            f"the target {target} cannot be built natively: this machine is {project.machine}",
            hint=f"leave --engine native out, or let env_match_current in targets/{target}/packages.conf.py say so",
        )
    return target, native


def look_ahead(arguments: Arguments) -> tuple[Planned, Mapping[TaskName, str]]:
    """The plan and what a run would do with each task; runs nothing."""
    arguments.check()
    project = open_project(arguments.root)
    return _foreseen(project, _options(project, arguments), _request(arguments))


def _foreseen(project: Project, options: BuildOptions, request: Request) -> tuple[Planned, Mapping[TaskName, str]]:
    with app_session.open_session(project, options, writes=False) as session:
        planned, answers, _ = ahead.foresee_build(session, request)
        return planned, foresee.in_words(answers)


def explain_tasks(arguments: Arguments) -> tuple[list[Explanation], str]:
    """Why each task of the packages would run, or would not, and what is wrong with the store; runs nothing."""
    arguments.check()
    project = open_project(arguments.root)
    with app_session.open_session(project, _options(project, arguments), writes=False) as session:
        planned, answers, _ = ahead.foresee_build(session, _request(arguments))
        return why.explain(planned.plan, answers, arguments.packages), session.store.replaced


def reproduce_package(arguments: Arguments, sink: EventSink, keep: Path | None) -> Reproduction:
    """Build a package twice in rooms that differ, and compare; records neither."""
    arguments.check()
    project = open_project(arguments.root)
    request = _request(arguments)
    return inspect_reproduce.reproduce(project, _options(project, arguments), request.packages[0], sink, keep)


def _build(project: Project, arguments: Arguments) -> int:
    request, options = _request(arguments), _options(project, arguments)
    if arguments.dry_run:
        planned, answers = _foreseen(project, options, request)
        lines = plan.plan_lines(
            planned.plan,
            answers,
            notes=planned.notes,
            commands=True,
            hits=False,
        )
        return _print(lines)
    reports = ui_reports.reports_for(junit=arguments.junit, html=arguments.report, root=project.paths.root)
    with choose.choose_listener(arguments.log_format) as listener, ui_reports.with_reports(listener, reports) as sink:
        if arguments.setup:
            project = _set_up(project, options, sink)
        # Reports tell of each task, and the quick answer lists none.
        if not reports and quick.up_to_date(project, options, request, sink):
            return 0
        # Only now, because it imports everything.

        with app_session.open_session(project, options, writes=True) as session:
            return outcome.exit_code(build.run_request(session, request, sink))


def _set_up(project: Project, options: BuildOptions, sink: EventSink) -> Project:
    return machine.set_up(project, (options.target,), options.architectures, lambda text: sink(events.Note(text=text)))


def _options(project: Project, arguments: Arguments) -> app_options.BuildOptions:
    target, native = _target(project, arguments)
    if native and arguments.container:
        raise UsageError("--container keeps containers, and a native build has none", hint="name a --target")
    if native and arguments.setup:
        raise UsageError(
            "--setup prepares this machine for builds in containers, and this build is native",
            hint="name a --target, or install what the build needs with --install",
        )
    return app_options.BuildOptions(
        target=target,
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


def _request(arguments: Arguments) -> select.Request:
    for name in arguments.packages:
        names.check_name(name)
    stages = frozenset(task.Stage(name) for name in arguments.stages)
    return select.Request(packages=arguments.packages, stages=stages, only_depends=arguments.deps)
