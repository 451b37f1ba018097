"""Owns the question on what kind of file system a path lies, from the kernel's list of mounts."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["mounts", "network_file_system", "parse_mounts", "refuse_network"]

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}
_FUSED = ("cephfs", "glusterfs", "rclone", "s3fs", "sshfs")
_NETWORK = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2"),
        *("orangefs", "smb3", "smbfs", *(f"fuse.{name}" for name in _FUSED)),
    }
)


def refuse_network(directory: Path) -> None:
    """Raises EnvironmentNotReady when `directory` lies on the network: locks and syncs mean little there."""
    kind = network_file_system(mounts(), str(directory.resolve()))
    if kind:
        raise EnvironmentNotReady(
            f"{directory} lies on a network file system ({kind}), which does not keep what runs rely on",
            hint="use a checkout on a local disk, or make build/ a link to a directory on one",
        )


def mounts() -> list[tuple[str, str]]:
    """All mounts: where, and the kind of file system; none where there is no Linux to say."""
    try:
        return parse_mounts(_MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return []


def parse_mounts(text: str) -> list[tuple[str, str]]:
    """The same from the text of /proc/self/mountinfo."""
    listed = []
    for line in text.splitlines():
        before, mark, after = line.partition(" - ")
        fields = before.split(" ")
        if not mark or len(fields) < 5:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = fields[4]
        for escaped, letter in _ESCAPED.items():  # the backslash itself comes last
            point = point.replace(escaped, letter)
        listed.append((point, after.split(" ", 1)[0]))
    return listed


def network_file_system(listed: Iterable[tuple[str, str]], path: str) -> str:
    """The kind of the network file system that holds the absolute `path`, or nothing for a local one.

    Of several mounts on one place the last is seen.
    """
    holding = [(len(point), kind) for point, kind in listed if f"{path}/".startswith(f"{point.rstrip('/')}/")]
    kind = max(reversed(holding), key=itemgetter(0), default=(0, ""))[1]  # of equals `max` takes the first it sees
    return kind if kind in _NETWORK else ""
