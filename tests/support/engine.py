"""Owns an engine that a test may kill: a second daemon with places of its own, on a private socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import docker.errors

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
    socket = directory / "s"
    command = ["dockerd", f"--host=unix://{socket}", f"--data-root={directory}/data", f"--exec-root={directory}/exec"]
    command += [f"--pidfile={directory}/pid", "--bridge=none", "--iptables=false", "--storage-driver=vfs"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _await(f"unix://{socket}", directory / "log")
        save = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
        subprocess.run(
            ["docker", f"--host=unix://{socket}", "load"], stdin=save.stdout, check=True, capture_output=True
        )
        assert save.wait() == 0
        yield PrivateEngine(address=f"unix://{socket}", process=process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _end_below(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _await(address: str, log: Path) -> None:
    """Ask until the daemon answers."""
    limit = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = docker.DockerClient(base_url=address)
        except docker.errors.DockerException:
            assert time.monotonic() < limit, log.read_text()
            time.sleep(0.1)
            continue
        connection.close()
        return


def _end_below(directory: Path) -> None:
    """End the processes of the daemon's containers and take its mounts away; all of them name its directory."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(directory).encode() in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in mounted if point.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)
