"""Owns what a room is made from and what came of it, as data; engines make rooms of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from build_env.model.command import Command, Mount

__all__ = [
    "BuildContext",
    "RoomEntry",
    "RoomLimits",
    "RoomOrder",
    "RoomOutcome",
    "RoomSpec",
    "TimeLimit",
    "Variation",
]


@dataclass(frozen=True, kw_only=True)
class RoomEntry:
    """A file or tree that appears in a room, relative to the build root (`src/greet`), named by its content.

    `digest` is that of the file, or of the manifest of the `tree` (see `core.trees`), which names its files by their
    digests. Modes are normalised, times set to the room's epoch.
    """

    digest: str
    destination: str
    tree: bool = False


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """A directory of this host whose files a Dockerfile may copy; names in `leave_out` at its top are no part of it."""

    source: Path
    leave_out: tuple[str, ...] = ()


def _no_objects(digest: str) -> Path:
    raise RuntimeError(f"nobody said where the object {digest} lies")


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How a room differs from others in what must not matter to its results. What is empty is as in every room.

    `user` is the builder's uid and gid, `processors` the numbers of those it may use, `environment` replaces what the
    task declares. `reversed_order` lays the inputs in the opposite order, and has the files of the work listed in
    another one. Only fresh rooms in containers can differ.
    """

    host_name: str = ""
    user: tuple[int, int] | None = None
    umask: int = 0o022
    processors: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    reversed_order: bool = False


@dataclass(frozen=True, kw_only=True)
class TimeLimit:
    """How many seconds the commands of a room may take, and what says so: an option, or a setting with its file."""

    seconds: float
    origin: str

    @property
    def exceeded(self) -> str:
        """What is said of commands that took longer."""
        return f"stopped after {self.seconds:g} s ({self.origin})"


@dataclass(frozen=True, kw_only=True)
class RoomLimits:
    """What a room may use at most: processes and threads, open files of each, and bytes. 0 sets no limit.

    `shared_memory` is the size of /dev/shm, which counts as memory; `log` is all that the commands print.
    """

    processes: int = 0
    memory: int = 0
    files: int = 0
    shared_memory: int = 0
    log: int = 0


@dataclass(frozen=True, kw_only=True)
class RoomOrder:
    """A room and its commands, without what is of one machine only.

    `image` is the engine's own name for it, `labels` mark everything that belongs to it. `name` identifies a reused
    room; empty for a fresh one. `layer_key` names the installed set that `install` commands lead to. `fetches` tells
    that the commands may fetch sources: such a room has the downloads of its subject, and an SSH agent. `caches` has
    for names of `CACHES` the directory that stays from room to room, relative to where a machine has them.
    """

    image: str
    commands: tuple[Command, ...]
    environment: Mapping[str, str]
    entries: tuple[RoomEntry, ...]
    labels: Mapping[str, str]
    platform: str = ""
    mounts: tuple[Mount, ...] = ()
    fetches: bool = False
    caches: Mapping[str, str] = field(default_factory=dict)
    epoch: int = 0
    name: str = ""
    layer_key: str = ""
    limit: TimeLimit | None = None
    limits: RoomLimits = field(default_factory=RoomLimits)


@dataclass(frozen=True, kw_only=True)
class RoomSpec(RoomOrder):
    """What an engine needs to make one room and run its commands: the order, and what this machine has for it.

    `collect` is the host directory that receives `out/`, `downloads` the one that is both given to and taken from the
    room. `ssh_agent` is the socket of an agent that the room may ask. `object_path` tells where the object with a
    digest lies on this host: entries name no paths. `variation` is for rooms whose results are compared with those of
    others. `proxies` are variables that only a room with network gets. `cache_root` is where this machine has caches. A
    room that is not `kept` when its commands fail is one that no task has: nobody could ask for it.
    """

    collect: Path
    downloads: Path | None = None
    cache_root: Path | None = None
    ssh_agent: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)
    object_path: Callable[[str], Path] = _no_objects
    variation: Variation = field(default_factory=Variation)
    kept: bool = True


@dataclass(frozen=True, kw_only=True)
class RoomOutcome:
    """How the commands of a room ended: exit status 0, or that of the failed command; `message` in words.

    `peak_memory` is the most memory that the commands held at one time, in bytes; 0 where that is not known.
    """

    status: int
    message: str = ""
    peak_memory: int = 0
