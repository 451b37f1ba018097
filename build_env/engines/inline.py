"""Owns small transfers through a room's own pipes: archives as text in a script and in what the script prints.

Each archive that goes through the engine's interface costs 50 ms, which is more than many stages take. What is too
large, or comes from an image without the programs for it, takes the engine's way. The memory that a room needed comes
this way, too, because the engine may be on another machine.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import secrets
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENTERING_CAPABILITIES", "NOT_ENTERED", "Receiver", "entering_script", "laying_script"]

NOT_ENTERED = 127  # what setpriv ends with, too, when it may not do what it should
# What root needs for `entering_script`; the builder gets none of it, nor can it ever.
ENTERING_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETPCAP", "SETUID")
_PROGRAMS = "{ command -v base64 && command -v gzip && command -v tar; } >/dev/null"
_LARGEST_ARGUMENT = 100_000  # the kernel takes 131072 bytes in one argument
_LARGEST_RESULT = 512  # kibibytes
# What the kernel counts for the room, files that it holds in memory included: of cgroup v2, else of v1.
_COUNTER = """\
counter() {
    { read -r counted <"/sys/fs/cgroup/$1" || read -r counted <"/sys/fs/cgroup/memory/$2"; } 2>/dev/null || counted=0
}
peak() { counter memory.peak memory.max_usage_in_bytes; }
"""


def laying_script(archive: bytes) -> str:
    """A script that unpacks the tar `archive` at `/`, or nothing when it would be too long."""
    text, unzip = base64.b64encode(archive).decode(), ""
    if len(text) > _LARGEST_ARGUMENT:
        text, unzip = base64.b64encode(gzip.compress(archive, 1, mtime=0)).decode(), "gzip -d | "
    if len(text) > _LARGEST_ARGUMENT:
        return ""
    return f"{_PROGRAMS} && printf %s {text} | base64 -d | {unzip}tar -xpf - --numeric-owner -C /\n"


def entering_script(archive: bytes, uid: int, gid: int) -> str:
    """A script for root that unpacks `archive` at `/`, becomes the builder for good and runs the script in `$1`.

    Nothing when it would be too long. It ends with `NOT_ENTERED` where the image lacks the programs for it. The
    builder gets the pipes of the output, too, so that /dev/stdout can be opened.
    """
    laying = laying_script(archive).rstrip("\n")
    if not laying:
        return ""
    become = f"setpriv --reuid={uid} --regid={gid} --groups={gid} --inh-caps=-all --bounding-set=-all"
    return (
        f"command -v setpriv >/dev/null && {laying} && chown {uid}:{gid} /proc/self/fd/1 /proc/self/fd/2 "
        f'&& exec {become} /bin/sh -c "$1"\nexit {NOT_ENTERED}\n'
    )


class Receiver:
    """Lets a script print its results at the end, and takes them out of what it prints.

    A result counts only when it is whole: a process that still prints between the lines spoils nothing.
    """

    def __init__(self, output: Callable[[str], None]) -> None:
        """Everything else goes on to `output`."""
        self._output = output
        self._mark = f"build-env-results-{secrets.token_hex(8)}"
        self._end = re.compile(rf"{self._mark} (\d+) (\d+) (\d+)")
        self._lines: list[str] | None = None
        self._whole = False
        self._blank = False
        self.peak_memory = 0
        self.status: int | None = None  # of the script, when it has ended
        self.command = 0  # the number of the one at work then

    def measuring(self, *, kept: bool = False) -> str:
        """What to run before the commands: at its end the script prints memory, exit status and the last command.

        The counter of a room that is kept goes on from task to task and cannot be set back from inside. There, what
        use grew by counts, if it grew beyond all before; else nothing is known.

        All output takes one pipe: of two, the engine passes on the second one's last words after the end was told.
        """
        begin, memory = "", "peak"
        if kept:
            begin = "counter memory.current memory.usage_in_bytes; began=$counted; peak; highest=$counted\n"
            memory = 'peak; [ "$counted" -gt "$highest" ] && counted=$((counted - began)) || counted=0'
        end = f"""ended=$?; {memory}; printf '\\n%s %s %s %s\\n' {self._mark} "$counted" "$ended" "${{running:-0}}\""""
        return f"exec 2>&1\n{_COUNTER}{begin}trap {shlex.quote(end)} EXIT\n"

    def script(self, root: str, *names: str) -> str:
        """What to run after the commands: print the directories `names` of `root` when they are small."""
        listed = " ".join(names)
        small = f"{{ sum=0; while read -r size name; do sum=$((sum + size)); done; [ $sum -le {_LARGEST_RESULT} ]; }}"
        return (
            f"cd {root} && {_PROGRAMS} && du -sk {listed} | {small} "
            f"&& tar --hard-dereference -cf {root}/work/.results {listed} 2>/dev/null "
            f"&& printf '\\n%s\\n' {self._mark} && base64 {root}/work/.results && printf '%s\\n' {self._mark}\n"
            "exit 0\n"
        )

    def line(self, text: str) -> None:
        """Take one printed line."""
        if text == self._mark:
            self._whole = self._lines is not None
            self._lines = self._lines or []
            self._blank = False
        elif told := self._end.fullmatch(text):
            self.peak_memory, self.status, self.command = (int(word) for word in told.groups())
            self._blank = False
        elif self._lines is not None and not self._whole:
            self._lines.append(text)
        else:
            self.flush()
            self._blank = text == ""
            if text:
                self._output(text)

    def flush(self) -> None:
        """Pass on an empty line that was held back, because one comes before the mark."""
        if self._blank:
            self._output("")
        self._blank = False

    def archive(self) -> bytes | None:
        """The tar with the results, None when they have to be fetched."""
        if not self._whole or self._lines is None:
            return None
        try:
            return base64.b64decode("".join(self._lines), validate=True)
        except binascii.Error:
            return None
