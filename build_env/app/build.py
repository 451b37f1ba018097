"""Owns a `build-all` run from request to summary: plan, look ahead, run, remember; and the look ahead alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.app.quick import remembered_command
from build_env.core.later import imported_later
from build_env.core.texts import read_text
from build_env.core.visible import listed
from build_env.formats.view import View
from build_env.model.action import RoomAction
from build_env.model.events import Note, RunFinished, TaskFinished
from build_env.publish.model import CHANNEL
from build_env.schedule.foresee import foresee
from build_env.work.registry import kind_of
from build_env.work.resolve import work_of

with imported_later():
    from build_env.app import results as app_results
    from build_env.publish import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from build_env.app.planning import Planned
    from build_env.app.session import Session
    from build_env.model.artifact import StoredResult
    from build_env.model.events import Event
    from build_env.model.identity import TaskName
    from build_env.model.options import BuildOptions
    from build_env.model.result import RunSummary
    from build_env.model.task import Plan, Task
    from build_env.plan.select import Request
    from build_env.ports import EventSink
    from build_env.schedule.foresee import Answer
    from build_env.work.kind import Hands

__all__ = ["Resolved", "foresee_build", "may_go_on", "remember_run", "resolve", "run_request", "scan_first"]

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A plan, and the results of the tasks that read what only a room may read."""

    planned: Planned
    scanned: tuple[StoredResult, ...] = ()


def run_request(session: Session, request: Request, sink: EventSink) -> RunSummary:
    """Run everything that `request` asks for."""
    session.say_replaced(sink)
    session.prepare(sink)
    failed = scan_first(session, request, sink)
    if failed:
        return failed
    resolved = resolve(session, request)
    planned = resolved.planned
    if session.options.images_anew:
        option = "--recreate" if session.options.recreate else "--refresh"
        planned = replace(planned, notes=(*planned.notes, f"images are made anew ({option})"))
    executor = session.executor(anew=_anew(session.options, planned.plan, resolved.scanned))
    answers, hits = foresee(planned.plan, executor)
    session.say_replaced(sink)
    for note in planned.notes:
        sink(Note(text=note))
    summary = session.run_plan(planned.plan, executor, _with_clients(session, sink), answers, hits)
    if not session.options.images_anew:
        remember_run(session, request, resolved, summary, executor.hands)
    return summary


def resolve(session: Session, request: Request) -> Resolved:
    """Make the plan anew."""
    planners = session.planners
    with session.planning():
        scan = planners.scan(request)
        hits = foresee(scan.plan, session.executor())[1] if scan else {}
        reports = _reports(session, scan.plan, hits) if scan else {}
        planned = planners.plan(request, reports)
    if scan and len(hits) < len(scan.plan):
        subjects = {item.format.scan.subject for item in planners if item.format and item.format.scan}
        known = f"the edges that only {' and '.join(sorted(subjects))} declare are not known yet"
        planned = replace(planned, notes=(*planned.notes, f"{known}: the next run reads them in a room"))
    planned = replace(planned, notes=(*planned.notes, *_left_out(session)))
    return Resolved(planned=planned, scanned=tuple(hits.values()))


def _left_out(session: Session) -> list[str]:
    """What lies in the trees of this plan and is not packed: that may be a surprise."""
    root = session.project.paths.root
    left_out = session.reading.left_out.items()
    names = [os.path.relpath(f"{tree}/{name}", root) for tree, inner in left_out for name in inner]
    if not names:
        return []
    return [f"{len(names)} left out of what is packed, ignored by git or no file: {listed(names, _SHOWN)}"]


def foresee_build(
    session: Session, request: Request
) -> tuple[Planned, dict[TaskName, Answer], dict[TaskName, StoredResult]]:
    """What is known of the plan without running anything, and what a run would do."""
    planned = resolve(session, request).planned
    answers, hits = foresee(planned.plan, session.executor())
    notes = (*planned.notes, *([session.store.replaced] if session.store.replaced else ()))
    return replace(planned, notes=notes), answers, hits


def remember_run(session: Session, request: Request, resolved: Resolved, summary: RunSummary, hands: Hands) -> None:
    """Remember a run that did all of its plan."""
    results = {key: result.stored for key, result in summary.results.items() if result.ok and result.stored}
    if len(results) < len(resolved.planned.plan):
        return
    evidence = [
        str(path)
        for task in resolved.planned.plan
        if kind_of(task.stage).effect
        for path in kind_of(task.stage).evidence(work_of(task, results, session.store), hands)
    ]
    command = remembered_command(session.project, session.options, request)
    command.check(session.store, session.digests).remember(
        session.reading.reads(),
        (*resolved.scanned, *results.values()),
        tasks=len(resolved.planned.plan),
        notes=resolved.planned.notes,
        began=session.read_since,
        images=session.containers.images.seen if session.containers else {},
        evidence=list(dict.fromkeys(evidence)),
    )


def _with_clients(session: Session, sink: EventSink) -> EventSink:
    """Say at the end of a run where its results are, and when it published how clients read the repositories."""

    def tell(event: Event) -> None:
        if isinstance(event, RunFinished):
            event = RunFinished(summary=_with_places(session, event.summary))
        elif isinstance(event, TaskFinished) and event.result.log:
            log = session.project.paths.shown(event.result.log)
            event = replace(event, result=replace(event.result, log=log))
        sink(event)

    return tell


def _with_places(session: Session, summary: RunSummary) -> RunSummary:
    paths, directory = session.project.paths, session.options.results
    deployed, notes = summary.deployed, summary.notes
    if deployed and session.options.publishes:
        lines = snapshot.client_lines(paths.repositories / CHANNEL, _views(summary))
        notes = (*notes, *lines)
    if directory is not None:
        deployed = app_results.hand_over(summary, session.store, directory)
    else:
        deployed = tuple(map(paths.shown, deployed))
    return replace(summary, deployed=deployed, notes=notes)


def _views(summary: RunSummary) -> Iterator[View]:
    """The views that the run deployed into."""
    for task in summary.tasks:
        result = summary.results.get(task.name)
        if task.deployment and result and result.ok:
            stored = (summary.results[entry.task].stored for entry in task.inputs)
            yield View(
                format=task.deployment.format,
                target=task.target,
                suite=task.deployment.suite,
                stand_in=any(item.facts.get("stand-in") for item in stored if item),
            )


def scan_first(session: Session, request: Request, sink: EventSink) -> RunSummary | None:
    """Read what only a room may read for `request`; a summary only when that failed."""
    planners = session.planners
    planners.check(request)
    with session.planning():
        scan = planners.scan(request)
    if scan is None:
        return None
    executor = session.executor(anew=_anew(session.options, scan.plan))
    answers, hits = foresee(scan.plan, executor)
    if len(hits) == len(scan.plan):
        return None
    held: list[RunFinished] = []

    def quiet(event: Event) -> None:
        # The run goes on: only a failure ends it here.
        if isinstance(event, RunFinished):
            held.append(event)
        else:
            sink(event)

    summary = session.run_plan(scan.plan, executor, quiet, answers, hits)
    lost = [task for task in scan.plan if not summary.results[task.name].ok]
    if lost and not may_go_on(lost, session.options):
        sink(held[0])
        return summary
    if lost:
        names = listed(dict.fromkeys(task.subject for task in lost))
        sink(Note(text=f"{names} cannot be had now: that a package needs what it builds is not known"))
    return None


def may_go_on(lost: Sequence[Task], options: BuildOptions) -> bool:
    """Whether only sources failed: of any package with keep_going, else of those that were not named as others were."""
    sources = {task.name.subject for task in lost if isinstance(task.action, RoomAction) and task.name.subject}
    spared = options.keep_going or (bool(options.packages) and sources.isdisjoint(options.packages))
    return spared and len(sources) == len(lost)


def _reports(session: Session, scan: Plan, hits: Mapping[TaskName, StoredResult]) -> dict[str, str]:
    """What the scans of targets found, as far as they were done."""
    report_names = {
        item.target.name: item.format.scan.report for item in session.planners if item.format and item.format.scan
    }
    reports: dict[str, str] = {}
    for task in scan:
        for artifact in hits[task.name].artifacts if task.name in hits else ():
            if artifact.name == report_names.get(task.target):
                text = read_text(session.store.path(artifact), artifact.name)
                reports[task.target] = reports.get(task.target, "") + text
    return reports


def _anew(options: BuildOptions, plan: Plan, scanned: Iterable[StoredResult] = ()) -> frozenset[TaskName]:
    """The tasks that are done whatever the store has; images that the scan made just now are not made twice."""
    given = {name for name in ("refresh", "recreate") if getattr(options, name)}
    done = {stored.task for stored in scanned}
    return frozenset(task.name for task in plan if given & kind_of(task.stage).anew_by and task.name not in done)
