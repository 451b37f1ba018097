"""Owns the states of a repository on disk: locking, writing a new generation, switching to it, sweeping.

    <repository>/.publish/lock               two publishers wait for each other
    <repository>/.publish/generations/<n>/   one complete state: index trees, `state.json`, `holdings`
    <repository>/.publish/current            a link to one generation; renaming it is the only switch
    <repository>/dists, repodata, …          links through `current`, made once

It must not know what apt or rpm are. A generation without the `current` link is a leftover of a crash.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = [
    "Generation",
    "begin",
    "commit",
    "current_generation",
    "locked",
    "private",
    "published_digests",
    "repository_holds",
    "sync",
]

_KEPT_GENERATIONS = 3
_STATE = "state.json"
_HOLDINGS = "holdings"


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One state of a repository: its number and its directory."""

    number: int
    path: Path

    def state(self) -> dict[str, object]:
        """Read what `commit` wrote; a damaged file is the machine's fault, never guessed around."""
        file = self.path / _STATE
        try:
            value = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise damaged(file) from error
        if not isinstance(value, dict):
            raise damaged(file)
        return value


def damaged(file: Path) -> EnvironmentNotReady:
    """Build the error for a repository whose own records cannot be read."""
    return EnvironmentNotReady(
        f"the record of the repository is damaged: {file}",
        hint="restore the repository from a copy, or remove its directory and publish everything again",
    )


def private(repository: Path) -> Path:
    """Name the directory of a repository that clients have no business in."""
    return repository / ".publish"


@contextmanager
def locked(repository: Path) -> Iterator[None]:
    """Hold the repository's lock, waiting for another publisher; the kernel frees it if this process dies."""
    directory = private(repository)
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def current_generation(repository: Path) -> Generation | None:
    """Return the state clients read now, or None before the first publish."""
    link = private(repository) / "current"
    if not link.is_symlink():
        return None
    name = link.readlink().name
    if not name.isdecimal():
        raise damaged(link)
    return Generation(number=int(name), path=link.parent / "generations" / name)


def begin(repository: Path) -> Generation:
    """Sweep what a crash left and make the directory of the next generation. Call with the lock held."""
    current = current_generation(repository)
    number = current.number if current else 0
    _sweep(repository, number)
    path = private(repository) / "generations" / f"{number + 1:08d}"
    path.mkdir(parents=True)
    return Generation(number=number + 1, path=path)


def commit(
    repository: Path,
    generation: Generation,
    *,
    state: Mapping[str, object],
    holdings: Mapping[str, str],
    links: Collection[str],
) -> None:
    """Make a completely written generation the one that clients read.

    `holdings` maps each published digest to its file; `links` are the names served at the top.
    """
    text = "".join(f"{digest} {path}\n" for digest, path in sorted(holdings.items()))
    (generation.path / _HOLDINGS).write_text(text, encoding="utf-8")
    (generation.path / _STATE).write_text(json.dumps(state, sort_keys=True), encoding="utf-8")
    _sync_tree(generation.path)
    sync(generation.path.parent)
    for name in links:
        link = repository / name
        if not link.is_symlink():
            link.symlink_to(f".publish/current/{name}")
    sync(repository)
    switching = private(repository) / "current.new"
    switching.unlink(missing_ok=True)
    switching.symlink_to(f"generations/{generation.path.name}")
    switching.rename(switching.with_name("current"))
    sync(private(repository))
    _sweep(repository, generation.number)


def repository_holds(repository: Path, digests: Collection[str]) -> frozenset[str]:
    """Tell which of `digests` are published now, and whose files are still there; reads one small file."""
    held = _held(repository)
    wanted = frozenset(digests)
    return frozenset(digest for digest in wanted & held.keys() if (repository / held[digest]).is_file())


def repository_evidence(repository: Path, digests: Collection[str]) -> list[Path]:
    """The files that `repository_holds` goes by: what is current, its list, and the published files."""
    current = current_generation(repository)
    held = _held(repository)
    names = [repository / held[digest] for digest in sorted(held.keys() & frozenset(digests))]
    return [private(repository) / "current", *([current.path / _HOLDINGS] if current else ()), *names]


def published_digests(repositories: Path) -> frozenset[str]:
    """All that clients of the repositories below this directory get now. Raises where a record is damaged."""
    found: set[str] = set()
    for current, directories, _ in os.walk(repositories):
        if private(Path(current)).name in directories:
            found |= _held(Path(current)).keys()
            directories.clear()
    return frozenset(found)


def _held(repository: Path) -> dict[str, str]:
    """Published digests with their files, as the current generation lists them."""
    current = current_generation(repository)
    if current is None:
        return {}
    file = current.path / _HOLDINGS
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(file) from error
    return dict(line.split(" ", 1) for line in lines if " " in line)


def _sweep(repository: Path, number: int) -> None:
    """Remove generations that no client can be reading, and those that never became current."""
    generations = private(repository) / "generations"
    for path in generations.iterdir() if generations.is_dir() else ():
        if not (path.name.isdecimal() and number - _KEPT_GENERATIONS < int(path.name) <= number):
            shutil.rmtree(path)


def _sync_tree(root: Path) -> None:
    """Put every file and directory below `root` on the disk; links already point to synced data."""
    for directory, _, files in os.walk(root, topdown=False):
        for name in files:
            path = os.path.join(directory, name)  # noqa: PTH118  (os.walk gives strings)
            if not os.path.islink(path):  # noqa: PTH114
                sync(path)
        sync(directory)


def sync(path: Path | str) -> None:
    """Put one file or directory on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
