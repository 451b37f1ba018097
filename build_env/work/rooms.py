"""Owns the work that is done in rooms: commands of stages, and the layers of build dependencies below them.

Knows no attempts and no logs: those are the executor's.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, Interrupted, TaskError
from build_env.model.artifact import Isolation, StoredResult
from build_env.model.command import Command
from build_env.model.task import Place
from build_env.plan.keys import INSTALLED
from build_env.work.inputs import refuse_undeclared
from build_env.work.kind import Done
from build_env.work.specs import RoomSpecs, input_at, layer_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.images.target import TargetImages
    from build_env.model.room import RoomOutcome, RoomSpec, Variation
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Engine, Store
    from build_env.store.claims import Claims

__all__ = ["RoomWork"]


@dataclass(frozen=True, kw_only=True)
class RoomWork:
    """Makes rooms from what the plan says and nothing else. `images` is None where rooms are native."""

    directory: Path
    engine: Engine
    store: Store
    specs: RoomSpecs
    claims: Claims
    images: TargetImages | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def isolation(self) -> Isolation:
        """The rank of the results."""
        return self.engine.isolation

    def cancel(self) -> None:
        """Kill all rooms, and wait for nothing any more; callable from any thread."""
        self.stopped.set()
        self.engine.cancel()

    def do(self, work: Work, write: Callable[[str], None]) -> Done:
        """Run the commands of the task in its room."""
        refuse_undeclared(work, self.store)
        with self._directory() as collect:
            spec = self._spec(work, collect, write)
            with self._alone(spec.name):  # a kept room is for one task at a time
                outcome = self.engine.run(spec, write)
            return self._done(work, outcome, collect)

    def layer(self, work: Work, write: Callable[[str], None], *, anew: bool) -> Done:
        """Make the layer as an image; its artifacts are the list of what is installed and what was fetched for it.

        A kept room has its layer inside. The image is made `anew` even if the engine has it.
        """
        if self.images is None or self.specs.of(work, self.directory).name:
            return self.do(work, write)
        refuse_undeclared(work, self.store)
        with self._directory() as collect:
            spec = self.specs.layer(work, collect)
            done = self._done(work, self._images.layer(spec, write, anew=anew), collect)
        if done.stored is None:
            return done
        facts = {**done.stored.facts, "tag": self._images.layer_tag(spec)}
        return replace(done, stored=replace(done.stored, facts=facts))

    def rehearse(
        self, work: Work, variation: Variation, collect: Path, write: Callable[[str], None], argv: tuple[str, ...] = ()
    ) -> RoomOutcome:
        """Do the commands of `work`, or `argv`, in a room that differs by `variation`; its results lie in `collect`.

        Nothing is recorded, and nothing enters the store.
        """
        spec = replace(self._spec(work, collect, write), variation=variation)
        if argv:
            spec = replace(spec, commands=(Command(kind=spec.commands[0].kind, argv=argv),), downloads=None)
        return self.engine.run(spec, write)

    def _spec(self, work: Work, collect: Path, write: Callable[[str], None]) -> RoomSpec:
        """The room of the task, its layer made again if it was lost."""
        spec = self.specs.of(work, collect)
        layer = input_at(work, Place.LAYER)
        if layer is None or self.images is None or spec.name:
            return spec
        self._have_layer(work, layer, write)
        return replace(spec, image=layer.facts["tag"])

    def _done(self, work: Work, outcome: RoomOutcome, collect: Path) -> Done:
        stored = None if outcome.status else self._result(work, collect)
        return Done(stored=stored, status=outcome.status, message=outcome.message, peak_memory=outcome.peak_memory)

    def _result(self, work: Work, collect: Path) -> StoredResult:
        """`installed` is the digest of the list of distribution packages that the room had, with exact versions."""
        lists = [entry for entry in work.inputs if entry.place in {Place.IMAGE, Place.LAYER}]
        installed = [item.digest for entry in lists for item in entry.artifacts if item.name == INSTALLED]
        stand_in = next((entry.facts["stand-in"] for entry in work.inputs if entry.facts.get("stand-in")), "")
        return StoredResult(
            key=work.key,
            artifacts=self.store.ingest(collect),
            isolation=self.isolation,
            seconds=0.0,
            facts={
                "stand-in": stand_in,
                "layer": layer_key(work),
                "installed": installed[-1] if installed else "",
            },
        )

    def _have_layer(self, work: Work, layer: ResolvedInput, write: Callable[[str], None]) -> None:
        """Make the layer again when the engine has lost it: from the packages that were kept, without network."""
        with self._directory() as collect, self._alone(layer.facts["layer"]):
            spec = self.specs.layer(work, collect)
            if self._images.has_layer(spec):
                return
            kept = [item for item in layer.artifacts if item.name != INSTALLED]
            write(f"the layer of build dependencies is gone: made again from {len(kept)} packages that were kept")
            outcome = self._images.layer(self.specs.offline(spec, kept), write, anew=True) if kept else None
            if outcome is None or outcome.status:
                outcome = self._images.layer(spec, write, anew=True)
            if outcome.status:
                raise TaskError(f"the layer of build dependencies could not be made again: {outcome.message}")
            made = {item.name: item.digest for item in self.store.ingest(collect)}
        if made.get(INSTALLED) != next(item.digest for item in layer.artifacts if item.name == INSTALLED):
            raise EnvironmentNotReady(
                "the layer of build dependencies came out with other packages than it had",
                hint="run again with --refresh: what the mirrors changed is installed, and what uses it is built again",
            )

    @property
    def _images(self) -> TargetImages:
        if self.images is None:
            raise RuntimeError("native rooms have no layers")
        return self.images

    @contextlib.contextmanager
    def _directory(self) -> Iterator[Path]:
        self.directory.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="out-", dir=self.directory))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Have what `name` stands for alone among all threads and runs; nothing is waited for without a name."""
        if not name:
            yield
            return
        claim = self.claims.await_claim({name}, self.stopped)
        if claim is None:
            raise Interrupted("stopped")
        try:
            yield
        finally:
            claim.release()
