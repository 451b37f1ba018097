"""Owns what `build-all` does once its command line is parsed: list, print, show the plan, or run it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.app.project import open_project
from build_env.cli.printing import print_lines
from build_env.core.errors import UsageError
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import build, quick
    from build_env.app import session as app_session
    from build_env.inspect import listing, machine, why
    from build_env.inspect import reproduce as inspect_reproduce
    from build_env.model import events, task
    from build_env.packages import names
    from build_env.plan import select
    from build_env.projects import loose
    from build_env.schedule import foresee
    from build_env.targets import load
    from build_env.ui import choose, plan
    from build_env.ui import files as ui_files
    from build_env.ui import listing as ui_listing
    from build_env.ui import reports as ui_reports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.app.planning import Planned
    from build_env.app.project import Project
    from build_env.inspect.reproduce import Reproduction
    from build_env.inspect.why import Explanation
    from build_env.model.identity import TaskName
    from build_env.model.options import BuildOptions
    from build_env.ports import EventSink

__all__ = ["act", "explain_tasks", "look_ahead", "reproduce_package"]

_VARIABLES = {"packages": "PACKAGES", "meta": "METAPACKAGES", "deps": "DEPENDS"}


def act(options: BuildOptions) -> int:
    """Do what was asked for; the exit code."""
    project, options = _project_for(options)
    if options.print_list:
        print_lines(project.target_names())
    elif options.print_env:
        print_lines(_names(project, options))
    elif options.bare:
        print_lines(ui_listing.overview_lines(listing.list_targets(project), listing.list_packages(project)))
    else:
        return _build(project, options)
    return 0


def _names(project: Project, options: BuildOptions) -> Sequence[str]:
    target, *others = project.settled(options).targets
    if others:
        raise UsageError("--print-env prints a list of one target", hint=f"name one of them: --target {target}")
    return load.load_target(project.paths, target).names(_VARIABLES[options.print_env])


def _opened(options: BuildOptions) -> tuple[Project, BuildOptions]:
    """The project, and the options with the targets that are meant."""
    project, options = _project_for(options)
    return project, project.settled(options)


def _project_for(options: BuildOptions) -> tuple[Project, BuildOptions]:
    """The project of what is asked for; packages that are named by their place are in one of their own."""
    options.check()
    places = [Path(word) for word in options.packages if loose.is_path(word)]
    if not places:
        return open_project(options.root), options
    if len(places) < len(options.packages):
        raise UsageError("packages are named by their place or by their name, not both at once")
    if options.root is not None:
        raise UsageError("--root names a project, and packages named by their place are in one of their own")
    made = loose.loose_project(places, os.environ)
    return open_project(made.root), replace(options, packages=made.names, root=made.root)


def look_ahead(options: BuildOptions) -> tuple[Planned, Mapping[TaskName, str]]:
    """The plan and what a run would do with each task; runs nothing."""
    project, options = _opened(options)
    return _foreseen(project, options)


def _foreseen(project: Project, options: BuildOptions) -> tuple[Planned, Mapping[TaskName, str]]:
    with app_session.open_session(project, options, writes=False) as session:
        planned, answers, _ = build.foresee_build(session, _request(options))
        return planned, foresee.in_words(answers)


def explain_tasks(options: BuildOptions) -> tuple[list[Explanation], list[str]]:
    """Why each task of the packages would run, or would not, and what else there is to say; runs nothing."""
    named = options.targets
    project, options = _opened(options)
    notes = []
    if options.native and not named:
        notes.append(f"for {options.targets[0]}, native on this machine; others with --target NAME")
    with app_session.open_session(project, options, writes=False) as session:
        planned, answers, _ = build.foresee_build(session, _request(options))
        notes += filter(None, [session.store.replaced])
        return why.explain(planned.plan, answers, options.packages), notes


def reproduce_package(options: BuildOptions, sink: EventSink, keep: Path | None) -> Reproduction:
    """Build a package twice in rooms that differ, and compare; records neither."""
    project, options = _opened(options)
    if len(options.targets) > 1:
        raise UsageError("a package is reproduced for one target at a time", hint=f"--target {options.targets[0]}")
    return inspect_reproduce.reproduce(project, options, _request(options).packages[0], sink, keep)


def _build(project: Project, options: BuildOptions) -> int:
    request, options = _request(options), project.settled(options)
    if options.dry_run:
        planned, answers = _foreseen(project, options)
        print_lines(plan.plan_lines(planned.plan, answers, notes=planned.notes, commands=True, hits=False))
        return 0
    if options.results:
        ui_files.check_directory(options.results, "--results")
    reports = ui_reports.reports_for(junit=options.junit, html=options.report, root=project.paths.root)
    with (
        choose.choose_listener(options.log_format, project.paths.root) as listener,
        ui_reports.with_reports(listener, reports) as sink,
    ):
        if options.setup:
            project = _set_up(project, options, sink)
        # Reports tell of each task, and the quick answer lists none.
        if not reports and quick.up_to_date(project, options, request, sink):
            return 0
        with app_session.open_session(project, options, writes=True) as session:
            return build.run_request(session, request, sink).exit_code


def _set_up(project: Project, options: BuildOptions, sink: EventSink) -> Project:
    return machine.set_up(project, options.targets, options.architectures, lambda text: sink(events.Note(text=text)))


def _request(options: BuildOptions) -> select.Request:
    for name in options.packages:
        names.check_name(name)
    stages = frozenset(task.Stage(name) for name in options.stages)
    return select.Request(packages=options.packages, stages=stages, only_depends=options.deps, choices=options.choices)
