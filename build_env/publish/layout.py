"""Owns the names of what is published: plain results below `build/deploy/`, and the repository of a target. Pure.

Results of a stand-in base get a directory and a repository of their own, so that they never meet real ones.
"""

from __future__ import annotations

from build_env.publish.apt_entries import is_apt_file

__all__ = ["is_deployed", "plain_path", "repository_name", "stand_in_mark"]

_BINARY_DEB = (".deb", ".udeb", ".ddeb")


def is_deployed(name: str) -> bool:
    """Whether an artifact is a result for users: a package or a part of a source package."""
    return name.endswith(".rpm") or (is_apt_file(name) and not name.startswith("build-depends."))


def stand_in_mark(*, stand_in: bool) -> str:
    """What is put behind a name for results of a stand-in base."""
    return "+stand-in" if stand_in else ""


def repository_name(target: str, *, stand_in: bool) -> str:
    """The directory of a target's repository below `build/repositories/`."""
    return f"{target}{stand_in_mark(stand_in=stand_in)}"


def plain_path(name: str, *, suite: str) -> str:
    """The path below `build/deploy/` of the artifact called `name`.

    `deb/<codename>/main/{source,binary-<arch>}/…`, `rpm/<suite>/` with source packages on top and a directory for
    each architecture.
    """
    if name.endswith(".src.rpm"):
        return f"rpm/{suite}/{name}"
    if name.endswith(".rpm"):
        architecture = name.removesuffix(".rpm").rpartition(".")[2]
        return f"rpm/{suite}/{architecture}/{name}"
    if name.endswith(_BINARY_DEB):
        architecture = name.rpartition(".")[0].rpartition("_")[2]
        return f"deb/{suite}/main/binary-{architecture}/{name}"
    return f"deb/{suite}/main/source/{name}"
