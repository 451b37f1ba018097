"""Owns what git says of directories: what of them it ignores, which submodules and large files were not fetched.

Git is asked, once for each repository, and never read behind its back. Knows no trees and no packages.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_data
from build_env.core.errors import EnvironmentNotReady
from build_env.core.later import imported_later

with imported_later():
    from build_env.core import processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Checkout", "Checkouts", "left_out_digest"]

_SECONDS = 120.0
_HINT = "install git, and see that `git status` works there"
# The file that changes when git tracks something else, and what decides about one checkout.
_OWN_FILES = ("index", "info/exclude", "config", "config.worktree")
_GITLINK, _TAB = b"160000 ", b"\t"
_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGE_FILES = b"filter=lfs"
_EXPORT_IGNORE = b"export-ignore"
_LARGEST_POINTER, _SMALLEST_POINTER = 1024, 100


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A working tree of git; all paths are absolute and without links.

    `ignored` are files, and directories as a whole, that git neither tracks nor would add; `unfetched` the places of
    submodules. `index` is the file that changes when git tracks something else, `rules` are the files whose content
    decides besides it.
    """

    top: str
    index: str
    rules: tuple[str, ...]
    ignored: frozenset[str] = frozenset()
    submodules: frozenset[str] = frozenset()

    @cached_property
    def digest(self) -> str:
        """What git said, in one word."""
        return digest_data([sorted(self.ignored), sorted(self.submodules)])

    def ignores(self, path: str) -> bool:
        """Whether git ignores `path` as a whole, with all that it may hold."""
        while len(path) > len(self.top):
            if path in self.ignored:
                return True
            path = path.rpartition("/")[0]
        return False


@dataclass
class Checkouts:
    """What git said of each repository so far: a question is put once."""

    _tops: dict[str, Checkout | None] = field(default_factory=dict)
    _asked: dict[str, bool] = field(default_factory=dict)
    _attributes: dict[str, bytes] = field(default_factory=dict)

    def around(self, directory: str) -> Checkout | None:
        """The checkout that `directory` lies in, None where there is none."""
        if directory not in self._tops:
            own = self.at(directory)
            above = directory.rpartition("/")[0]
            self._tops[directory] = own or (self.around(above or "/") if directory != "/" else None)
        return self._tops[directory]

    def at(self, directory: str) -> Checkout | None:
        """The checkout whose top is `directory`, None where it is none.

        Raises:
            EnvironmentNotReady: git is not there or does not answer.

        """
        if directory not in self._asked:
            self._asked[directory] = _is_repository(directory)
            if self._asked[directory]:
                self._tops[directory] = _ask(directory)
        return self._tops[directory] if self._asked[directory] else None

    def names_large_files(self, attributes: str) -> bool:
        """Whether that file of attributes, if it is there, gives some files to Git LFS."""
        return _LARGE_FILES in self._read(attributes)

    def names_unexported(self, attributes: str) -> bool:
        """Whether that file of attributes, if it is there, keeps some files out of what `git archive` packs."""
        return _EXPORT_IGNORE in self._read(attributes)

    def _read(self, attributes: str) -> bytes:
        if attributes not in self._attributes:
            try:
                with open(attributes, "rb") as file:  # noqa: PTH123 - by text
                    self._attributes[attributes] = file.read()
            except OSError:
                self._attributes[attributes] = b""
        return self._attributes[attributes]

    def pointers(self, top: str, paths: Sequence[str]) -> list[str]:
        """Those of `paths`, which lie in the checkout at `top`, that hold a pointer of Git LFS for their content.

        Raises:
            EnvironmentNotReady: git does not answer.

        """
        found = [path for path in paths if _is_pointer(path)]
        if not found:
            return []
        return _with_attribute(top, found, "filter", b"lfs")

    def unexported(self, top: str, paths: Sequence[str]) -> list[str]:
        """Those of `paths`, files and directories in the checkout at `top`, that `git archive` leaves out.

        Raises:
            EnvironmentNotReady: git does not answer.

        """
        return _with_attribute(top, paths, os.fsdecode(_EXPORT_IGNORE), b"set")


def _with_attribute(top: str, paths: Sequence[str], attribute: str, wanted: bytes) -> list[str]:
    names = "".join(f"{path.removeprefix(f'{top}/')}\0" for path in paths)
    answer = _git(top, "check-attr", "-z", "--stdin", attribute, data=os.fsencode(names))
    return [path for path, value in zip(paths, answer.split(b"\0")[2::3], strict=True) if value == wanted]


def left_out_digest(top: str) -> str:
    """What git says today of the checkout at `top`, in one word, see `Checkout.digest`; empty where it says nothing."""
    try:
        return _ask(top).digest
    except EnvironmentNotReady:
        return ""


def _is_repository(directory: str) -> bool:
    """As git tells it: a broken one, or what only looks like one, is no checkout."""
    path = f"{directory}/.git"
    if os.path.isfile(path):  # noqa: PTH113 - by text: asked for each directory of a tree
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            mark, _, target = file.read(4096).strip().partition(b" ")
        path = os.path.normpath(os.path.join(directory, os.fsdecode(target))) if mark == b"gitdir:" else ""  # noqa: PTH118 - as above
        return bool(path) and os.path.lexists(f"{path}/HEAD")
    return os.path.lexists(f"{path}/HEAD") and os.path.isdir(f"{path}/objects") and os.path.isdir(f"{path}/refs")  # noqa: PTH112 - as above


def _ask(top: str) -> Checkout:
    """What git says of the checkout at `top`.

    Raises:
        EnvironmentNotReady: git is not there or does not answer.

    """
    own = _git(top, "rev-parse", *(word for name in _OWN_FILES for word in ("--git-path", name)))
    index, *files = (os.path.join(top, name) for name in _texts(own, b"\n"))  # noqa: PTH118 - as above
    origins = _texts(_git(top, "config", "--list", "--show-origin", "--name-only", "-z"), b"\0")[::2]
    files += [os.path.join(top, name.removeprefix("file:")) for name in origins if name.startswith("file:")]  # noqa: PTH118 - as above
    files += _of_everybody(top)
    ignored = _texts(_git(top, "ls-files", "-z", "-o", "-i", "--exclude-standard", "--directory"), b"\0")
    staged = _git(top, "ls-files", "-z", "--stage") if os.path.lexists(f"{top}/.gitmodules") else b""
    return Checkout(
        top=top,
        index=index,
        rules=tuple(dict.fromkeys([*files, f"{top}/.gitmodules"])),
        ignored=_whole(f"{top}/{name}" for name in ignored),
        submodules=frozenset(
            f"{top}/{os.fsdecode(entry.partition(_TAB)[2])}"
            for entry in staged.split(b"\0")
            if entry.startswith(_GITLINK)
        ),
    )


def _of_everybody(top: str) -> list[str]:
    """The files that decide for all checkouts of a person, whether they are there or not."""
    home = os.path.expanduser("~")  # noqa: PTH111 - as above
    own = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    named = _git(top, "config", "--type=path", "--default=", "--get", "core.excludesFile").strip()
    return ["/etc/gitconfig", f"{home}/.gitconfig", f"{own}/git/config", os.fsdecode(named) or f"{own}/git/ignore"]


def _whole(paths: Iterable[str]) -> frozenset[str]:
    """Files, and directories that are ignored themselves, not those of which git ignores what is in them now."""
    return frozenset(
        path.rstrip("/")
        for path, following in pairwise([*sorted(paths), ""])
        if not (path.endswith("/") and following.startswith(path))
    )


def _is_pointer(path: str) -> bool:
    if not _SMALLEST_POINTER <= os.lstat(path).st_size < _LARGEST_POINTER:
        return False
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        return file.read(len(_POINTER)) == _POINTER


def _texts(answer: bytes, end: bytes) -> list[str]:
    return [os.fsdecode(text) for text in answer.split(end) if text]


def _git(top: str, *words: str, data: bytes = b"") -> bytes:
    """The answer of git in the checkout at `top`. Its owner may be another user: nothing in it is executed.

    Raises:
        EnvironmentNotReady: it does not answer.

    """
    argv = ("git", "-C", top, "-c", "safe.directory=*", "-c", "core.fsmonitor=false", *words)
    environment = processes.listed_environment(os.environ, "HOME", "XDG_CONFIG_HOME")
    try:
        finished = processes.run_program(
            processes.Invocation(argv=argv, environment=environment, seconds=_SECONDS, most_output=1 << 30), data
        )
    except processes.ProcessError as error:
        raise EnvironmentNotReady(
            f"{top} is a checkout of git, which has to say what belongs to it: {error}", hint=_HINT
        ) from error
    if finished.status:
        raise EnvironmentNotReady(f"git cannot say what belongs to {top}: {finished.reason}", hint=_HINT)
    return finished.output
