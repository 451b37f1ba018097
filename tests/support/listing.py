"""Owns the listing of what a room holds: the script that takes it inside, and its form that is the same everywhere.

Only what differs between machines and runs is replaced by a word: identifiers, sizes, the image's own file systems.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.core.machine import builder_id

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LISTING_SCRIPT", "listing"]

# Everything a room shows of itself, by programs that each base image has.
LISTING_SCRIPT = r"""#!/bin/sh
set -eu
echo "== paths"
find /build -printf '%M %U:%G %y %p -> %l\n' | LC_ALL=C sort -k4
echo "== mounts"
cat /proc/self/mountinfo
echo "== environment"
env | LC_ALL=C sort
echo "== identity"
echo "uid $(id -u) gid $(id -g) groups $(id -G)"
echo "umask $(umask)"
echo "directory $(pwd)"
if [ -t 0 ] || [ -t 1 ]; then echo "terminal yes"; else echo "terminal no"; fi
echo "input $(readlink /proc/self/fd/0)"
grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status
echo "== limits"
echo "processes $(cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null || :)"
memory=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || :)
swap=$(cat /sys/fs/cgroup/memory.swap.max 2>/dev/null || echo 0)
if [ "$memory" != max ] && [ "$memory" -lt 9000000000000000000 ]; then echo "memory limited, swap $swap"; fi
echo "files $(ulimit -n) to $(ulimit -Hn)"
echo "/dev/shm $(df -k /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2) KiB"
echo "== network"
ls /sys/class/net
echo "routes $(awk 'NR > 1' /proc/net/route | grep -c . || true)"
peer=$(cat "$BUILD_SRC/peer")
if timeout 5 bash -c "exec 3<>/dev/tcp/$peer/80" 2>/dev/null; then echo "peer answers"
else echo "peer out of reach"; fi
if [ "$1" = --build ]; then echo ok >"$BUILD_OUT/$BUILD_PACKAGE.deb"; fi
if [ "$1" = --source ]; then echo ok >"$BUILD_OUT/$BUILD_PACKAGE.tar"; fi
echo "== end"
"""
_MOUNT = re.compile(
    r"^\d+ \d+ \d+:\d+ (?P<root>\S+) (?P<point>\S+) (?P<options>\S+) .*?- (?P<type>\S+) (?P<source>\S+)"
)
_ENGINE_FILES = ("/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/sbin/docker-init", "/usr/sbin/docker-init")
_ENGINE_MASKS = ("/proc/", "/sys/firmware", "/sys/devices/")


def listing(log: str) -> str:
    """The normalised listing out of a task's log."""
    text = log.partition("== paths\n")[2].partition("== end")[0]
    sections = re.split(r"^== (\w+)\n", f"== paths\n{text}", flags=re.MULTILINE)[1:]
    parts = dict(zip(sections[::2], sections[1::2], strict=True))
    parts["mounts"] = _lines(sorted(_mounts(parts["mounts"].splitlines())))
    parts["paths"] = parts["paths"].replace(" -> \n", "\n")
    uid, gid = builder_id()
    parts["paths"] = parts["paths"].replace(f" {uid}:{gid} ", " builder:builder ")
    parts["identity"] = parts["identity"].replace(f"uid {uid} gid {gid} groups {gid}", "uid builder gid builder alone")
    parts["identity"] = parts["identity"].replace(f"Groups:\t{gid} ", "Groups:\tbuilder")
    return "\n".join(f"== {name}\n{body}" for name, body in parts.items())


def _mounts(lines: Iterable[str]) -> set[str]:
    """Mount points with type and whether they may be written; what engines differ in is counted as one."""
    found = set()
    for line in lines:
        match = _MOUNT.match(line)
        assert match, line
        point, kind = match["point"], match["type"]
        if point.startswith(_ENGINE_MASKS):
            found.add("what the engine hides or locks of /proc and /sys")
        elif point in _ENGINE_FILES:
            found.add(f"{point} from the engine")
        elif point.startswith("/sys/fs/cgroup"):
            found.add("/sys/fs/cgroup")
        elif point == "/":
            found.add("/ from the image")
        else:
            source = match["root"] if match["root"] != "/" else ""
            writable = "ro" if "ro" in match["options"].split(",") else "rw"
            found.add(" ".join(part for part in (point, kind, writable, source) if part))
    return found


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
