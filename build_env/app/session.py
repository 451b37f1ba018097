"""Owns what one command has in its hands: the store, the engine, the planner, connected when they are first needed."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from build_env.app.executor import new_executor, time_limit
from build_env.core.collecting import without_collecting
from build_env.core.disk import disk_errors
from build_env.core.errors import EnvironmentNotReady
from build_env.core.interception import WatchedVariables
from build_env.core.later import imported_later
from build_env.core.machine import machine_memory
from build_env.core.reading import Reading, unwatched
from build_env.core.sizes import parse_size
from build_env.model.events import Note, PlanReady
from build_env.packages.built import facts_of_last
from build_env.plancache.memory import DIGESTS
from build_env.schedule.foresee import in_words
from build_env.store.claims import Claims
from build_env.store.digests import FileDigests
from build_env.store.results import LocalStore, new_run
from build_env.store.runlock import is_alive, run_lock, sweep_dead

with imported_later():
    from build_env.app import containers as app_containers
    from build_env.app import planning, several
    from build_env.schedule import estimates as schedule_estimates
    from build_env.schedule import loop as schedule_loop
    from build_env.schedule import resources
    from build_env.targets import unstable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.app.containers import Containers
    from build_env.app.planning import Planner
    from build_env.app.project import Project
    from build_env.app.several import Planners
    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.options import BuildOptions
    from build_env.model.result import RunSummary
    from build_env.model.run import Run
    from build_env.model.task import Plan
    from build_env.ports import EventSink
    from build_env.schedule.foresee import Answer
    from build_env.schedule.local import LocalExecutor
    from build_env.schedule.resources import Capacity

__all__ = ["Session", "open_session"]


@dataclass
class Session:
    """Everything one command needs, connected. `containers` is None where rooms are native or no engine answers."""

    project: Project
    options: BuildOptions
    store: LocalStore
    run: Run
    writes: bool
    began: float
    digests: FileDigests
    read_since: int = 0
    said: str = ""

    @cached_property
    def containers(self) -> Containers | None:
        """The engine, connected when it is first needed."""
        if self.options.native:
            return None
        try:
            return app_containers.connect_containers(
                self.project,
                run=self.run.id,
                reuse=bool(self.options.container),
                slots=self.options.jobs,
                limit=time_limit(self.options, self.project.settings),
            )
        except EnvironmentNotReady:
            if self.writes:
                raise
            return None

    def connected(self) -> Containers:
        """The engine. Raises EnvironmentNotReady when none answers."""
        if self.containers is None:
            raise EnvironmentNotReady(
                "no container engine answers", hint="start it; build-env doctor shows what is missing"
            )
        return self.containers

    @property
    def planner(self) -> Planner:
        """The planner of the first target, for commands that take one."""
        return self.planners.members[0]

    @cached_property
    def planners(self) -> Planners:
        """The planners of the targets, loaded when a plan must be made."""
        # Connected before: what a client of the engine reads is not what a plan is made of.
        containers = self.containers
        self.read_since = time.time_ns()
        with self.planning():
            return self._new_planners(containers)

    @contextlib.contextmanager
    def planning(self) -> Iterator[None]:
        """What is asked of the machine meanwhile is what a plan depends on, and is recorded."""
        # What refuses user code clock and chance stays in place: putting it there for each hook call costs more than
        # most hooks.
        with without_collecting(), self.reading.active(), unstable.refusals().in_place():
            yield

    @cached_property
    def reading(self) -> Reading:
        """What planning reads."""
        return Reading(self.project.trees, self.digests.digest)

    def _new_planners(self, containers: Containers | None) -> Planners:
        project = replace(self.project, environ=WatchedVariables(self.project.environ))
        architectures = self.options.architectures or (project.host.architecture,)

        def new(target: str, architectures: tuple[str, ...]) -> planning.Planner:
            return planning.Planner(
                project=project,
                target_name=target,
                architectures=architectures,
                native=self.options.native,
                base_identity=unwatched(containers.base_identity) if containers else _unknown,
                digest_tree=self.reading.tree,
                digest_file=self.reading.file,
                built=partial(facts_of_last, self.store),
            )

        supported_by = partial(project.supported, architectures=architectures)
        return several.planners_of(new, supported_by, self.options.targets, architectures)

    def close(self) -> None:
        """Remove what rooms shared, if the engine was needed at all."""
        if containers := vars(self).get("containers"):
            containers.rooms.close()

    def cancel(self) -> None:
        """Let the clearing up wait for nothing that does not answer."""
        if containers := vars(self).get("containers"):
            containers.connection.cancel()

    def executor(self, *, anew: frozenset[TaskName] = frozenset()) -> LocalExecutor:
        """What does the tasks of that plan; those of `anew` whatever the store has."""
        return new_executor(self, anew)

    @cached_property
    def claims(self) -> Claims:
        """The rights of this run to do tasks."""
        owner = f"run {self.run.id} (process {self.run.pid})"
        return Claims(self.project.paths.build / "claims", owner)

    def prepare(self, sink: EventSink) -> None:
        """Refuse to run without an engine; remove what a killed run left; make kept rooms anew when asked."""
        if self.options.native:
            return
        containers = self.connected()
        removed = containers.sweep(partial(is_alive, self.project.paths.build))
        if removed:
            sink(Note(text=f"removed {removed} room{'s' if removed > 1 else ''} that a killed run left behind"))
        if self.options.container == "clean" or (self.options.container and self.options.images_anew):
            containers.rooms.kept.clean(f"{self.project.settings.image_prefix}-{self.project.checkout}-")

    def say_replaced(self, sink: EventSink) -> None:
        """Damage of the database may show when it is opened, or only when it is asked."""
        if self.store.replaced != self.said:
            self.said = self.store.replaced
            sink(Note(text=self.said))

    def run_plan(
        self,
        plan: Plan,
        executor: LocalExecutor,
        sink: EventSink,
        answers: Mapping[TaskName, Answer],
        hits: Mapping[TaskName, StoredResult],
    ) -> RunSummary:
        """Say what the plan comes to, and run it."""
        relevant = schedule_estimates.asked_of_history(plan, hits)
        estimates = schedule_estimates.estimate_tasks(plan, self.store.history(relevant) if relevant else {}, hits)
        sink(PlanReady(plan=plan, answers=in_words(answers), estimates=estimates, slots=self.options.jobs))
        loop = schedule_loop.Loop(
            plan=plan,
            executor=executor,
            sink=sink,
            capacity=self._capacity(),
            keep_going=self.options.keep_going,
            publisher=executor.publisher,
            hits=hits,
            estimates=estimates,
            retries=self.project.settings.retries,
            publish_every=60 * self.project.settings.publish_every,
            began=self.began,
        )
        summary = loop.run()
        if self.containers:
            self.containers.drop_failed({name for name, result in summary.results.items() if result.ok})
        return summary

    def _capacity(self) -> Capacity:
        """The slots of `--jobs`; memory as the command line or the settings say, or all that the rooms' machine has."""
        limit = self.options.memory_bytes or parse_size(self.project.settings.memory)
        engine = self.containers.connection.facts.memory if self.containers else 0
        return resources.Capacity(slots=self.options.jobs, memory=limit or engine or machine_memory())


@contextlib.contextmanager
def open_session(project: Project, options: BuildOptions, *, writes: bool) -> Iterator[Session]:
    """Connect everything. `writes` is for commands that build: they hold the lock of a run while they live.

    Others change nothing that is recorded, and a disk that is full is said to be, wherever it shows.
    """
    began = time.monotonic()
    paths, run = project.paths, new_run(shlex.join(sys.argv))
    with disk_errors(), contextlib.ExitStack() as stack:
        if writes:
            stack.enter_context(run_lock(paths.build, run))
            stack.callback(shutil.rmtree, paths.rooms / run.id, ignore_errors=True)
        store = LocalStore(paths.build, run, writes=writes)
        stack.callback(store.close)
        if writes:
            sweep_dead(paths, store)
        session = Session(
            project=project,
            options=options,
            store=store,
            run=run,
            writes=writes,
            began=began,
            digests=FileDigests(paths.memories / DIGESTS),
        )
        stack.callback(session.close)
        try:
            yield session
        except KeyboardInterrupt:
            session.cancel()
            raise


def _unknown(reference: str, architecture: str) -> str:  # noqa: ARG001 - the signature of base_identity
    return ""
