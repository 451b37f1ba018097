"""Owns what a format and the repository of a channel say to each other: views, entries, and what an index is made from.

A view is what clients of one target read. The format says where it lies, reads packages into entries and writes the
index; everything that makes a publish safe (locks, pool, generations, the switch) is the channel's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from build_env.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from build_env.model.artifact import Artifact

__all__ = ["KEY_FILE", "Entry", "IndexRequest", "PackageFile", "Repository", "Signer", "View", "check_name", "mark_of"]

KEY_FILE = "archive-key.asc"  # at the top of a channel: the one key of all its views
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.~_^:-]*")


class Signer(Protocol):
    """A key that can sign."""

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint, upper-case hexadecimal."""

    def detach_sign(self, data: bytes) -> bytes:
        """An armoured signature to be kept beside `data`."""

    def clear_sign(self, data: bytes) -> bytes:
        """`data` as text with the signature around it."""

    def public_key(self) -> bytes:
        """The armoured public key that clients need."""

    def session(self) -> AbstractContextManager[Mapping[str, str]]:
        """Lend the environment in which gpg, and programs that call it, find the key."""


def mark_of(*, stand_in: bool) -> str:
    """What is put behind a name for results of a stand-in base, so that they never meet real ones."""
    return "+stand-in" if stand_in else ""


def check_name(name: str) -> str:
    """`name` if it can be a file of a repository.

    Raises:
        InputError: it could leave the repository or break an index line.

    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"not a name for a file in a package repository: {name!r}",
            hint="use letters, digits and + . ~ _ ^ : - only, with a letter or digit first",
        )
    return name


@dataclass(frozen=True, kw_only=True)
class View:
    """What clients of one target read: its packages of one format in one suite; those of a stand-in base lie apart."""

    format: str
    target: str
    suite: str
    stand_in: bool = False

    @property
    def slug(self) -> str:
        """The target in one word, with the mark of a stand-in: `debian-12`, `centos-8+stand-in`."""
        return f"{self.target.replace('/', '-')}{mark_of(stand_in=self.stand_in)}"

    @property
    def name(self) -> str:
        """The view in one word; no part may hold an `@`, so two views never share one."""
        return "@".join((self.format, self.suite, *self.target.split("/"))) + mark_of(stand_in=self.stand_in)


@dataclass(frozen=True, kw_only=True)
class PackageFile:
    """A file to publish: where its bytes are now, and the artifact they must be."""

    path: Path
    artifact: Artifact


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One package in a view's index.

    `key` is what an index holds only once, as people read it: `greet 1.0 amd64`. `files` maps the names of its files to
    the digests of the artifacts, `mark` is the digest that stands for all. They go to `home` below the channel, or
    below it where a name is taken by other bytes: `directory` is where they went. `facts` are what the format's index
    says, as JSON knows it. `checks` is the number of the checks that it went through when it was published.
    """

    key: str
    home: str
    mark: str
    files: Mapping[str, str]
    facts: Mapping[str, object] = field(default_factory=dict)
    directory: str = ""
    checks: int = 0

    @property
    def name(self) -> str:
        """The package's name."""
        return self.key.partition(" ")[0]


@dataclass(frozen=True, kw_only=True)
class IndexRequest:
    """What an index is written from: `entries` in the order of their keys, whose files lie below the channel's `root`.

    It goes into the empty `directory`; files below `directory/served[...]` are what clients get. `architectures` are
    those that the target is for, `label` names the channel, `epoch` is the time of the publish in whole seconds, later
    than that of the view's publish before.
    """

    directory: Path
    root: Path
    view: View
    architectures: Sequence[str]
    entries: Sequence[Entry]
    label: str
    signer: Signer
    epoch: int


@dataclass(frozen=True, kw_only=True)
class Repository:
    """How a format publishes.

    `served` maps each path below the channel that clients of a view read to the directory of the index that lies there.
    `read` turns files into entries; it gets the digests that the view holds already, refuses what does not belong into
    it with InputError, and has not read what no entry names. `write` returns the files, relative to `directory`, that
    clients ask for by a digest in their name: these stay readable for a while after they were superseded.
    `client_lines` are for people: view, address of the channel, local path of its key. `sign` signs whole copies in
    place; None where packages carry no signature. `check` refuses with InputError those files of one package that its
    source does not declare; it gets all that the stages made, too, whether it is published or not.
    """

    served: Callable[[View], Mapping[str, str]]
    read: Callable[[View, Sequence[PackageFile], Collection[str]], Sequence[Entry]]
    write: Callable[[IndexRequest], Collection[str]]
    client_lines: Callable[[View, str, Path], tuple[str, ...]]
    sign: Callable[[Sequence[Path], Signer], None] | None = None
    check: Callable[[Sequence[PackageFile], Sequence[PackageFile]], None] | None = None
