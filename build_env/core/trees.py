"""Owns what a directory tree is to build-env: a sorted list of entries, and the digest over them.

An entry counts by name, kind, executable bit, link target and content; owners and times do not count, because a
room never sees them. What belongs to a tree: in a checkout of git what git tracks and what it would add, otherwise
everything but a `.git` at its top. A link that leads out of the tree stands for the file behind it. Must not write.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from build_env.core.bounds import ALLOW, Bounds
from build_env.core.canonical import canonical_json, digest_bytes, digest_file
from build_env.core.checkouts import Checkouts
from build_env.core.errors import Fault, InputError, Location
from build_env.core.paths import ProjectPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from build_env.core.checkouts import Checkout

__all__ = ["Listing", "ManifestEntry", "TreeEntry", "Trees", "plain_files", "read_manifest"]

_GIT = ".git"
_ATTRIBUTES = "/.gitattributes"


class TreeEntry(NamedTuple):
    """One entry: `name` relative to the tree, `kind` `directory`, `file` or `link`, `target` of a link.

    `path` is where its content lies, as text, because trees of ten thousand files are walked at once.
    """

    name: str
    path: str
    kind: str
    executable: bool = False
    target: str = ""


class ManifestEntry(NamedTuple):
    """One entry of a manifest: `value` is the digest of a file, or the target of a link."""

    name: str
    kind: str
    executable: bool
    value: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A tree: its entries, parents first, siblings by name, and the names in it that do not belong to it.

    `bases` are the directories without links that it was read from: its top, and those that links lead to; `checkouts`
    are those that were asked, `leads` says of the links that were followed where they lead, `watched` are paths beside
    those of the entries that change when the listing does.
    """

    entries: list[TreeEntry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    checkouts: dict[str, Checkout] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)

    def manifest(self, digest_of: Callable[[str], str] = digest_file) -> bytes:
        """It as canonical JSON: a list of [name, kind, executable, digest of a file or target of a link]."""
        text = canonical_json(
            [
                [
                    entry.name,
                    entry.kind,
                    entry.executable,
                    digest_of(entry.path) if entry.kind == "file" else entry.target,
                ]
                for entry in self.entries
            ]
        )
        return text.encode("utf-8", "surrogatepass")  # names are bytes


def read_manifest(manifest: bytes) -> list[ManifestEntry]:
    """The entries of a tree's manifest, parents first, siblings by name."""
    return [ManifestEntry(*entry) for entry in json.loads(manifest)]


def plain_files(directory: Path) -> dict[str, Path]:
    """All files below a directory that is no part of a project, by name."""
    found = (Path(base) / name for base, _, names in os.walk(directory) for name in names)
    return {str(path.relative_to(directory)): path for path in found if path.is_file() and not path.is_symlink()}


@dataclass(frozen=True, kw_only=True)
class Trees:
    """The trees of the project at `root`; `outside` is the setting of that name.

    What lies in `shipped` stands behind the project's own, file by file. `packaging` gives names at the top of a tree,
    or endings of them, that belong to it although upstream keeps them out of its archives.
    """

    root: Path
    outside: str = ""
    shipped: Path | None = None
    packaging: Callable[[], tuple[str, ...]] = tuple
    _git: Checkouts = field(default_factory=Checkouts)

    @cached_property
    def bounds(self) -> Bounds:
        """What the project may read."""
        return Bounds(root=Path(os.path.realpath(self.root)), outside=self.outside)

    @property
    def paths(self) -> ProjectPaths:
        """Where what belongs to the project lies."""
        return ProjectPaths(root=self.root, shipped=self.shipped)

    def renewed(self) -> Trees:
        """The same, with git asked anew."""
        return replace(self, _git=Checkouts())

    def listing(self, directory: Path, leave_out: Collection[str] = ()) -> Listing:
        """The tree at `directory`; `leave_out` are names at its top that do not count at all.

        Raises:
            InputError: it is out of bounds, a link in it leads to nothing or out of bounds, or a submodule or a large
                file was not fetched.
            EnvironmentNotReady: git is needed and does not answer.

        """
        walk = _Walk(self.bounds, self._git, str(directory), self.packaging)
        own = partial(walk.all, frozenset(leave_out))
        behind = self.paths.behind(directory)
        if behind is None or self.shipped is None or not behind.is_dir():
            return own()
        shipped = _Walk(Bounds(root=self.shipped), self._git, str(behind)).all(frozenset(leave_out))
        watched = [*shipped.watched, str(behind)]
        return _laid_over(own() if directory.is_dir() else Listing(), replace(shipped, watched=watched))

    def digest(self, directory: Path, leave_out: Collection[str] = ()) -> str:
        """Hex sha256 of the tree's manifest. Raises as `listing`."""
        return digest_bytes(self.listing(directory, leave_out).manifest())


def _laid_over(own: Listing, shipped: Listing) -> Listing:
    """The one listing that two make: what `own` has hides what has its name in `shipped`, with all that is in it."""
    hiding = {entry.name for entry in own.entries if entry.kind != "directory"}
    entries = {
        entry.name: entry
        for entry in shipped.entries
        # Whoever installs build-env compiles all that looks like Python.
        if "__pycache__" not in entry.name.split("/") and not hiding.intersection(_above_or_same(entry.name))
    }
    entries |= {entry.name: entry for entry in own.entries}
    return Listing(
        entries=[entries[name] for name in sorted(entries, key=lambda name: name.split("/"))],
        left_out=[*own.left_out, *shipped.left_out],
        watched=[*own.watched, *shipped.watched],
        bases=[*own.bases, *shipped.bases],
        checkouts=own.checkouts | shipped.checkouts,
        leads=own.leads | shipped.leads,
    )


def _above_or_same(name: str) -> set[str]:
    parts = name.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}


class _Walk:
    """One walk through a tree."""

    def __init__(
        self, bounds: Bounds, git: Checkouts, top: str, packaging: Callable[[], tuple[str, ...]] = tuple
    ) -> None:
        self._bounds = bounds
        self._git = git
        self._top = top
        self._packaging = packaging
        self._faults: list[Fault] = []
        self._hints: dict[str, None] = {}
        self._followed: list[str] = []  # the directories that the walk is in, as they are without links
        self._listing = Listing()

    def all(self, leave_out: frozenset[str]) -> Listing:
        real = os.path.realpath(self._top)
        if real != self._top:
            self._listing.leads[self._top] = real
        if not self._bounds.allow(real):
            self._refuse("", f"leads out of the project, to {real}", ALLOW)
        else:
            self._directory(real, "", self._base(real), leave_out)
            self._leave_out_unexported()
            self._refuse_pointers()
        if self._faults:
            shown = self._shown("")
            raise InputError(f"{shown} cannot be packed", faults=tuple(self._faults), hint="; ".join(self._hints))
        return self._listing

    def _base(self, real: str) -> Checkout | None:
        """The checkout whose rules hold in `real`: none where git ignores all of it, whoever put it there."""
        self._listing.bases.append(real)
        checkout = self._git.around(real)
        if checkout is None:
            return None
        self._listing.checkouts[checkout.top] = checkout
        if real in checkout.submodules:
            self._unfetched("")
        return None if checkout.ignores(real) else checkout

    def _directory(
        self, path: str, prefix: str, checkout: Checkout | None, leave_out: frozenset[str], inner: str = ""
    ) -> None:
        """What is in `path`; `prefix` is its name in the tree, `inner` that from the last link that was followed."""
        self._followed.append(path)
        with os.scandir(path) as scan:
            found = sorted(scan, key=lambda entry: entry.name)
        if prefix and checkout:
            checkout = self._innermost(path, prefix, checkout, is_top=any(entry.name == _GIT for entry in found))
        for entry in found:
            name = entry.name
            if name in leave_out:
                continue
            if name == _GIT and (checkout or not prefix):
                if checkout is None or checkout.top != path:
                    self._listing.left_out.append(f"{prefix}{name}")
            elif checkout and entry.path in checkout.ignored:
                self._listing.left_out.append(f"{prefix}{name}")
                self._listing.watched.append(entry.path)
            elif entry.is_symlink():
                self._link(entry.path, f"{prefix}{name}", f"{inner}{name}")
            elif entry.is_dir(follow_symlinks=False):
                self._inner_directory(entry.path, f"{prefix}{name}", checkout, f"{inner}{name}/")
            elif entry.is_file(follow_symlinks=False):
                self._file(entry.path, f"{prefix}{name}", entry.stat(follow_symlinks=False).st_mode)
            else:  # a socket, a device, a pipe
                self._listing.left_out.append(f"{prefix}{name}")
        self._followed.pop()

    def _innermost(self, path: str, prefix: str, checkout: Checkout, *, is_top: bool) -> Checkout:
        """The checkout whose rules hold in a directory of `checkout`: a submodule has its own."""
        own = self._git.at(path) if is_top else None
        if own:
            self._listing.checkouts[own.top] = own
        elif path in checkout.submodules:
            self._unfetched(prefix.rstrip("/"))
        return own or checkout

    def _inner_directory(self, path: str, name: str, checkout: Checkout | None, inner: str) -> None:
        entries = self._listing.entries
        place = len(entries)
        entries.append(TreeEntry(name=name, path=path, kind="directory"))
        self._directory(path, f"{name}/", checkout, frozenset(), inner)
        if checkout and len(entries) == place + 1:
            # Git knows no directory without files, and a clone would not have it; something may come into it.
            self._listing.watched.append(entries.pop().path)

    def _file(self, path: str, name: str, mode: int) -> None:
        self._listing.entries.append(TreeEntry(name=name, path=path, kind="file", executable=bool(mode & stat.S_IXUSR)))

    def _link(self, path: str, name: str, inner: str) -> None:
        target = os.readlink(path)  # noqa: PTH115 - text
        lexical = os.path.normpath(os.path.join(os.path.dirname(inner), target))  # noqa: PTH118, PTH120 - text
        leaves = target.startswith("/") or lexical == ".." or lexical.startswith("../")
        if not leaves or target == os.devnull:
            self._listing.entries.append(TreeEntry(name=name, path=path, kind="link", target=target))
            return
        real = os.path.realpath(path)
        self._listing.watched.append(path)
        self._listing.leads[path] = real
        if not self._bounds.allow(real):
            self._refuse(name, f"leads out of the project, to {target}", ALLOW)
            return
        try:
            mode = os.stat(real).st_mode  # noqa: PTH116 - text
        except OSError:
            mode = 0
        if stat.S_ISREG(mode):
            self._file(real, name, mode)
        elif stat.S_ISDIR(mode):
            self._taken_directory(real, name, target)
        elif self._bounds.inside(real):
            self._refuse(
                name, f"leads out of {self._shown('')} to what is not there: {target}", "mend or remove the link"
            )
        else:
            self._listing.entries.append(TreeEntry(name=name, path=path, kind="link", target=target))

    def _taken_directory(self, real: str, name: str, target: str) -> None:
        if any(f"{path}/".startswith(f"{real}/") for path in self._followed):
            self._refuse(name, f"leads to a directory that it lies in itself: {target}", "mend or remove the link")
            return
        self._listing.entries.append(TreeEntry(name=name, path=real, kind="directory"))
        self._directory(real, f"{name}/", self._base(real), frozenset())

    def _leave_out_unexported(self) -> None:
        """What `git archive` leaves out is no part of the source, but packaging is, whatever upstream says of it."""
        gone: set[str] = set()
        for top, names in self._in_checkouts(frozenset({"file", "directory", "link"}), self._git.names_unexported):
            gone |= {names[path] for path in self._git.unexported(top, list(names)) if not self._packs(names[path])}
        if not gone:
            return
        listing = self._listing
        left = [entry for entry in listing.entries if not gone.isdisjoint(_above_or_same(entry.name))]
        listing.watched.extend(entry.path for entry in left)
        listing.left_out.extend(sorted(gone))
        out = {entry.name for entry in left}
        listing.entries[:] = [entry for entry in listing.entries if entry.name not in out]

    def _packs(self, name: str) -> bool:
        """Whether a name in the tree is that of packaging."""
        first = name.partition("/")[0]
        packaging = self._packaging()
        return first in packaging or (first == name and name.endswith(packaging))

    def _refuse_pointers(self) -> None:
        """Git LFS: what was not fetched would be packed as the few lines that stand for it."""
        for top, names in self._in_checkouts(frozenset({"file"}), self._git.names_large_files):
            for path in self._git.pointers(top, list(names)):
                self._refuse(names[path], "is a pointer of Git LFS: its content was not fetched", "git lfs pull")

    def _in_checkouts(
        self, kinds: frozenset[str], concerns: Callable[[str], bool]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """The names of entries by their paths, in each checkout with a file of attributes that `concerns` them."""
        paths = {entry.path: entry.name for entry in self._listing.entries if entry.kind in kinds}
        # The innermost first: each file is asked of the checkout that it lies in.
        for top in sorted(self._listing.checkouts, reverse=True):
            names = {path: paths.pop(path) for path in [path for path in paths if path.startswith(f"{top}/")]}
            about = [*self._above(top), *(path for path in names if path.endswith(_ATTRIBUTES))]
            if any(concerns(path) for path in about):
                yield top, names

    def _above(self, top: str) -> list[str]:
        """The files of attributes that lie above what was walked, up to `top`."""
        found = []
        for base in self._listing.bases:
            above = base
            while above.startswith(f"{top}/"):
                above = os.path.dirname(above)  # noqa: PTH120 - text
                found.append(f"{above}{_ATTRIBUTES}")
        return found

    def _unfetched(self, name: str) -> None:
        self._refuse(name, "is a submodule that was not fetched", "git submodule update --init --recursive")

    def _refuse(self, name: str, message: str, hint: str) -> None:
        self._faults.append(Fault(message=message, location=Location(file=self._shown(name))))
        self._hints[hint] = None

    def _shown(self, name: str) -> str:
        """A name in the tree, as it is called from the project's root."""
        return os.path.normpath(os.path.relpath(f"{self._top}/{name}", self._bounds.root))
