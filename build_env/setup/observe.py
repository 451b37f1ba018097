"""Owns the looking at a machine: engine, emulation, programs, disk. Changes nothing."""

from __future__ import annotations

import contextlib
import ctypes
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
from build_env.setup.binfmt import is_mounted, read_emulators, read_handlers
from build_env.setup.facts import EngineFacts, EngineState, Machine
from build_env.setup.tools import known_programs

with imported_later():
    from build_env.engines.docker import access as docker_access
    from build_env.engines.docker import connection as docker_connection

if TYPE_CHECKING:
    from build_env.formats.format import Program

__all__ = ["engine_answers", "find_program", "observe"]

_SOCKET = "unix:///var/run/docker.sock"
_USUAL = frozenset({_SOCKET, "unix:///run/docker.sock"})
_PACKAGED = Path("/usr/sbin/dockerd")  # that of the distribution; others put theirs elsewhere
_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")


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
        programs=frozenset(program.name for program in known_programs() if _is_there(program)),
        binfmt_mounted=is_mounted(),
        handlers=read_handlers(),
        emulators=read_emulators(),
        free_bytes=_free(build) or 0,
        modules=frozenset(name for each in formats() for name in each.modules if importlib.util.find_spec(name)),
        apparmor=_APPARMOR.is_file() and _APPARMOR.read_text(encoding="ascii").startswith("Y"),
    )


def _is_there(program: Program) -> bool:
    if not program.library:
        return find_program(program.name) is not None
    try:
        ctypes.CDLL(program.name)
    except OSError:
        return False
    return True


def find_program(name: str) -> str | None:
    """The program's path; administrators' directories are searched even where PATH leaves them out."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin")


def engine_answers() -> bool:
    """Whether an engine is there to be talked to now, by this user or by others."""
    return _engine().state in {EngineState.ANSWERS, EngineState.DENIED}


def _engine() -> EngineFacts:
    address = os.environ.get("DOCKER_HOST", _SOCKET)
    ours, packaged = address in _USUAL, _PACKAGED.exists()
    try:
        connection = docker_connection.connect()
    except docker_access.EngineDenied as error:
        return EngineFacts(
            state=EngineState.DENIED, address=address, ours=ours, packaged=packaged, way_in=error.hint or ""
        )
    except BuildEnvError:
        state = EngineState.ABSENT if ours and find_program("dockerd") is None else EngineState.STOPPED
        return EngineFacts(state=state, address=address, ours=ours, packaged=packaged)
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
        packaged=packaged,
    )


def _free(directory: Path) -> int | None:
    """Free bytes where `directory` lies or will lie; None where it cannot be seen."""
    with contextlib.suppress(OSError):
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        return shutil.disk_usage(existing).free
    return None
