"""Owns the looking at a machine: engine, emulation, programs, disk. Changes nothing."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError
from build_env.core.later import imported_later
from build_env.core.machine import host_architecture, read_os_release
from build_env.formats.registry import formats
from build_env.setup.binfmt import is_mounted, known_emulators, read_handlers
from build_env.setup.facts import EngineFacts, EngineState, Machine

with imported_later():
    from build_env.engines.docker import connection as docker_connection

if TYPE_CHECKING:
    from build_env.engines.docker.connection import Connection

__all__ = ["engine_answers", "find_program", "observe", "programs"]

# Each program that build-env starts on this machine whatever it builds, and the Debian package that holds it.
_PROGRAMS = {"arch-test": "arch-test", "mmdebstrap": "mmdebstrap", "gpg": "gnupg", "update-binfmts": "binfmt-support"}
_SOCKET = "unix:///var/run/docker.sock"
_USUAL = frozenset({_SOCKET, "unix:///run/docker.sock"})


def observe(build: Path) -> Machine:
    """Look at everything; `build` is where results will lie."""
    facts = read_os_release()
    family = {facts.get("ID", ""), *facts.get("ID_LIKE", "").split()}
    return Machine(
        architecture=host_architecture(),
        debian="debian" in family and find_program("apt-get") is not None,
        systemd=Path("/run/systemd/system").is_dir(),
        root=os.geteuid() == 0,
        engine=_engine(),
        programs=frozenset(name for name in programs() if find_program(name)),
        binfmt_mounted=is_mounted(),
        handlers=read_handlers(),
        emulators=known_emulators(),
        free_bytes=_free(build) or 0,
        modules=frozenset(name for each in formats() for name in each.modules if importlib.util.find_spec(name)),
    )


def programs() -> dict[str, str]:
    """Each program that build-env or a format starts on this machine, and the Debian package that holds it."""
    return _PROGRAMS | {program.name: program.package for known in formats() for program in known.programs}


def find_program(name: str) -> str | None:
    """The program's path; administrators' directories are searched even where PATH leaves them out."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin")


def engine_answers() -> bool:
    """Whether an engine can be talked to now."""
    connection = _connect()
    if connection is not None:
        connection.close()
    return connection is not None


def _connect() -> Connection | None:
    try:
        return docker_connection.connect()
    except BuildEnvError:
        return None


def _engine() -> EngineFacts:
    address = os.environ.get("DOCKER_HOST", _SOCKET)
    ours = address in _USUAL
    connection = _connect()
    if connection is None:
        return EngineFacts(state=_silent_state(address, ours=ours), address=address, ours=ours)
    connection.close()
    facts = connection.facts
    local = address.startswith("unix://") and facts.kernel == platform.release()
    return EngineFacts(
        state=EngineState.ANSWERS,
        address=address,
        version=facts.version,
        ours=ours,
        local=local,
        free_bytes=_free(Path(facts.directory or "/nonexistent")) if local else None,
    )


def _silent_state(address: str, *, ours: bool) -> EngineState:
    socket = Path(address.removeprefix("unix://"))
    with contextlib.suppress(OSError):
        if address.startswith("unix://") and socket.is_socket() and not os.access(socket, os.R_OK | os.W_OK):
            return EngineState.DENIED
    if ours and find_program("dockerd") is None:
        return EngineState.ABSENT
    return EngineState.STOPPED


def _free(directory: Path) -> int | None:
    """Free bytes where `directory` lies or will lie; None where it cannot be seen."""
    with contextlib.suppress(OSError):
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        return shutil.disk_usage(existing).free
    return None
