"""Owns native rooms: a directory of this machine with the layout and the variables of a container's build root.

The lowest rank of isolation: the machine's own programs, user and network. Results say so and are not published.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import signal
import subprocess
import tarfile
import threading
from dataclasses import dataclass, field, replace
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.disk import scratch
from build_env.core.errors import EnvironmentNotReady, Interrupted
from build_env.engines.collecting import RESULTS, Chunks, refuse_links, refuse_names
from build_env.engines.layout import SEARCH_PATH, commands_of, outcome_of, room_environment, room_script, timed_out
from build_env.engines.network_faults import Listener
from build_env.engines.output import LineSplitter
from build_env.engines.staging import pack
from build_env.model.artifact import Isolation
from build_env.model.command import Role
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.model.room import RoomSpec

__all__ = ["NativeRooms"]

_CHUNK = 1 << 16


@dataclass
class NativeRooms:
    """The `Engine` port without containers. `install` allows the install commands, as root."""

    rooms: Path
    install: bool = False
    _running: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _installing: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: bool = False

    @property
    def isolation(self) -> Isolation:
        """See `Engine.isolation`."""
        return Isolation.NATIVE

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """See `Engine.run`; the room's directory is removed in every case."""
        with scratch(self.rooms, "native-") as directory:
            return self._run_in(directory, spec, output)

    def cancel(self) -> None:
        """See `Engine.cancel`."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for group in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def _run_in(self, directory: Path, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        archive = Chunks(pack(spec, owner=os.getuid(), group=os.getgid()))
        with tarfile.open(fileobj=BufferedReader(archive), mode="r|") as content:
            # Not an argument: Python 3.11.2 has none of it, and no need of it, because we packed this ourselves.
            content.extraction_filter = getattr(tarfile, "tar_filter", None)
            content.extractall(directory)  # noqa: S202 - as above
        root = directory / "build"
        path = os.environ.get("PATH", SEARCH_PATH)
        environment = room_environment(
            str(root), spec.environment, search_path=path, downloads=spec.downloads is not None
        )
        if spec.ssh_agent:
            environment["SSH_AUTH_SOCK"] = spec.ssh_agent
        outcome = RoomOutcome(status=0)
        installs = commands_of(spec, Role.INSTALL)
        if installs and self.install:
            script = _as_root(room_script(installs, str(root), exported=environment))
            listener = Listener(output)
            with self._installing:  # the machine has one package database
                outcome = self._execute(script, spec, root, {"PATH": path}, listener.line)
            if outcome.status:
                listener.refuse_fault(outcome.status)
        if outcome.status == 0:
            script = ["/bin/sh", "-c", room_script(commands_of(spec, Role.RUN), str(root))]
            outcome = self._execute(script, spec, root, environment, output)
        if outcome.status == 0:
            _move(root / "out", spec.collect)
            if spec.downloads is not None:
                _move(root / "downloads", spec.downloads)
        return outcome

    def _execute(
        self,
        argv: list[str],
        spec: RoomSpec,
        root: Path,
        environment: dict[str, str],
        output: Callable[[str], None],
    ) -> RoomOutcome:
        late = threading.Event()
        with self._lock:
            if self._cancelled:
                raise Interrupted("stopped")
            process = subprocess.Popen(
                argv,
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process.pid)

        def expire() -> None:
            late.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(spec.limit.seconds, expire) if spec.limit else None
        if timer:
            timer.start()
        try:
            status, peak_memory = _follow(process, LineSplitter(output, spec.limits.log))
        finally:
            if timer:
                timer.cancel()
            with self._lock:
                self._running.discard(process.pid)
        if self._cancelled:
            raise Interrupted("stopped")
        return timed_out(spec) if late.is_set() else replace(outcome_of(status), peak_memory=peak_memory)


def _follow(process: subprocess.Popen[bytes], lines: LineSplitter) -> tuple[int, int]:
    """Pass on what the process prints until its end; its exit status and the memory of its largest descendant.

    What it left at work in its group ends with it, and is not waited for. The kernel counts this program's own memory
    for the process until that became another program. A number that is no larger says nothing.
    """
    own = _resident(resource.getrusage(resource.RUSAGE_SELF))
    with process:
        try:
            for chunk in _printed(process):
                lines.feed(chunk)
        finally:
            with contextlib.suppress(ProcessLookupError):  # it is not reaped yet: nobody else has its number
                os.killpg(process.pid, signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    lines.close()
    peak = _resident(usage)
    return process.returncode, peak if peak > own else 0


def _printed(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What comes until the process has ended, and what is in its pipe then."""
    output = process.stdout.fileno() if process.stdout else -1
    ended = os.pidfd_open(process.pid)
    try:
        while ended not in (ready := select.select([output, ended], [], [])[0]):
            chunk = os.read(output, _CHUNK)
            if not chunk:
                return
            yield chunk
        while output in ready and (chunk := os.read(output, _CHUNK)):
            yield chunk
            ready = select.select([output], [], [], 0)[0]
    finally:
        os.close(ended)


def _resident(usage: resource.struct_rusage) -> int:
    """The maximum resident size in bytes; the kernel gives kibibytes."""
    return usage.ru_maxrss * 1024


def _as_root(script: str) -> list[str]:
    command = ["/bin/sh", "-c", script]
    if os.getuid() == 0:
        return command
    sudo = shutil.which("sudo")
    if sudo is None:
        raise EnvironmentNotReady("--install needs root to install build dependencies, and sudo is not here")
    return [sudo, *command]


def _move(source: Path, destination: Path) -> None:
    """Hand over the regular files, as `collecting.unpack` does for the rooms of an engine."""
    below = [Path(directory) / name for directory, *names in os.walk(source) for name in chain(*names)]
    files = [path for path in below if path.is_file() and not path.is_symlink()]
    refuse_names([f"{source.name}/{path.relative_to(source)}" for path in files])
    if source.name == RESULTS:
        refuse_links([f"{RESULTS}/{path.relative_to(source)}" for path in below if path.is_symlink()])
    for path in files:
        target = destination / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
