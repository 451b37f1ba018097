"""Owns how a failed step shows that not the work was at fault but the network or a mirror.

Pure: it reads what the step printed last. A fault that may pass is an InfrastructureError, which is tried again;
files that a mirror has no longer are an EnvironmentNotReady, because trying again cannot help.
"""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, InfrastructureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Listener"]

_LAST = 40  # lines: a fault that a step overcame lies further back
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

_GONE = {
    "apt": (r"Failed to fetch \S+ +404 ",),
    "dnf": (r"\bStatus code: 404\b", r"\bHTTP Error 404\b", r"[Cc]hecksum does ?n.t match", r"incorrect checksum"),
}
_MAY_PASS = {
    "apt": (
        r"\b(Temporary failure|Something wicked happened) resolving '",
        r"\bCould not resolve '",
        r"\b(Could not|Unable to|Cannot initiate the) connect(ion)? to \S+:",
        r"^(E: |W: |Err:|  ).*\bConnection (failed|timed out|reset by peer)",
        r"\bFailed to fetch \S+ +(5\d\d|429) ",
        r"\b(Hash Sum mismatch|File has unexpected size|Writing more data than expected)\b",
        r"\bfile isn't valid, got 'NO(DATA|SPLIT)'",
    ),
    "curl and dnf": (
        r"\b[Cc]url(:| error) \((5|6|7|16|18|28|35|52|55|56|92)\)",
        r"\bcurl#(5|6|7|16|18|28|35|52|55|56|92) - ",
        r"\bStatus code: (5\d\d|429)\b",
        r"\bThe requested URL returned error: (5\d\d|429)\b",
        r"\bCould(n't| not) resolve host\b",
    ),
    "git": (r"\bunable to access '\S+': (Failed to connect|Connection|Operation timed out|Recv failure)",),
    "wget": (
        r"\bwget: (unable to resolve host|bad address|can't connect to remote host|download timed out)",
        r"\bfailed: (Connection|Network is unreachable|No route to host|Name or service|Temporary failure)",
        r"\bERROR (5\d\d|429): ",
    ),
    "pip": (r"\b(NewConnectionError|ConnectTimeoutError|ReadTimeoutError)\b",),
    "any": (r"\bTemporary failure in name resolution\b",),
    "engine": (r"\bdial (tcp|udp)\b.*: ", r"\bTLS handshake timeout\b", r": i/o timeout\b"),
}


@dataclass
class Listener:
    """Hears what a step prints and passes it on; asked after a failure, it tells whose fault that was."""

    output: Callable[[str], None]
    _lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST))

    def line(self, text: str) -> None:
        """Take one printed line."""
        self._lines.append(_COLOUR.sub("", text))
        self.output(text)

    def restart(self) -> None:
        """Forget what was heard: another step begins."""
        self._lines.clear()

    def refuse_fault(self, status: int, *more: str) -> None:
        """Raise the error that fits when the step's end was no failure of its work; `more` are lines it did not print.

        The exit status counts before the words: scripts that know what happened say it by EX_TEMPFAIL (what they need
        may be there later) and EX_CONFIG (it is not in this environment).
        """
        lines = [*self._lines, *more]
        gone, passing = _last(_GONE, lines), _last(_MAY_PASS, lines)
        fault = gone or passing or next((line for line in lines if line.startswith("error: ")), "")
        if status == os.EX_CONFIG or (gone and status != os.EX_TEMPFAIL):
            raise EnvironmentNotReady(
                fault or "an install command found that the environment is not ready",
                hint="run the same command with --refresh, which fetches the package indexes anew",
            )
        if passing or status == os.EX_TEMPFAIL:
            raise InfrastructureError(
                fault or "an install command could not get what it needs",
                hint="run the same command again when the network and the mirror are well",
            )


def _last(table: Mapping[str, tuple[str, ...]], lines: list[str]) -> str:
    """The last of `lines` that shows what is in the table: programs sum up at their end."""
    # Only now: a look ahead hears no step, and making the patterns takes 2 ms.
    pattern = re.compile("|".join(one for patterns in table.values() for one in patterns))
    return next((line.strip() for line in reversed(lines) if pattern.search(line)), "")
