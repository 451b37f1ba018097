"""Owns the script around a room's commands: root's, who lets the builder work and then tells what came of it. Pure.

Root and the builder are different users. So the builder can read neither root's memory nor its environment, where the
mark is, and cannot kill it; and what the builder left at work is killed before root speaks. Nothing that a build does
or prints is taken for the end of it, or for its results.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from build_env.engines.inline import printing_script

__all__ = [
    "ENTERING_CAPABILITIES",
    "INSTALLING_CAPABILITIES",
    "MARK",
    "NOT_ENTERED",
    "Supervisor",
    "entering_script",
    "measuring_script",
]

MARK = "BUILD_ENV_MARK"  # the variable that brings the mark, and is gone when the first command runs
NOT_ENTERED = 127  # what setpriv ends with, too, when it may not do what it should
# What root needs for laying the build root, becoming the builder and ending what is left of it. The builder gets none.
ENTERING_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETPCAP", "SETUID")
# What package managers need as root: to unpack for all users, to become the one who fetches, and to end it.
INSTALLING_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID")
# What the kernel counts for the room, files that it holds in memory included: of cgroup v2, else of v1.
_COUNTER = """\
counter() {
    { read -r counted <"/sys/fs/cgroup/$1" || read -r counted <"/sys/fs/cgroup/memory/$2"; } 2>/dev/null || counted=0
}
peak() { counter memory.peak memory.max_usage_in_bytes; }
"""
# The counter of a room that is kept goes on from task to task and cannot be set back from inside. There, what use grew
# by counts, if it grew beyond all before; else nothing is known.
_BEGUN = "counter memory.current memory.usage_in_bytes; began=$counted; peak; highest=$counted\n"
_GROWN = 'peak; [ "$counted" -gt "$highest" ] && counted=$((counted - began)) || counted=0'
_END = """printf '\\n%s %s %s %s\\n' "$mark" "$counted" "$ended" "${running:-0}\""""
# The builder may have set its pipe to what a shell cannot write to; one that is opened anew is as it was.
_OWN_PIPE = "{ true >/proc/self/fd/1; } 2>/dev/null && exec >/proc/self/fd/1 2>&1"


def measuring_script(mark: str, *, kept: bool = False) -> str:
    """What comes before the commands where nobody supervises: at its end the script tells its figures.

    All output takes one pipe: of two, the engine passes on the second one's last words after the end was told.
    """
    end = f"ended=$?; {_GROWN if kept else 'peak'}; mark={mark}; {_END}"
    return f"exec 2>&1\n{_COUNTER}{_BEGUN if kept else ''}trap {shlex.quote(end)} EXIT\n"


@dataclass(frozen=True, kw_only=True)
class Supervisor:
    """The script of root for a builder with `uid` and `gid`. A room that is `kept` goes on afterwards."""

    uid: int
    gid: int
    kept: bool = False

    @property
    def become(self) -> str:
        """The words before a command that make it the builder's, for good."""
        return (
            f"setpriv --reuid={self.uid} --regid={self.gid} --groups={self.gid} --inh-caps=-all --bounding-set=-all --"
        )

    def around(self, commands: str, root: str, *results: str) -> str:
        """The script: `commands`, then the end; the directories `results` of `root` are printed if they are small."""
        end = "\n".join(
            (
                "ended=$?",
                _OWN_PIPE,
                self.sweeping,
                _GROWN if self.kept else "peak",
                f"[ $ended = 0 ] && {self._printing(root, *results)}" if results else ":",
                _END,
                "exit $ended",
            )
        )
        return (
            f"mark=${{{MARK}:-}}\nunset {MARK}\nexec 2>&1 </dev/null\n{_COUNTER}{_BEGUN if self.kept else ''}"
            f"trap {shlex.quote(end)} EXIT\n{commands}exit 0\n"
        )

    @property
    def sweeping(self) -> str:
        """End all that the builder left. In a room of its own that is everything, and nothing has to be started."""
        if not self.kept:
            return "[ $$ = 1 ] && kill -9 -1 2>/dev/null"
        return f"{self.become} /bin/sh -c 'kill -9 -1' 2>/dev/null"

    @property
    def emptying(self) -> str:
        """Remove what the builder left outside of the build root of a room that is kept."""
        places = "/tmp /var/tmp /dev/shm"  # noqa: S108 - the room's
        return f"find {places} -xdev -mindepth 1 -user {self.uid} -prune -exec rm -rf {{}} +"

    def _printing(self, root: str, *results: str) -> str:
        printing = shlex.quote(f"{printing_script(root, *results)} 2>/dev/null")
        mark = "printf '\\n%s\\n' \"$mark\""
        return f"{mark} && {self.become} /bin/sh -c {printing} && {mark}"


def entering_script(laying: str, supervisor: Supervisor) -> str:
    """A script for root that lays the build root, by `laying` if the engine did not, and goes on with that in `$1`.

    It ends with `NOT_ENTERED` where the image lacks the programs for it. The builder gets the pipe of the output, so
    that /dev/stdout can be opened.
    """
    steps = (
        "command -v setpriv >/dev/null",
        *([laying.rstrip("\n")] if laying else ()),
        f"chown {supervisor.uid}:{supervisor.gid} /proc/self/fd/1 /proc/self/fd/2",
        f"{supervisor.become} true",
        'eval "$1"',
    )
    return f"{' && '.join(steps)}\nexit {NOT_ENTERED}\n"
