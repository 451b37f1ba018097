"""Owns what is remembered of a finished command: everything its plan was read from, and the results that made it whole.

One file below `build/remembered/` for each command. There is no plan in it: when something is not as it was, the plan
is made anew.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build_env import __version__
from build_env.core.canonical import digest_bytes, digest_data
from build_env.store.blob import load_blob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from build_env.core.reading import Reads
    from build_env.plancache.watch import Watched
    from build_env.store.results import Outcome

__all__ = ["DIGESTS", "Memory", "load_memory", "memory_name", "old_memories", "remembered_keys", "rows_digest"]

_FORMAT = 5
_SUFFIX = ".check"
DIGESTS = "digests"  # of files, for all commands; lies beside the memories
_OWN = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What has to be the same for there to be nothing to do.

    `paths` are watched for the meanings in `reads`, in their order; each of its trees owns a slice of `members`, which
    begins at its number in `starts`. `rows` is the digest of what the store said of the results with these `keys`;
    `images` are references with the identifier that the engine had for them, empty for none.
    """

    tasks: int
    notes: tuple[str, ...]
    reads: Reads
    paths: Watched
    members: Watched
    starts: tuple[int, ...]
    objects: Watched
    evidence: Watched
    keys: tuple[str, ...]
    rows: str
    images: Mapping[str, str]


def load_memory(file: Path) -> Memory | None:
    """The memory in that file, if there is one that can be read."""
    value = load_blob(file)
    return value if isinstance(value, Memory) else None


def memory_name(**facts: object) -> str:
    """The name of a command's memory: all that decides its plan besides what is read, and which programs read it."""
    host = [*os.uname(), os.cpu_count(), os.getuid(), os.getgid()]
    own = {"format": _FORMAT, "program": _program(), "python": sys.version, "path": sys.path, "host": host}
    return f"{digest_data({**own, **facts})[:32]}{_SUFFIX}"


def rows_digest(outcomes: Mapping[str, Outcome]) -> str:
    """What the store says of results, in one word."""
    return digest_bytes("\n".join(" ".join(map(str, row)) for _, row in sorted(outcomes.items())).encode())


def old_memories(directory: Path, since: float) -> list[Path]:
    """Memories not used since then, and what killed runs left half-written there; for `gc`."""
    return [path for path in _files(directory) if path.name != DIGESTS and path.stat().st_mtime < since]


def remembered_keys(directory: Path, since: float) -> frozenset[str]:
    """The keys of all results that memories used since then refer to; one that cannot be read refers to nothing."""
    keys: set[str] = set()
    for path in _files(directory):
        if path.suffix == _SUFFIX and not path.name.startswith(".") and path.stat().st_mtime >= since:
            memory = load_memory(path)
            keys |= set(memory.keys) if memory else set()
    return frozenset(keys)


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.iterdir() if directory.is_dir() else ()) if path.is_file())


def _program() -> list[object]:
    """This build-env: a checkout changes without its version changing."""
    modules: list[Collection[object]] = []
    for directory, _, names in os.walk(_OWN):
        for name in names:
            if name.endswith(".py"):
                facts = os.lstat(f"{directory}/{name}")
                modules.append([f"{directory}/{name}", facts.st_size, facts.st_mtime_ns])
    return [__version__, sorted(modules, key=str)]
