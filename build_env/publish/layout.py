"""Owns where plain results lie below `build/deploy/` (pelion.md section 5). Pure."""

from __future__ import annotations

from build_env.publish.apt_entries import is_apt_file

__all__ = ["is_deployed", "plain_path"]

_BINARY_DEB = (".deb", ".udeb", ".ddeb")


def is_deployed(name: str) -> bool:
    """Whether an artifact is a result for users: a package or a part of a source package."""
    return name.endswith(".rpm") or (is_apt_file(name) and not name.startswith("build-depends."))


def plain_path(name: str, *, suite: str, component: str) -> str:
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
        return f"deb/{suite}/{component}/binary-{architecture}/{name}"
    return f"deb/{suite}/{component}/source/{name}"
