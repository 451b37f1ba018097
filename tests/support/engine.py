"""Owns an engine that a test may kill: a second daemon with places of its own, on a private socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PrivateEngine", "private_engine"]

_PATIENCE = 60


@dataclass(frozen=True, kw_only=True)
class PrivateEngine:
    """A running daemon."""

    address: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End the daemon and all it started, as a crash does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def private_engine(image: str) -> Iterator[PrivateEngine]:
    """Start a daemon that has `image` of the machine's engine and no network."""
    directory = Path(tempfile.mkdtemp(prefix="be-engine-"))  # short: it holds sockets
    address = f"unix://{directory}/s"
    # A network of its own: with `--bridge=none` it would remove the bridge that this machine's engine uses.
    command = ["unshare", "--net", "dockerd", f"--host={address}", f"--data-root={directory}/data"]
    command += [f"--exec-root={directory}/exec"]
    command += [f"--pidfile={directory}/pid", "--bridge=none", "--iptables=false"]
    with _readiness(directory) as notify, (directory / "log").open("wb") as log:
        environment = {**os.environ, "NOTIFY_SOCKET": f"{directory}/notify"}
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _await(notify, directory / "log")
        except BaseException:
            _end(process, directory)
            raise
    try:
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as save:
            load = ["docker", f"--host={address}", "load"]
            subprocess.run(load, stdin=save.stdout, check=True, capture_output=True)
        assert save.returncode == 0
        yield PrivateEngine(address=address, process=process)
    finally:
        _end(process, directory)


@contextmanager
def _readiness(directory: Path) -> Iterator[socket.socket]:
    """The socket on which a daemon says, as to systemd, that it answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(f"{directory}/notify")
        notify.settimeout(_PATIENCE)
        yield notify


def _await(notify: socket.socket, log: Path) -> None:
    try:
        while b"READY=1" not in notify.recv(4096):
            pass
    except TimeoutError:
        raise AssertionError(log.read_text()) from None


def _end(process: subprocess.Popen[bytes], directory: Path) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _end_below(directory)
    shutil.rmtree(directory, ignore_errors=True)


def _end_below(directory: Path) -> None:
    """End the processes of the daemon's containers and take its mounts away; all of them name its directory."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(directory).encode() in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in mounted if point.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)
