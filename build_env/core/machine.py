"""Owns the names of architectures, what the machine says of itself, its memory, who builds on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "ALSO_CALLED",
    "DEBIAN_TO_OCI",
    "MACHINE_TO_DEBIAN",
    "builder_id",
    "debian_architecture",
    "host_architecture",
    "installing",
    "machine_memory",
    "names_of_architectures",
    "read_os_release",
]

MACHINE_TO_DEBIAN: Mapping[str, str] = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
ALSO_CALLED: Mapping[str, str] = {**MACHINE_TO_DEBIAN, "armv7hl": "armhf", "armhfp": "armhf", "i686": "i386"}
DEBIAN_TO_OCI: Mapping[str, str] = {"armhf": "arm/v7", "ppc64el": "ppc64le"}


def names_of_architectures(known: Collection[str]) -> tuple[str, ...]:
    """All names by which a person may call the architectures `known` by their Debian names."""
    return (*known, *(other for other, name in ALSO_CALLED.items() if name in known))


def host_architecture() -> str:
    """The Debian name of this machine's architecture."""
    machine = platform.machine()
    return MACHINE_TO_DEBIAN.get(machine, machine)


def builder_id() -> tuple[int, int]:
    """The uid and gid of the builder: the caller's, or 1000 when root calls. In no key."""
    return (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)


def debian_architecture(platform_name: str, default: str) -> str:
    """The Debian name of an OCI platform (`linux/arm64` is `arm64`); `default` for an empty one."""
    oci = platform_name.removeprefix("linux/")
    back = {value: key for key, value in DEBIAN_TO_OCI.items()}
    return back.get(oci, oci) or default


def machine_memory() -> int:
    """The bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def installing(package: str, elsewhere: str) -> str:
    """The words that tell how to install what is not here; a fresh machine has no package lists yet."""
    return f"apt-get update && apt-get install {package}   (or: dnf install {elsewhere})"


def read_os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """The fields of os-release; empty when there is no such file."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
