"""Owns the question on what kind of file system a path lies, from the kernel's list of mounts."""

from __future__ import annotations

import re
from pathlib import Path

from build_env.core.errors import EnvironmentNotReady

__all__ = ["network_file_system", "refuse_network"]

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|coda|fuse\.(cephfs|glusterfs|rclone|s3fs|sshfs)|gfs2|gpfs|lustre|ncpfs|nfs4?|ocfs2"
    r"|orangefs|smb3|smbfs"
)


def refuse_network(directory: Path) -> None:
    """Raises EnvironmentNotReady when `directory` lies on the network: locks and syncs mean little there."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # no Linux: nobody says
        return
    kind = network_file_system(mounts, str(directory.resolve()))
    if kind:
        raise EnvironmentNotReady(
            f"{directory} lies on a network file system ({kind}), which does not keep what runs rely on",
            hint="use a checkout on a local disk, or make build/ a link to a directory on one",
        )


def network_file_system(mounts: str, path: str) -> str:
    """The kind of the network file system that holds the absolute `path`, or nothing for a local one.

    `mounts` is the text of /proc/self/mountinfo. Of several mounts on one place the last is seen.
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        before, mark, after = line.partition(" - ")
        fields = before.split(" ")
        if not mark or len(fields) < 5:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4])
        if _holds(point, path) and len(point) >= len(best):
            best, kind = point, after.split(" ", 1)[0]
    return kind if _NETWORK.fullmatch(kind) else ""


def _holds(point: str, path: str) -> bool:
    return path == point or path.startswith(point if point.endswith("/") else f"{point}/")
