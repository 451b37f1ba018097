"""Owns the record of everything that planning depends on: what was asked of paths, trees and the environment.

A `Reading` is made for one command and handed down. While it is `active`, whatever its thread opens, lists or asks of a
path or of the environment is recorded, whoever asks: build-env, a format, a library, a hook. So nobody can forget to
tell it. An answer is looked at before it is used: if something changes in between, what was recorded is no longer so,
and the plan is made anew.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from build_env.core.canonical import digest_bytes, digest_data, digest_file
from build_env.core.checkouts import left_out_digest
from build_env.core.interception import intercepted, paused
from build_env.core.paths import SHIPPED, shipped_root

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from build_env.core.checkouts import Checkout
    from build_env.core.trees import Trees

__all__ = [
    "ABSENT",
    "CONTENT",
    "FULL",
    "MODE",
    "MODULES",
    "NAMES",
    "OWN_FULL",
    "OWN_MODE",
    "WIDTH",
    "ReadTree",
    "Reading",
    "Reads",
    "all_variables",
    "link_target",
    "look_at",
    "meaning_of",
    "unwatched",
]

P = ParamSpec("P")
T = TypeVar("T")

# What of a path: its content; the names in the directory; those of them that an import may find.
CONTENT, NAMES, MODULES = "content", "names", "modules"
# What git leaves out of the checkout whose top follows; the path is that of its index.
_LEFT_OUT = "left out of "
# What `stat` says, links followed, and what `lstat` says. In full only for user code, which may use any field of it.
MODE, FULL, OWN_MODE, OWN_FULL = "mode", "full", "own mode", "own full"
WIDTH = 5  # numbers in the answer of `look_at`
ABSENT = -1
_OWN = str(Path(__file__).resolve().parent.parent)
_SHIPPED = tuple(f"{shipped_root()}/{name}/" for name in SHIPPED)
_PYCACHE = "/__pycache__/"
# The functions themselves, whatever stands in their place meanwhile: what the record asks is no part of it.
_STAT, _LSTAT, _READLINK = os.stat, os.lstat, os.readlink


@dataclass(frozen=True, kw_only=True)
class ReadTree:
    """A tree (absolute path, names left out at its top) with its digest, empty where there is no directory.

    `left_out` are the names in it that do not belong to it.
    """

    path: str
    leave_out: tuple[str, ...]
    digest: str
    left_out: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Reads:
    """Questions with their answers. Paths are absolute; a variable that is not set is None.

    `leads` says of links that were followed to their end where that is. `environment` is the digest of all variables
    where somebody asked for all, `directory` the current directory where somebody asked for it; empty otherwise.
    """

    meanings: dict[tuple[str, str], str] = field(default_factory=dict)
    looks: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    environment: str = ""
    directory: str = ""
    trees: tuple[ReadTree, ...] = ()


class Reading:
    """The recorder of one command; `digest_of` may remember the digests of files. One thread uses it."""

    def __init__(self, trees: Trees, digest_of: Callable[[str], str] = digest_file) -> None:
        """Nothing was asked yet."""
        self._project = trees
        self._digest_of = digest_of
        self._reads = Reads()
        self._surrounded: set[str] = set()
        self._trees: dict[tuple[str, tuple[str, ...]], ReadTree] = {}

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Record what this thread asks meanwhile."""
        with intercepted(self):
            yield

    def reads(self) -> Reads:
        """Everything that was recorded; to be asked when planning is over."""
        # Whose content counts, of that the mode is part of the meaning.
        looks = {
            (path, how): answer
            for (path, how), answer in self._reads.looks.items()
            if how != MODE or (path, CONTENT) not in self._reads.meanings
        }
        return replace(self._reads, looks=looks, trees=tuple(self._trees.values()))

    def tree(self, directory: Path, leave_out: Collection[str] = ()) -> str:
        """The digest of a tree, which is watched as a whole, with what decides about its members.

        Raises as `Trees.listing`.
        """
        key = (str(directory), tuple(leave_out))
        with paused():
            listing = self._project.listing(directory, leave_out)
            digest = digest_bytes(listing.manifest(self._digest_of))
            for checkout in listing.checkouts.values():
                self._checkout(checkout)
            for base in listing.bases:
                self._surroundings(os.path.dirname(base))  # noqa: PTH120 - by text: for each of thousands of trees
        self._reads.leads |= listing.leads
        self._trees[key] = ReadTree(path=key[0], leave_out=key[1], digest=digest, left_out=tuple(listing.left_out))
        return digest

    def file(self, path: Path) -> str:
        """The digest of a file, which is watched."""
        name = str(path)
        with paused():
            self._reads.meanings[name, CONTENT] = meaning_of(name, CONTENT, self._digest_of)
            return self._digest_of(name)

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """Of each tree (its path) what does not belong to it, if there is something."""
        return {tree.path: tree.left_out for tree in self._trees.values() if tree.left_out}

    def _checkout(self, checkout: Checkout) -> None:
        """Git was asked what belongs to the trees in `checkout`."""
        if (checkout.index, f"{_LEFT_OUT}{checkout.top}") not in self._reads.meanings:
            self._reads.meanings[checkout.index, f"{_LEFT_OUT}{checkout.top}"] = checkout.digest
            for path in checkout.rules:
                self._reads.meanings[path, CONTENT] = meaning_of(path, CONTENT, self._digest_of)
            for name in ("HOME", "XDG_CONFIG_HOME"):
                self._reads.variables.setdefault(name, os.environ.get(name))

    def _surroundings(self, directory: str) -> None:
        """What lies in `directory` or above it decides about a tree below it."""
        while directory not in self._surrounded:
            self._surrounded.add(directory)
            for name in (".git", ".gitignore", ".gitattributes"):
                path = f"{directory.rstrip('/')}/{name}"
                self._reads.meanings[path, CONTENT] = meaning_of(path, CONTENT, self._digest_of)
            directory = os.path.dirname(directory)  # noqa: PTH120 - as above

    def meaning(self, name: str, what: str) -> None:
        """Somebody is about to open or to list the path."""
        path = self._absolute(name)
        if _PYCACHE in path:
            # Python compares what it compiled with the source.
            directory, _, file = path.rpartition(_PYCACHE)
            path = f"{directory}/{file.split('.')[0]}.py"
        if (path, what) in self._reads.meanings or _is_ours(path):
            return
        with paused():
            self._reads.meanings[path, what] = meaning_of(path, what, self._digest_of)
            if what == MODULES:
                # A directory becomes a package without its parent changing.
                for entry in _entries(path):
                    if entry.is_dir():
                        inner = f"{entry.path}/__init__.py"
                        self._reads.looks[inner, MODE] = look_at(inner, MODE)

    def look(self, name: str, how: str) -> None:
        """Somebody is about to ask `stat` or `lstat`."""
        key = (self._absolute(name), how)
        if key not in self._reads.looks and not _is_ours(key[0]):
            self._reads.looks[key] = look_at(*key)

    def link(self, name: str) -> None:
        """Somebody is about to read the target of a link."""
        path = self._absolute(name)
        if path not in self._reads.links and not _is_ours(path):
            self._reads.links[path] = link_target(path)

    def variable(self, name: str) -> None:
        """Somebody is about to ask for a variable."""
        with paused():
            self._reads.variables.setdefault(name, os.environ.get(name))

    def whole_environment(self) -> None:
        """Somebody is about to look through all variables."""
        with paused():
            self._reads.environment = self._reads.environment or all_variables()

    def current_directory(self) -> str:
        """Somebody depends on where the command was started."""
        with paused():
            self._reads.directory = self._reads.directory or os.getcwd()  # noqa: PTH109 - text
        return self._reads.directory

    def _absolute(self, name: str) -> str:
        if not name.startswith("/"):
            name = f"{self.current_directory()}/{name}"
        # As the system reads it: `link/..` is not the directory that `link` lies in.
        return name if "/.." in name else os.path.normpath(name)


def unwatched(ask: Callable[P, T]) -> Callable[P, T]:
    """`ask`, whose own questions are no part of what planning depends on: its answer is recorded in another way."""

    @functools.wraps(ask)
    def asked(*arguments: P.args, **options: P.kwargs) -> T:
        with paused():
            return ask(*arguments, **options)

    return asked


def meaning_of(path: str, what: str, digest_of: Callable[[str], str]) -> str:
    """What planning sees in the content or the names of a path, in one word; whatever cannot be read counts by why."""
    if what.startswith(_LEFT_OUT):
        return left_out_digest(what.removeprefix(_LEFT_OUT))
    try:
        mode = _STAT(path).st_mode
        if what == CONTENT:
            return f"{mode} {digest_of(path) if stat.S_ISREG(mode) else ''}"
        entries = [entry for entry in _entries(path) if entry.name != "__pycache__"]
    except OSError as error:
        return f"error {error.errno}"
    if what == MODULES:
        entries = [entry for entry in entries if entry.name.partition(".")[0].isidentifier()]
    return digest_data([mode, *sorted(f"{entry.name}/{_kind(entry)}" for entry in entries)])


def look_at(path: str, how: str) -> tuple[int, ...]:
    """What `stat` says as far as it counts: mode, owner, group; in full also size and time of change of a file."""
    try:
        facts = _STAT(path) if how in {MODE, FULL} else _LSTAT(path)
    except OSError as error:
        return (ABSENT, error.errno or 0, 0, 0, 0)
    if how in {FULL, OWN_FULL} and not stat.S_ISDIR(facts.st_mode):
        return (facts.st_mode, facts.st_uid, facts.st_gid, facts.st_size, facts.st_mtime_ns)
    return (facts.st_mode, facts.st_uid, facts.st_gid, 0, 0)


def link_target(path: str) -> str:
    """Where the link leads, or why it cannot be read."""
    try:
        return _READLINK(path)
    except OSError as error:
        return f"error {error.errno}"


def all_variables() -> str:
    """The digest of the whole environment."""
    return digest_data(sorted(os.environ.items()))


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as scan:
            return list(scan)
    except NotADirectoryError:
        return []


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        return f"{entry.is_symlink():d}{entry.is_dir():d}{entry.is_file():d}"
    except OSError:  # a link that leads in a circle, or where nobody may look
        return "link"


def _is_ours(path: str) -> bool:
    """Whether a file belongs to Python or is a program of build-env: both are in the name of what is remembered."""
    return path.startswith((f"{_OWN}/", f"{sys.prefix}/", f"{sys.base_prefix}/lib")) and not path.startswith(_SHIPPED)
