"""Owns the states of a channel on disk: locking, writing a new generation, switching to it, sweeping.

    <channel>/.publish/lock                  two publishers wait for each other
    <channel>/.publish/indexes/<view>/<n>/   a view as generation n wrote it, with its records (`holdings.py`)
    <channel>/.publish/generations/<n>/      a whole state: a link to an index for each view, the key, `channel.json`
    <channel>/.publish/keys/                 public keys, each called by its digest
    <channel>/.publish/current               a link to one generation; renaming it is the only switch
    <channel>/deb, rpm, …                    pools, and links through `current` to the indexes, each made once

A view that a publish leaves alone costs the next generation one link. It must not know any format. A generation without
the `current` link, and an index that no generation links to, are leftovers of a crash.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build_env.core import locks
from build_env.core.canonical import digest_bytes
from build_env.core.disk import PUBLIC_DIRECTORY, PUBLIC_FILE, permit, sync
from build_env.core.errors import EnvironmentNotReady, InputError
from build_env.formats.view import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "Generation",
    "RepositoryDamaged",
    "begin",
    "check_links",
    "commit",
    "current_generation",
    "locked",
    "private",
    "read_json",
    "through_current",
]

_KEPT_GENERATIONS = 3
_CHANNEL = "channel.json"
_INDEXES = "indexes"
_KEYS = "keys"


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One state of a channel: its number and its directory."""

    number: int
    path: Path

    def record(self) -> dict[str, Any]:
        """What `commit` was given of the channel.

        Raises:
            RepositoryDamaged: the file is damaged; that is the machine's fault and never guessed around.

        """
        return read_json(self.path / _CHANNEL)

    def indexes(self) -> dict[str, Path]:
        """The directory of each view's index, by the name of the view."""
        links = (link for link in self.path.iterdir() if link.is_symlink() and link.name != KEY_FILE)
        return {link.name: link.resolve() for link in links}

    def new_index(self, name: str) -> Path:
        """An empty directory for a view's index in this generation; what a crash left under its name is gone."""
        path = self.path.parent.parent / _INDEXES / name / self.path.name
        path.mkdir(parents=True)
        return path


def read_json(file: Path) -> dict[str, Any]:
    """A record of the channel.

    Raises:
        RepositoryDamaged: it is no map, or cannot be read.

    """
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise RepositoryDamaged(file) from error
    if not isinstance(value, dict):
        raise RepositoryDamaged(file)
    return value


class RepositoryDamaged(EnvironmentNotReady):
    """A repository's own records cannot be read."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"the record of the repository is damaged: {file}",
            hint="restore the repository from a copy, or remove its directory and publish everything again",
        )


def private(root: Path) -> Path:
    """Name the directory of a channel that clients have no business in."""
    return root / ".publish"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the channel's lock, waiting for another publisher; the kernel frees it if this process dies."""
    private(root).mkdir(parents=True, exist_ok=True)
    for directory in (root, private(root)):
        permit(directory, PUBLIC_DIRECTORY)
    lock = private(root) / "lock"
    # The file stays: a lock on a name that is removed and made again would be two locks.
    with lock.open("ab"), locks.locked(lock):  # to append: only made, a publish of nothing new leaves its time
        permit(lock, PUBLIC_FILE)
        yield


def current_generation(root: Path) -> Generation | None:
    """Return the state clients read now, or None before the first publish.

    Raises:
        RepositoryDamaged: the link does not lead to a generation.

    """
    link = private(root) / "current"
    if not link.is_symlink():
        return None
    name = link.readlink().name
    if not name.isdecimal():
        raise RepositoryDamaged(link)
    return Generation(number=int(name), path=link.parent / "generations" / name)


def begin(root: Path) -> Generation:
    """Sweep what a crash left and make the directory of the next generation. Call with the lock held."""
    current = current_generation(root)
    number = current.number if current else 0
    _sweep(root, number)
    path = private(root) / "generations" / f"{number + 1:08d}"
    path.mkdir(parents=True)
    return Generation(number=number + 1, path=path)


def check_links(root: Path, links: Mapping[str, str]) -> None:
    """See that each path below the channel is free, or is the link that it should be (path → path in a generation).

    Raises:
        InputError: another view is read there.

    """
    for name, target in links.items():
        link = root / name
        if link.is_symlink() and os.readlink(link) != through_current(name, target):  # noqa: PTH115 - text is compared
            raise InputError(
                f"{name} of the repository belongs to another view: {link.readlink()}",
                hint="targets whose names differ in - and / only cannot share a suite; name another in run_deploy",
            )


def commit(
    root: Path,
    generation: Generation,
    *,
    indexes: Mapping[str, Path],
    record: Mapping[str, object],
    key: bytes,
    links: Mapping[str, str],
) -> None:
    """Make a completely written generation the one that clients read.

    `indexes` are those of all views, `record` is what the channel itself remembers, `links` maps paths below the
    channel to paths in a generation.
    """
    for name, index in indexes.items():
        (generation.path / name).symlink_to(f"../../{_INDEXES}/{name}/{index.name}")
        if index.name == generation.path.name:  # the others were synced by the publish that wrote them
            _sync_tree(index)
            permit(index.parent, PUBLIC_DIRECTORY)
            sync(index.parent)
    sync(private(root) / _INDEXES)
    (generation.path / KEY_FILE).symlink_to(f"../../{_keep_key(root, key)}")
    (generation.path / _CHANNEL).write_text(json.dumps(record, sort_keys=True), encoding="utf-8")
    # All that the new state consists of is on the disk before anything leads to it.
    _sync_tree(generation.path)
    for directory in (generation.path.parent, private(root) / _INDEXES):
        permit(directory, PUBLIC_DIRECTORY)
    sync(generation.path.parent)
    sync(private(root))
    # A link of a new view leads nowhere until the switch; to clients that is a view that is not there yet.
    for name, target in {KEY_FILE: KEY_FILE, **links}.items():
        _link(root, name, target)
    switching = private(root) / "current.new"
    switching.unlink(missing_ok=True)  # of a publish that died between the next two lines
    switching.symlink_to(f"generations/{generation.path.name}")
    # The one moment at which all views change. `rename` replaces a link atomically; `symlink` could not.
    switching.rename(switching.with_name("current"))
    sync(private(root))  # only when the switch is on the disk may what it leads away from go
    _sweep(root, generation.number)


def _keep_key(root: Path, key: bytes) -> str:
    """Write the key under its digest, so that a publish that does not change it leaves its file as it is."""
    place = f"{_KEYS}/{digest_bytes(key)}.asc"
    file = private(root) / place
    file.parent.mkdir(exist_ok=True)
    if not file.is_file() or file.read_bytes() != key:
        whole = file.with_suffix(".new")
        whole.write_bytes(key)
        permit(whole, PUBLIC_FILE)
        sync(whole)
        whole.replace(file)
    permit(file.parent, PUBLIC_DIRECTORY)
    sync(file.parent)
    return place


def _link(root: Path, name: str, target: str) -> None:
    """Make the link at which clients read something of whatever generation is current, once and for ever."""
    link = root / name
    if link.is_symlink() and os.readlink(link) == through_current(name, target):  # noqa: PTH115 - text is compared
        return
    if link.is_symlink() or link.is_file():  # somebody's copy or link in its place
        link.unlink()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(through_current(name, target))
    for directory in link.parents:  # each of them may be new
        permit(directory, PUBLIC_DIRECTORY)
        sync(directory)
        if directory == root:
            break


def through_current(name: str, target: str) -> str:
    """The text of the link at `name` below the channel to a path in whatever generation is current."""
    return f"{'../' * name.count('/')}.publish/current/{target}"


def _sweep(root: Path, number: int) -> None:
    """Remove generations that no client can be reading, those that never became current, and their indexes."""
    generations, indexes = private(root) / "generations", private(root) / _INDEXES
    kept: set[Path] = set()
    for path in generations.iterdir() if generations.is_dir() else ():
        if path.name.isdecimal() and number - _KEPT_GENERATIONS < int(path.name) <= number:
            kept |= set(Generation(number=int(path.name), path=path).indexes().values())
        else:
            shutil.rmtree(path)
    for view in indexes.iterdir() if indexes.is_dir() else ():
        for index in view.iterdir():
            if index.resolve() not in kept:
                shutil.rmtree(index)


def _sync_tree(root: Path) -> None:
    """Put all below `root` on the disk, for everybody to read whatever the caller's umask; links are synced already."""
    for directory, _, files in os.walk(root, topdown=False):
        for name in files:
            path = os.path.join(directory, name)  # noqa: PTH118  (os.walk gives strings)
            if not os.path.islink(path):  # noqa: PTH114
                permit(path, PUBLIC_FILE)
                sync(path)
        permit(directory, PUBLIC_DIRECTORY)
        sync(directory)
