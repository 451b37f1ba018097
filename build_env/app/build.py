"""Owns a `build-all` run from request to summary: connect what is needed, plan, look ahead, run the loop."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from build_env.app.clients import client_lines
from build_env.app.executor import new_executor
from build_env.app.planning import Planned, Planner
from build_env.app.quick import MEMORIES, memory_of
from build_env.app.reads import what_was_read
from build_env.app.recall import Resolved, recalled, write_memory
from build_env.app.runlock import is_alive, run_lock, sweep_dead
from build_env.core.errors import EnvironmentNotReady
from build_env.model.events import Note, PlanReady, RunFinished
from build_env.model.task import Plan, Stage
from build_env.packages.spec_facts import SPEC_FACTS
from build_env.schedule.foresee import Answer, foresee, in_words
from build_env.schedule.loop import Loop
from build_env.store.claims import Claims
from build_env.store.digests import FileDigests
from build_env.store.results import LocalStore, new_run
from build_env.targets.guard import Observed, observing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from build_env.app.containers import Containers
    from build_env.app.options import BuildOptions
    from build_env.app.project import Project
    from build_env.app.remembered import Memory
    from build_env.model.artifact import StoredResult
    from build_env.model.attempt import Run
    from build_env.model.events import Event
    from build_env.model.result import RunSummary
    from build_env.plan.select import Request
    from build_env.ports import EventSink
    from build_env.schedule.local import LocalExecutor

__all__ = ["Session", "open_session"]


@dataclass
class Session:
    """Everything one command needs, connected. `containers` is None where rooms are native or no engine answers."""

    project: Project
    options: BuildOptions
    store: LocalStore
    identity: Run
    exclusive: bool
    began: float
    digests: FileDigests
    observed: Observed = field(default_factory=Observed)
    read_since: int = 0

    @cached_property
    def containers(self) -> Containers | None:
        """The engine, connected when it is first needed."""
        if self.options.native:
            return None
        return _containers(self.project, self.options, self.identity.id, needed=self.exclusive)

    @cached_property
    def planner(self) -> Planner:
        """The planner of the target, loaded when a plan must be made."""
        self.read_since = time.time_ns()
        with observing(self.observed):
            return self._new_planner()

    def _new_planner(self) -> Planner:
        return Planner(
            paths=self.project.paths,
            settings=self.project.settings,
            host=self.project.host,
            target_name=self.options.target,
            architectures=self.options.architectures,
            native=self.options.native,
            base_identity=self.containers.base_identity if self.containers else _unknown,
            digest_of=self.digests.digest,
        )

    def close(self) -> None:
        """Remove what rooms shared, if the engine was needed at all."""
        if containers := vars(self).get("containers"):
            containers.rooms.close()

    def plan(
        self, request: Request, *, remembered: bool = True
    ) -> tuple[Planned, dict[str, Answer], dict[str, StoredResult]]:
        """What is known of the plan without running anything, and what a run would do; not from memory if told so."""
        resolved = (recalled(self._memory(request)) if remembered else None) or self._resolve(request)
        answers, hits = foresee(resolved.planned.plan, self.executor(resolved.planned), resolved.shortcut)
        return resolved.planned, answers, hits

    def run(self, request: Request, sink: EventSink) -> RunSummary:
        """Run everything that `request` asks for."""
        if self.store.replaced:
            sink(Note(text=self.store.replaced))
        memory = self._memory(request)
        self._prepare(sink)
        resolved = None if self.options.images_anew else recalled(memory)
        if resolved is None:
            failed = self._scan(sink)
            if failed:
                return failed
            resolved = self._resolve(request)
        planned = resolved.planned
        if self.options.images_anew:
            asked = "--recreate" if self.options.recreate else "--refresh"
            planned = replace(planned, notes=(*planned.notes, f"images are made anew ({asked})"))
        executor = self.executor(planned, anew=self._anew(planned.plan, scanned=bool(resolved.scanned)))
        answers, hits = foresee(planned.plan, executor, resolved.shortcut)
        for note in planned.notes:
            sink(Note(text=note))
        sink(PlanReady(plan=planned.plan, answers=in_words(answers)))
        summary = self._loop(planned.plan, executor, self._with_clients(sink), hits).run()
        if not self.options.images_anew:
            images = self.containers.images.seen if self.containers else {}
            write_memory(memory, resolved, summary, executor.publisher, images)
        return summary

    def _memory(self, request: Request) -> Memory:
        return memory_of(self.project, self.options, request, self.store, self.digests, writes=self.exclusive)

    def _resolve(self, request: Request) -> Resolved:
        """Make the plan anew."""
        planner = self.planner
        with observing(self.observed):
            scan = planner.scan()
            hits = foresee(scan.plan, self.executor(scan))[1] if scan else {}
            report = self._report(scan, hits) if scan else None
            planned = planner.plan(request, report)
        if scan and report is None:
            note = "the edges that only spec files declare are not known yet: the next run reads them in a room"
            planned = replace(planned, notes=(*planned.notes, note))
        return Resolved(
            planned=planned,
            reads=what_was_read(planner, self.observed, planned, scan),
            began=self.read_since,
            scanned=tuple(hits.values()),
        )

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

    def _scan(self, sink: EventSink) -> RunSummary | None:
        """Read what only a room may read; a summary only when that failed."""
        planner = self.planner
        with observing(self.observed):
            scan = planner.scan()
        if scan is None:
            return None
        executor = self.executor(scan, anew=self._anew(scan.plan))
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

    def _report(self, scan: Planned, hits: Mapping[str, StoredResult]) -> str | None:
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

    def _anew(self, plan: Plan, *, scanned: bool = False) -> frozenset[str]:
        """The tasks that are done whatever the store has; images that the scan made just now are not made twice."""
        stages = {Stage.IMAGE} if self.options.images_anew and not scanned else set()
        stages |= {Stage.LAYER} if self.options.recreate else set()
        return frozenset(task.id for task in plan if task.stage in stages)

    def executor(self, planned: Planned, *, anew: frozenset[str] = frozenset()) -> LocalExecutor:
        """What does the tasks of that plan; those of `anew` whatever the store has."""
        return new_executor(
            project=self.project,
            options=self.options,
            run=self.identity,
            store=self.store,
            claims=self._claims,
            containers=self.containers,
            recipes=planned.recipes,
            anew=anew,
        )

    @contextlib.contextmanager
    def claimed(self, names: Collection[str]) -> Iterator[None]:
        """Have the work that these names stand for alone, waiting for other runs."""
        claim = self._claims.await_claim(names, threading.Event())
        try:
            yield
        finally:
            if claim:
                claim.release()

    @property
    def _claims(self) -> Claims:
        owner = f"run {self.identity.id} (process {self.identity.pid})"
        return Claims(self.project.paths.build / "claims", owner)

    def _prepare(self, sink: EventSink) -> None:
        """Refuse to run without an engine; remove what a killed run left; make kept rooms anew when asked."""
        if self.options.native:
            return
        if self.containers is None:
            raise EnvironmentNotReady(
                "no container engine answers",
                hint="start it, or run the same command with --setup; build-env doctor shows what is missing",
            )
        removed = self.containers.sweep(partial(is_alive, self.project.paths.build))
        if removed:
            sink(Note(text=f"removed {removed} room{'s' if removed > 1 else ''} that a killed run left behind"))
        if self.options.container == "clean" or (self.options.container and self.options.images_anew):
            self.containers.rooms.clean_reused(f"{self.project.settings.image_prefix}-{self.project.identity}-")


@contextlib.contextmanager
def open_session(project: Project, options: BuildOptions, *, exclusive: bool) -> Iterator[Session]:
    """Connect everything. `exclusive` is for commands that build: they hold the lock of a run while they live."""
    began = time.monotonic()
    paths, identity = project.paths, new_run(shlex.join(sys.argv))
    with contextlib.ExitStack() as stack:
        if exclusive:
            stack.enter_context(run_lock(paths.build, identity))
            stack.callback(shutil.rmtree, paths.rooms / identity.id, ignore_errors=True)
        store = LocalStore(paths.build, identity)
        stack.callback(store.close)
        if exclusive:
            sweep_dead(paths, store)
        session = Session(
            project=project,
            options=options,
            store=store,
            identity=identity,
            exclusive=exclusive,
            began=began,
            digests=FileDigests(paths.build / MEMORIES / "digests"),
        )
        stack.callback(session.close)
        yield session


def _containers(project: Project, options: BuildOptions, run: str, *, needed: bool) -> Containers | None:
    from build_env.app.containers import connect_containers  # noqa: PLC0415 - the docker SDK costs 100 ms

    try:
        return connect_containers(project, run=run, reuse=bool(options.container), slots=options.jobs)
    except EnvironmentNotReady:
        if needed:
            raise
        return None


def _unknown(reference: str, architecture: str) -> str:  # noqa: ARG001 - the signature of base_identity
    return ""
