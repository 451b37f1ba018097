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
from build_env.setup.binfmt import BINFMT, registration
from build_env.setup.checks import checks
from build_env.setup.engine import last_lines, start_engine
from build_env.setup.facts import EngineState, State
from build_env.setup.observe import find_program, observe
from build_env.setup.tools import CLIENT, EMULATORS, ENGINE, bootstrapping, lacks_client, publishing, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from build_env.setup.facts import Machine, Needs

__all__ = ["Work", "lacking", "prepare_machine", "wanted_work"]

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
        packages.append(ENGINE)
    if any(registration(machine.emulators.get(arch), machine.handlers.get(arch)) == "" for arch in without):
        packages.append(EMULATORS)
    wanted = (*running(machine), *publishing(needs), *bootstrapping(machine, needs.bases))
    packages += [program.package for program in wanted if program.name not in machine.programs]
    packages += [CLIENT.package] if lacks_client(machine) else []
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
        raise _not_ready("set-up knows Debian and Ubuntu only and has changed nothing", lacking(machine, needs))
    hands = _Hands(prefix=_root_prefix(), note=note)
    tried: set[str] = set()
    # What is installed shows what else is wanted: an engine whose package has no client.
    while packages := [package for package in work.packages if package not in tried]:
        hands.install(packages, lists=not tried)
        tried.update(packages)
        work = wanted_work(look(build), needs)
    if work.mount_binfmt:
        hands.mount_binfmt()
    for arch in work.handlers:
        machine = look(build)
        if not _usable(machine, arch):
            hands.register(arch, registration(machine.emulators.get(arch), machine.handlers.get(arch)))
    if work.start_engine and look(build).engine.state is EngineState.STOPPED:
        start_engine(hands.prefix, log, note)
    return _ready(look(build), needs)


def _usable(machine: Machine, arch: str) -> bool:
    handler = machine.handlers.get(arch)
    return handler is not None and handler.enabled and handler.fixed


def _ready(machine: Machine, needs: Needs) -> Machine:
    missing = lacking(machine, needs)
    if missing:
        raise _not_ready("this machine is not ready", missing)
    return machine


def lacking(machine: Machine, needs: Needs) -> tuple[Fault, ...]:
    """What is missing of the machine itself; bases are had later, and faulty targets are reported by planning."""
    found = checks(machine, replace(needs, faults=()), None)
    missing = (check for check in found if check.state is State.MISSING)
    return tuple(Fault(message=f"{check.name}: {check.text}; mend: {check.mend}") for check in missing)


def _not_ready(message: str, missing: tuple[Fault, ...]) -> EnvironmentNotReady:
    return EnvironmentNotReady(message, faults=missing, hint="mend these, then run the same command again")


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

    def install(self, packages: Sequence[str], *, lists: bool) -> None:
        """Install packages, after fetching the package lists if they may be old or not there."""
        self.note(f"installing {', '.join(packages)}")
        apt = ("env", _QUIET, "apt-get", "-q", "-o", "Dpkg::Use-Pty=0")
        if lists:
            self._run(*apt, "update")
        self._run(*apt, "install", "--yes", "--no-install-recommends", *packages)

    def mount_binfmt(self) -> None:
        self.note(f"mounting binfmt_misc at {BINFMT}")
        if not BINFMT.is_dir():
            self._run("modprobe", "binfmt_misc")
        self._run("mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT))

    def register(self, arch: str, line: str) -> None:
        """Have the kernel hand programs of `arch` to their emulator, by a line of shell."""
        if not line:
            raise EnvironmentNotReady(
                f"{EMULATORS} has no emulator for {arch} that rooms can use",
                hint="see docs/reference/bases.md: what a machine needs",
            )
        self.note(f"registering the binfmt handler for {arch}")
        self._run("sh", "-c", line)

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
