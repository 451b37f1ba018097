"""Owns the worker as a process of its own: one order, one outcome. Not for people; no command of build-env names it.

The order comes as JSON on standard input; standard output gets an object with `line` for each line that is printed, and
one with `outcome` at the end.

`python -m build_env.work.serve --store DIRECTORY --objects DIRECTORY --names PREFIX`. Files that orders name lie in
`--objects` by digest (`1a/1a2b…`), what comes out is put into `--store` in the same way. The engine is that of
DOCKER_HOST.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_file
from build_env.core.errors import EnvironmentNotReady
from build_env.engines.docker.connection import connect
from build_env.engines.docker.images import DockerImages
from build_env.engines.docker.rooms import DockerRooms
from build_env.images.bases import Bases
from build_env.images.target import TargetImages
from build_env.model.order import WorkOrder, from_json, to_json
from build_env.settings import Settings
from build_env.store.cas import ContentStore
from build_env.work.worker import Worker

if TYPE_CHECKING:
    from build_env.model.artifact import Artifact

__all__ = ["main"]


class WorkerStore(ContentStore):
    """Objects of two directories: what was given, which is only read, and what the worker made."""

    def __init__(self, own: Path, given: Path) -> None:
        """Keep new objects below `own`."""
        super().__init__(own, "worker")
        self._given = given
        self._whole: set[str] = set()

    def path(self, artifact: Artifact) -> Path:
        """The object.

        Raises:
            EnvironmentNotReady: when it was not given, or is not what its name says.
        """
        digest = artifact.digest
        own = super().path(artifact)
        path = own if own.is_file() else self._given / digest[:2] / digest
        if digest not in self._whole:
            if not path.is_file() or digest_file(path) != digest:
                raise EnvironmentNotReady(f"the object {digest} was not given, or is damaged")
            self._whole.add(digest)
        return path


def main() -> None:
    """The program: one order."""
    parser = argparse.ArgumentParser(description="Carry out one order.")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--names", default="build-env")
    options = parser.parse_args()
    order = from_json(WorkOrder, sys.stdin.read())
    store = WorkerStore(options.store, options.objects)
    connection = connect()
    rooms = DockerRooms(connection=connection, project="worker")
    try:
        images = DockerImages(connection=connection, rooms=rooms, project="worker")
        bases = Bases(images=images, settings=Settings(), temporary=options.store / "temporary")
        worker = Worker(
            engine=rooms,
            store=store,
            directory=options.store / "rooms",
            downloads=options.store / "downloads",
            images=TargetImages(images=images, bases=bases, store=store, layer_prefix=options.names),
        )
        outcome = worker.run(order, lambda line: _say({"line": line}))
    finally:
        rooms.close()
        store.close()
    _say({"outcome": json.loads(to_json(outcome))})


def _say(data: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")  # ASCII only: a line can hold bytes that are no UTF-8
    sys.stdout.flush()


if __name__ == "__main__":
    main()
