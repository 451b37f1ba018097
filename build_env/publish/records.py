"""Owns what a generation of a channel has on record: of the whole channel, and of each view; and reading it back.

It writes nothing: `snapshot` decides what is recorded, `generation` puts it on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from build_env.core.errors import InputError
from build_env.formats.registry import format_called
from build_env.formats.view import KEY_FILE, Entry, View
from build_env.publish.generation import RepositoryDamaged, current_generation, locked, private, read_json
from build_env.publish.holdings import Held
from build_env.publish.retention import Retained
from build_env.publish.signing import Trusted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from build_env.formats.view import Repository
    from build_env.publish.generation import Generation

__all__ = [
    "CHECKS",
    "VERSION",
    "Channel",
    "Index",
    "load_channel",
    "load_index",
    "published_entries",
    "published_index",
    "trusted_key",
]

VERSION = 1  # of the records
CHECKS = 1  # raised with each new reason to refuse a package: what was published before is then looked at once more


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What a generation knows of the whole channel.

    `pool` maps every file ever announced to its artifact's digest, `signed` those with a signature to their own.
    """

    label: str
    key: str
    pool: Mapping[str, str] = field(default_factory=dict)
    signed: Mapping[str, str] = field(default_factory=dict)

    def digest_of(self, path: str) -> str:
        """The digest of the published bytes; empty for a file that is not announced."""
        return self.signed.get(path) or self.pool.get(path, "")


@dataclass(frozen=True, kw_only=True)
class Index:
    """What the channel knows of one view: architectures, entries by key, time of its publish, index files before."""

    view: View
    architectures: tuple[str, ...] = ()
    epoch: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    hashed: tuple[str, ...] = ()
    retained: tuple[Retained, ...] = ()

    @property
    def repository(self) -> Repository:
        """How its format publishes."""
        return format_called(self.view.format).repository

    @property
    def links(self) -> dict[str, str]:
        """Where clients read it: path below the channel → path in a generation."""
        return {place: f"{self.view.name}/{part}" for place, part in self.repository.served(self.view).items()}

    def holdings(self, channel: Channel) -> dict[str, Held]:
        """Map each artifact's digest to its published file."""
        paths = {
            digest: f"{entry.directory}/{name}"
            for entry in self.entries.values()
            for name, digest in entry.files.items()
        }
        return {digest: Held(path=path, digest=channel.digest_of(path)) for digest, path in paths.items()}


def trusted_key(root: Path) -> Trusted | None:
    """The key that clients of the channel trust, None where nothing was published.

    Raises:
        InputError: another version of build-env published there.
        RepositoryDamaged: the channel's record is damaged.

    """
    current = current_generation(root)
    return Trusted(fingerprint=load_channel(current).key, file=root / KEY_FILE) if current else None


def published_index(root: Path, view: View) -> Path | None:
    """Where the record of what the view has now lies; None where it has nothing. No two states have the same place."""
    link = private(root) / "current" / view.name
    return link.resolve() if link.is_symlink() else None


def published_entries(root: Path, view: View) -> Mapping[str, Entry]:
    """What the view has, by key (`greet 1.0 amd64`).

    Raises:
        RepositoryDamaged: the view's record is damaged.

    """
    if not (private(root) / "current").is_symlink():
        return {}
    with locked(root):  # a publish of another run would sweep what is being read
        current = current_generation(root)
        index = current.indexes().get(view.name) if current else None
        return load_index(index).entries if index else {}


def load_channel(generation: Generation) -> Channel:
    """Read what a generation knows of the channel.

    Raises:
        InputError: another version of build-env wrote it.
        RepositoryDamaged: it is not what was written.

    """
    record = generation.record()
    if record.pop("version", None) != VERSION:
        raise InputError(
            f"{generation.path} is not a generation of a repository of this version",
            hint="publish into another directory",
        )
    try:
        return Channel(**record)
    except TypeError as error:
        raise RepositoryDamaged(generation.path) from error


def load_index(directory: Path) -> Index:
    """Read a view's state back, JSON lists as tuples.

    Raises:
        RepositoryDamaged: it is not what was written.

    """
    value: dict[str, Any] = read_json(directory / "state.json")
    try:
        entries = [Entry(**entry) for entry in value["entries"]]
        return Index(
            view=View(**value["view"]),
            epoch=int(value["epoch"]),
            entries={entry.key: entry for entry in entries},
            hashed=tuple(value["hashed"]),
            retained=tuple(Retained(**entry) for entry in value["retained"]),
            architectures=tuple(value.get("architectures", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RepositoryDamaged(directory / "state.json") from error
