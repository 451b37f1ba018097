"""Owns a `build-all` run from request to summary: connect what is needed, plan, look ahead, run the loop."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.app.clients import client_lines
from build_env.app.planning import Planned, Planner
from build_env.app.runlock import run_lock, sweep_rooms
from build_env.core.errors import EnvironmentNotReady
from build_env.engines.native import NativeRooms
from build_env.model.events import Note, PlanReady, RunFinished
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.model.task import Plan, Stage
from build_env.packages.spec_facts import SPEC_FACTS
from build_env.publish.local import LocalPublisher
from build_env.schedule.foresee import Answer, foresee, in_words
from build_env.schedule.local import LocalExecutor
from build_env.schedule.loop import Loop
from build_env.store.results import LocalStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.app.containers import Containers
    from build_env.app.project import Project
    from build_env.model.artifact import StoredResult
    from build_env.model.events import Event
    from build_env.plan.select import Request
    from build_env.ports import Engine, EventSink
    from build_env.publish.signing import Signer

__all__ = ["BuildOptions", "Session", "open_session"]


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """How to run, as the command line says it. `container` is empty, `keep` or `clean`."""

    target: str
    architectures: tuple[str, ...] = ()
    native: bool = False
    jobs: int = 2
    keep_going: bool = False
    container: str = ""
    recreate: bool = False
    install: bool = False
    timeout: float | None = None


@dataclass
class Session:
    """Everything one command needs, connected. `containers` is None where rooms are native or no engine answers."""

    project: Project
    options: BuildOptions
    store: LocalStore
    containers: Containers | None
    planner: Planner
    run_id: str
    began: float

    def plan(self, request: Request) -> tuple[Planned, dict[str, Answer], dict[str, StoredResult]]:
        """The plan as far as it is known without running anything, with what a run would do."""
        scan = self.planner.scan()
        report = self._known_report(scan) if scan else None
        planned = self.planner.plan(request, report)
        if scan and report is None:
            note = "the edges that only spec files declare are not known yet: the next run reads them in a room"
            planned = replace(planned, notes=(*planned.notes, note))
        answers, hits = foresee(planned.plan, self._executor(planned))
        return planned, answers, hits

    def run(self, request: Request, sink: EventSink) -> RunSummary:
        """Run everything that `request` asks for."""
        if self.store.replaced:
            sink(Note(text=self.store.replaced))
        self._prepare(sink)
        scan = self.planner.scan()
        report = None
        if scan:
            summary = self._scan(scan, sink)
            if summary is not None:
                return summary
            report = self._known_report(scan)
        planned = self.planner.plan(request, report)
        if self.options.recreate:
            planned = replace(planned, notes=(*planned.notes, "images are made anew (--recreate)"))
        executor = self._executor(planned, recreate=self.options.recreate and scan is None)
        answers, hits = foresee(planned.plan, executor)
        for note in planned.notes:
            sink(Note(text=note))
        sink(PlanReady(plan=planned.plan, answers=in_words(answers)))
        return self._loop(planned.plan, executor, self._with_clients(sink), hits).run()

    def _with_clients(self, sink: EventSink) -> EventSink:
        """Say at the end of a run that published how clients read the repositories."""
        if self.options.native or self.options.container:
            return sink

        def tell(event: Event) -> None:
            if isinstance(event, RunFinished) and event.summary.deployed:
                notes = client_lines(self.project.paths, event.summary)
                event = RunFinished(summary=replace(event.summary, notes=(*event.summary.notes, *notes)))
            sink(event)

        return tell

    def _scan(self, scan: Planned, sink: EventSink) -> RunSummary | None:
        """Read what only a room may read; a summary only when that failed."""
        executor = self._executor(scan, recreate=self.options.recreate)
        answers, hits = foresee(scan.plan, executor)
        if len(hits) == len(scan.plan):
            return None
        sink(PlanReady(plan=scan.plan, answers=in_words(answers)))
        held: list[RunFinished] = []

        def quiet(event: object) -> None:
            # The run goes on: only a failure ends it here.
            if isinstance(event, RunFinished):
                held.append(event)
            else:
                sink(event)  # type: ignore[arg-type]  # every event but the last

        summary = self._loop(scan.plan, executor, quiet, hits).run()
        if all(result.ok for result in summary.results.values()):
            return None
        sink(held[0])
        return summary

    def _known_report(self, scan: Planned) -> str | None:
        _, hits = foresee(scan.plan, self._executor(scan))
        stored = hits.get(scan.plan.tasks[-1].id)
        for artifact in stored.artifacts if stored else ():
            if artifact.name == SPEC_FACTS:
                return self.store.path(artifact).read_text(encoding="utf-8")
        return None

    def _loop(self, plan: Plan, executor: LocalExecutor, sink: EventSink, hits: dict[str, StoredResult]) -> Loop:
        return Loop(
            plan=plan,
            executor=executor,
            sink=sink,
            jobs=self.options.jobs,
            keep_going=self.options.keep_going,
            publisher=executor.publisher,
            hits=hits,
            began=self.began,
        )

    def _executor(self, planned: Planned, *, recreate: bool = False) -> LocalExecutor:
        paths, settings = self.project.paths, self.project.settings
        prefix = f"{settings.image_prefix}-{self.project.identity}-"
        images = frozenset(task.id for task in planned.plan if task.stage is Stage.IMAGE)
        return LocalExecutor(
            root=paths.root,
            logs=paths.logs,
            rooms=paths.rooms,
            downloads=paths.downloads,
            engine=self._engine(),
            store=self.store,
            publisher=LocalPublisher(
                root=paths.root,
                deploy=paths.deploy,
                repositories=paths.repositories,
                store=self.store,
                signer=self._signer,
                label=settings.repository_label,
                publishes=not (self.options.native or self.options.container),
            ),
            recipes=planned.recipes,
            labels={"project": self.project.identity, "run": self.run_id, "prefix": settings.image_prefix},
            images=self.containers.target_images(self.store) if self.containers else None,
            reused_prefix=prefix if self.options.container else "",
            ssh_agent=os.environ.get("SSH_AUTH_SOCK", ""),
            timeout=self.options.timeout or settings.timeout or None,
            forced=images if recreate else frozenset(),
        )

    def _engine(self) -> Engine:
        if self.options.native:
            return NativeRooms(rooms=self.project.paths.rooms, install=self.options.install)
        if self.containers is None:
            return NativeRooms(rooms=self.project.paths.rooms)
        return self.containers.rooms

    def _prepare(self, sink: EventSink) -> None:
        """Refuse to run without an engine; remove what a killed run left; make kept rooms anew when asked."""
        if self.options.native:
            return
        if self.containers is None:
            raise EnvironmentNotReady(
                "no container engine answers",
                hint="start it, or run the same command with --setup; build-env doctor shows what is missing",
            )
        removed = self.containers.sweep(self.project.identity)
        if removed:
            sink(Note(text=f"removed {removed} room{'s' if removed > 1 else ''} that a killed run left behind"))
        if self.options.container == "clean" or (self.options.container and self.options.recreate):
            self.containers.rooms.clean_reused(f"{self.project.settings.image_prefix}-{self.project.identity}-")

    def _signer(self) -> Signer:
        from build_env.publish.signing import configured_signer, ensure_project_key  # noqa: PLC0415 - deploys only

        settings, paths = self.project.settings, self.project.paths
        if settings.signing_key:
            home = paths.root / settings.signing_home if settings.signing_home else None
            return configured_signer(home, settings.signing_key)
        return ensure_project_key(paths.private / "gnupg", f"{settings.repository_label} package repository")


@contextlib.contextmanager
def open_session(project: Project, options: BuildOptions, *, exclusive: bool) -> Iterator[Session]:
    """Connect everything. `exclusive` takes the run lock, for commands that build."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        if exclusive:
            stack.enter_context(run_lock(project.paths.build))
        store = LocalStore(project.paths.build)
        stack.callback(store.close)
        if exclusive:
            store.sweep()
            sweep_rooms(project.paths.rooms)
        containers = None if options.native else _containers(project, options, needed=exclusive)
        if containers:
            stack.callback(containers.rooms.close)
        planner = Planner(
            paths=project.paths,
            settings=project.settings,
            host=project.host,
            target_name=options.target,
            architectures=options.architectures,
            native=options.native,
            base_identity=containers.base_identity if containers else _unknown,
        )
        yield Session(
            project=project,
            options=options,
            store=store,
            containers=containers,
            planner=planner,
            run_id=uuid.uuid4().hex[:12],
            began=began,
        )


def _containers(project: Project, options: BuildOptions, *, needed: bool) -> Containers | None:
    from build_env.app.containers import connect_containers  # noqa: PLC0415 - the docker SDK costs 100 ms

    try:
        return connect_containers(project, reuse=bool(options.container), slots=options.jobs)
    except EnvironmentNotReady:
        if needed:
            raise
        return None


def _unknown(reference: str, architecture: str) -> str:  # noqa: ARG001 - the signature of base_identity
    return ""


def exit_code(summary: RunSummary) -> int:
    """The exit code of a run: 130 interrupted, 4 the environment's fault, 1 a task failed, 0 done."""
    results: list[TaskResult] = list(summary.results.values())
    if any(result.status is Status.INTERRUPTED for result in results):
        return 130
    failed = [result for result in results if result.status is Status.FAILED]
    if failed:
        return 4 if all(result.environment for result in failed) else 1
    return 0
