"""A worker in a process of its own: what it is given lies in a directory by digest, and the checkout is hidden."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from build_env.core.trees import read_manifest
from build_env.model.artifact import Artifact, Isolation
from build_env.model.order import Outcome, from_json, to_json
from tests.support.tiny import tool_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.model.order import WorkOrder
    from build_env.model.room import RoomEntry, RoomOrder
    from build_env.store.results import LocalStore

__all__ = ["SubprocessWorker"]


@dataclass
class SubprocessWorker:
    """The `Worker` of a run whose orders are carried out elsewhere; `hidden` is what that process must not see."""

    store: LocalStore
    directory: Path
    hidden: Path
    engine: str
    names: str
    images: Any
    isolation: Isolation = Isolation.FRESH
    orders: list[str] = field(default_factory=list)

    def run(self, order: WorkOrder, output: Callable[[str], None]) -> Outcome:
        for entry in entries(order):
            self.give(entry)
        self.orders.append(to_json(order))
        command = [sys.executable, "-P", "-m", "build_env.work.serve", "--names", self.names]
        command += ["--store", str(self.directory / "own"), "--objects", str(self.directory / "given")]
        hide = f'mount -t tmpfs none "{self.hidden}" && exec "$@"'
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", hide, "sh", *command],
            input=self.orders[-1],
            env=tool_environment({"DOCKER_HOST": self.engine}),
            cwd=self.directory,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        *lines, last = map(json.loads, done.stdout.splitlines())
        for line in lines:
            output(line["line"])
        outcome = from_json(Outcome, json.dumps(last["outcome"]))
        for artifact in outcome.artifacts:
            data = (self.directory / "own/objects" / artifact.digest[:2] / artifact.digest).read_bytes()
            assert self.store.put(artifact.name, data) == artifact
        return outcome

    def give(self, entry: RoomEntry) -> None:
        """Put what the entry names into the directory of the worker."""
        source = self.store.path(Artifact(name="", digest=entry.digest, size=0))
        parts = [item.value for item in read_manifest(source.read_bytes()) if item.kind == "file"] if entry.tree else []
        for digest in (entry.digest, *parts):
            target = self.directory / "given" / digest[:2] / digest
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.store.path(Artifact(name="", digest=digest, size=0)), target)

    def missing(self, _room: RoomOrder) -> str:
        return ""

    def cancel(self) -> None:
        raise NotImplementedError


def entries(order: WorkOrder) -> Iterator[RoomEntry]:
    """All that an order names by digest."""
    yield from order.room.entries if order.room else ()
    yield from order.fetched
    if order.context:
        yield order.context
