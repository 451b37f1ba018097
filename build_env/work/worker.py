"""Owns carrying out orders: an order in, an outcome out, on one engine with one store of objects.

Knows no checkout, no plan, no database, no claims and no publisher: everything that it uses is named in the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.disk import scratch
from build_env.core.errors import BuildEnvError, EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.model.artifact import Artifact, Isolation
from build_env.model.command import Command
from build_env.model.order import Ended, Outcome
from build_env.model.room import RoomSpec, Variation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from build_env.images.target import TargetImages
    from build_env.model.order import WorkOrder
    from build_env.model.room import RoomOrder, RoomOutcome
    from build_env.ports import Engine, Objects

__all__ = ["Worker"]


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Carries out orders, in several threads at a time. `images` is None where rooms are native.

    `store` has the objects that orders name and gets what comes out, `directory` is for unfinished results, below
    `downloads` lie the sources that were fetched before, `ssh_agent` is the socket for those that are fetched, below
    `caches` those of tools (None: rooms have none),
    `proxies` are variables for rooms with network.
    """

    engine: Engine
    store: Objects
    directory: Path
    downloads: Path
    caches: Path | None = None
    images: TargetImages | None = None
    ssh_agent: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)  # target images that the engine had

    @property
    def isolation(self) -> Isolation:
        """The rank of the results of rooms."""
        return self.engine.isolation

    def cancel(self) -> None:
        """Stop what runs; callable from any thread."""
        self.engine.cancel()

    def run(self, order: WorkOrder, output: Callable[[str], None]) -> Outcome:
        """Carry out the order; `output` gets each line that it prints. Trouble of every kind is in the outcome.

        Raises:
            ValueError: for an order that says nothing that could be done.
        """
        try:
            if order.recipe is not None:
                return self._image(order, output)
            if order.room is None:
                raise ValueError("the order says nothing that could be done")
            if missing := self.missing(order.room):
                return Outcome(ended=Ended.IMAGE_MISSING, missing=missing)
            with scratch(self.directory, "out-") as collect:
                return (self._layer if order.layer else self._room)(order, collect, output)
        except BuildEnvError as error:
            return _trouble(error)

    def missing(self, room: RoomOrder) -> str:
        """The image that the room is made from, if the engine has it not; layers go more easily than target images."""
        if self.images is None or room.name or room.image in self._seen:
            return ""
        if self.images.images.describe(room.image) is None:
            return room.image
        if not room.layer_key:
            self._seen.add(room.image)
        return ""

    def rehearse(
        self, room: RoomOrder, variation: Variation, collect: Path, output: Callable[[str], None], argv: tuple[str, ...]
    ) -> RoomOutcome:
        """Run the commands of a room, or `argv`, in one that differs by `variation`; what comes out is in `collect`."""
        spec = replace(self._spec(replace(room, caches={}), "", collect), variation=variation)
        if argv:
            spec = replace(spec, commands=(Command(kind=spec.commands[0].kind, argv=argv),), downloads=None)
        return self.engine.run(spec, output)

    def _image(self, order: WorkOrder, output: Callable[[str], None]) -> Outcome:
        if self.images is None or order.recipe is None:
            raise EnvironmentNotReady("native rooms have no images")
        stored = self.images.make(order.recipe, order.context, output, anew=order.anew, pulled=order.pulled)
        return Outcome(
            ended=Ended.DONE,
            artifacts=stored.artifacts,
            facts=stored.facts,
            isolation=stored.isolation,
            key=stored.key,
            inputs=stored.inputs,
        )

    def _room(self, order: WorkOrder, collect: Path, output: Callable[[str], None]) -> Outcome:
        spec = self._spec_of(order, collect)
        return self._outcome(self.engine.run(spec, output), collect)

    def _layer(self, order: WorkOrder, collect: Path, output: Callable[[str], None]) -> Outcome:
        """Make the layer as an image: from the packages that were kept, without network, if that can be done.

        Raises:
            EnvironmentNotReady: where rooms are native.
        """
        if self.images is None:
            raise EnvironmentNotReady("native rooms have no layers")
        spec = self._spec_of(order, collect)
        outcome = None
        if order.fetched:
            commands = tuple(replace(command, network=False) for command in spec.commands)
            offline = replace(spec, commands=commands, entries=(*spec.entries, *order.fetched))
            outcome = self.images.layer(offline, output, anew=True)
        if outcome is None or outcome.status:
            outcome = self.images.layer(spec, output, anew=order.anew)
        return replace(self._outcome(outcome, collect), facts={"tag": self.images.layer_tag(spec)})

    def _outcome(self, outcome: RoomOutcome, collect: Path) -> Outcome:
        return Outcome(
            ended=Ended.FAILED if outcome.status else Ended.DONE,
            artifacts=() if outcome.status else self.store.ingest(collect),
            isolation=self.isolation,
            status=outcome.status,
            message=outcome.message,
            peak_memory=outcome.peak_memory,
        )

    def _spec_of(self, order: WorkOrder, collect: Path) -> RoomSpec:
        return self._spec(order.given_room, order.task.subject, collect)

    def _spec(self, room: RoomOrder, subject: str, collect: Path) -> RoomSpec:
        """The room as an engine of this machine makes it."""
        downloads = self.downloads / subject if room.fetches and subject else None
        if downloads:
            downloads.mkdir(parents=True, exist_ok=True)
        return RoomSpec(
            **vars(room),
            collect=collect,
            downloads=downloads,
            cache_root=self.caches,
            ssh_agent=self.ssh_agent if room.fetches else "",
            proxies=self.proxies,
            object_path=lambda digest: self.store.path(Artifact(name="", digest=digest, size=0)),
        )


def _trouble(error: BuildEnvError) -> Outcome:
    if isinstance(error, Interrupted):
        ended = Ended.STOPPED
    elif isinstance(error, InfrastructureError):
        ended = Ended.TROUBLE
    else:
        ended = Ended.NOT_READY if isinstance(error, EnvironmentNotReady) else Ended.FAILED
    return Outcome(ended=ended, message=error.in_one_line, hint=error.hint)
