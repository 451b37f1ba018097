"""Owns `--setup`: brings a Debian or Ubuntu machine from what it has to what is needed, and says each thing it does.

What is fine already stays as it is. On other distributions nothing is changed: the error says what is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, Fault
from build_env.formats.registry import can_stand_in, formats
from build_env.setup.binfmt import BINFMT, EMULATORS
from build_env.setup.checks import checks
from build_env.setup.engine import last_lines, start_engine
from build_env.setup.facts import EngineState, State
from build_env.setup.observe import find_program, observe, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from build_env.setup.facts import Check, Machine, Needs

__all__ = ["Work", "prepare_machine", "wanted_work"]

_QUIET = "DEBIAN_FRONTEND=noninteractive"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What set-up has to do on one machine; nothing in it means that the machine is ready."""

    packages: tuple[str, ...] = ()
    start_engine: bool = False
    mount_binfmt: bool = False
    handlers: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.packages or self.start_engine or self.mount_binfmt or self.handlers)


def wanted_work(machine: Machine, needs: Needs) -> Work:
    """What is to be done; only for architectures and package formats that are needed. Pure."""
    foreign = () if not machine.engine.local else needs.foreign(machine.architecture)
    without = tuple(arch for arch in foreign if not _usable(machine, arch))
    packages = []
    if machine.engine.ours and machine.engine.state is EngineState.ABSENT:
        packages.append("docker.io")
    if without and "update-binfmts" not in machine.programs:
        packages.append("binfmt-support")
    if set(without) - machine.emulators:
        packages.append("qemu-user-static")
    tools = ["gpg"]
    tools += [each.name for known in formats() if known.name in needs.families for each in known.programs]
    tools += ["mmdebstrap"] if any(need.bootstrap or can_stand_in(need.family) for need in needs.bases) else []
    # mmdebstrap asks it whether programs of the other architecture run here, and refuses to work without it.
    tools += ["arch-test"] if "mmdebstrap" in tools and foreign else []
    holding = programs()
    packages += [holding[tool] for tool in tools if tool not in machine.programs]
    return Work(
        packages=tuple(dict.fromkeys(packages)),
        start_engine=machine.engine.ours and machine.engine.state in {EngineState.ABSENT, EngineState.STOPPED},
        mount_binfmt=bool(without) and not machine.binfmt_mounted,
        handlers=without,
    )


def prepare_machine(
    needs: Needs,
    build: Path,
    log: Path,
    note: Callable[[str], None],
    look: Callable[[Path], Machine] = observe,
) -> Machine:
    """Do what is wanted and look again; raises EnvironmentNotReady when something is missing still.

    `log` receives the output of an engine that is started in the background.
    """
    machine = look(build)
    work = wanted_work(machine, needs)
    if not work:
        return _ready(machine, needs)
    if not machine.debian:
        raise _not_ready("set-up knows Debian and Ubuntu only and has changed nothing", _missing(machine, needs))
    hands = _Hands(prefix=_root_prefix(), note=note)
    if work.packages:
        hands.install(work.packages)
    if work.mount_binfmt and not look(build).binfmt_mounted:
        hands.mount_binfmt()
    for arch in work.handlers:
        if not _usable(look(build), arch):
            hands.enable(arch)
    if work.start_engine and look(build).engine.state is EngineState.STOPPED:
        start_engine(hands.prefix, log, note)
    return _ready(look(build), needs)


def _usable(machine: Machine, arch: str) -> bool:
    handler = machine.handlers.get(arch)
    return handler is not None and handler.enabled and handler.fixed


def _ready(machine: Machine, needs: Needs) -> Machine:
    missing = _missing(machine, needs)
    if missing:
        raise _not_ready("this machine is not ready", missing)
    return machine


def _missing(machine: Machine, needs: Needs) -> tuple[Check, ...]:
    """What is missing of the machine itself; bases are had later, and faulty targets are reported by planning."""
    found = checks(machine, replace(needs, faults=()), None)
    return tuple(check for check in found if check.state is State.MISSING)


def _not_ready(message: str, missing: Sequence[Check]) -> EnvironmentNotReady:
    return EnvironmentNotReady(
        message,
        faults=tuple(Fault(message=f"{check.name}: {check.text}; mend: {check.mend}") for check in missing),
        hint="mend these, then run the same command again",
    )


def _root_prefix() -> tuple[str, ...]:
    """What goes before a command that needs root; without a terminal sudo must not ask for a password."""
    if os.geteuid() == 0:
        return ()
    if find_program("sudo") is None:
        raise EnvironmentNotReady("set-up needs root, and sudo is not installed", hint="run the same command as root")
    return ("sudo",) if sys.stdin.isatty() else ("sudo", "--non-interactive")


@dataclass(frozen=True, kw_only=True)
class _Hands:
    """Changes the machine, one command at a time, each told first."""

    prefix: tuple[str, ...]
    note: Callable[[str], None]

    def install(self, packages: Sequence[str]) -> None:
        self.note(f"installing {', '.join(packages)}")
        apt = ("env", _QUIET, "apt-get", "-q", "-o", "Dpkg::Use-Pty=0")
        self._run(*apt, "update")
        self._run(*apt, "install", "--yes", "--no-install-recommends", *packages)

    def mount_binfmt(self) -> None:
        self.note(f"mounting binfmt_misc at {BINFMT}")
        if not BINFMT.is_dir():
            self._run("modprobe", "binfmt_misc")
        self._run("mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT))

    def enable(self, arch: str) -> None:
        """Register the handler; one without flag F, from an older installation, is registered anew."""
        emulator = EMULATORS.get(arch)
        if emulator is None:
            raise EnvironmentNotReady(f"set-up knows no emulator for {arch}", hint="docs/reference/bases.md")
        self.note(f"registering the binfmt handler {emulator} for {arch}")
        if (BINFMT / emulator).exists():
            self._run("update-binfmts", "--disable", emulator)
        self._run("update-binfmts", "--enable", emulator)

    def _run(self, *argv: str) -> None:
        program = [*self.prefix, *argv]
        if not self.prefix:
            program[0] = find_program(argv[0]) or argv[0]
        try:
            done = subprocess.run(program, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise EnvironmentNotReady(f"set-up could not run {' '.join(argv)}: {error}") from error
        if done.returncode:
            said = last_lines(done.stdout + done.stderr)
            raise EnvironmentNotReady(
                f"set-up failed at {' '.join(argv)}: exit status {done.returncode}{said}",
                hint="mend what it says and run the same command again; what is done already is not done again",
            )
