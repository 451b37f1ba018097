"""Owns the judgement: what a machine has and what is needed, turned into checks with mending commands. Pure."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from build_env.formats.registry import can_stand_in, formats
from build_env.setup.binfmt import BINFMT, registration
from build_env.setup.facts import BaseState, Check, EngineState, State
from build_env.setup.tools import CLIENT, EMULATORS, ENGINE, bootstrapping, lacks_client, publishing, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from build_env.formats.format import Program
    from build_env.setup.facts import BaseFound, BaseNeed, Handler, Machine, Needs

__all__ = ["checks", "exit_code", "install_command"]

_GIB = 1 << 30
_LEAST_FREE = 2 * _GIB
_GOOD_FREE = 10 * _GIB
_NOT_READY = 4


def exit_code(found: Sequence[Check]) -> int:
    """0 when builds can run, 4 when something that they need is missing."""
    return _NOT_READY if any(check.state is State.MISSING for check in found) else 0


def checks(machine: Machine, needs: Needs, bases: Sequence[BaseFound] | None) -> tuple[Check, ...]:
    """Every check, in the order in which a person mends things. `bases` is None where no engine could be asked."""
    return (
        *needs.faults,
        _engine(machine),
        *_emulation(machine, needs),
        *_tools(machine, needs, bases),
        *_disk(machine),
        *(_base(machine, base) for base in bases or ()),
    )


def install_command(machine: Machine, *packages: str) -> str:
    """The command that installs distribution packages, in words where the distribution is none of ours.

    It fetches the lists first, which a fresh machine lacks, and installs what set-up would.
    """
    if not machine.debian:
        return f"install with this distribution's package manager: {' '.join(packages)}"
    apt = f"{_sudo(machine)}apt-get"
    return f"{apt} update && {apt} install --yes --no-install-recommends {' '.join(packages)}"


def _sudo(machine: Machine) -> str:
    return "" if machine.root else "sudo "


def _engine(machine: Machine) -> Check:
    engine = machine.engine
    name, purpose = "engine", "makes rooms"
    if engine.state is EngineState.ANSWERS:
        return Check(
            name=name, purpose=purpose, state=State.OK, text=f"{engine.version} answers at {engine.address}".strip()
        )
    if engine.state is EngineState.DENIED:
        text = f"the engine at {engine.address} does not let this user in"
        mend = engine.way_in
    elif not engine.ours:
        text = f"no engine answers at {engine.address}, which DOCKER_HOST names"
        mend = "start that engine, or unset DOCKER_HOST"
    elif engine.state is EngineState.ABSENT:
        text = "no container engine is installed"
        mend = install_command(machine, ENGINE if machine.debian else "docker")
    else:
        text = f"the engine is installed and does not answer at {engine.address}"
        mend = f"{_sudo(machine)}systemctl start docker" if machine.systemd else "build-env doctor --setup"
    return Check(name=name, purpose=purpose, state=State.MISSING, text=text, mend=mend)


def _emulation(machine: Machine, needs: Needs) -> Iterator[Check]:
    seen = machine.engine.local or machine.engine.state is not EngineState.ANSWERS
    for arch in needs.foreign(machine.architecture):
        state, text, mend = State.NOTE, "the engine is on another machine: its handlers cannot be seen from here", ""
        if seen:
            text, mend = _handler(machine, arch, machine.handlers.get(arch))
            state = State.MISSING if mend else State.OK
        yield Check(name=f"emulation {arch}", purpose=f"runs programs of {arch}", state=state, text=text, mend=mend)


def _handler(machine: Machine, arch: str, handler: Handler | None) -> tuple[str, str]:
    """Words, and the mending command unless the handler can be used."""
    if not machine.binfmt_mounted:
        mount = f"{_sudo(machine)}mount -t binfmt_misc binfmt_misc {BINFMT}"
        return f"{BINFMT} is not mounted", mount
    if handler and handler.enabled and handler.fixed:
        return f"binfmt handler {handler.name}, flag F", ""
    register = registration(machine.emulators.get(arch), handler)
    mend = _in_shell(machine, register) if register else install_command(machine, EMULATORS)
    if handler is None:
        return "no binfmt handler is registered for it", mend
    if not handler.enabled:
        return f"the binfmt handler {handler.name} is switched off", mend
    return f"the binfmt handler {handler.name} has no flag F: rooms cannot reach the emulator", mend


def _in_shell(machine: Machine, line: str) -> str:
    return line if machine.root else f"sudo sh -c {quote(line)}"


def _tools(machine: Machine, needs: Needs, bases: Sequence[BaseFound] | None) -> Iterator[Check]:
    yield from _running(machine)
    yield from _bootstrapping(machine, needs, bases)
    yield from (_tool(machine, program) for program in publishing(needs))
    for known in formats():
        if known.name in needs.families:
            yield from (_module(machine, name, purpose) for name, purpose in known.modules.items())


def _module(machine: Machine, name: str, purpose: str) -> Check:
    there = name in machine.modules
    return Check(
        name=name,
        purpose=purpose,
        state=State.OK if there else State.MISSING,
        text="the Python package is there" if there else "the Python package cannot be imported",
        mend="" if there else f"pip install {name}, into the Python that runs build-env",
    )


def _tool(machine: Machine, program: Program, *, without: str = "") -> Check:
    """A program that is needed; with the words `without` one whose absence is worth knowing and stops nothing."""
    there = program.name in machine.programs
    lacking = State.NOTE if without else State.MISSING
    text = f"not installed; it {program.purpose}"
    return Check(
        name=program.name,
        purpose=program.purpose,
        state=State.OK if there else lacking,
        text=program.purpose if there else f"{text}; {without}" if without else text,
        mend="" if there else install_command(machine, program.package),
    )


def _running(machine: Machine) -> Iterator[Check]:
    yield from (_tool(machine, program) for program in running(machine))
    if lacks_client(machine):
        yield _tool(machine, CLIENT, without="no build asks for it")


def _bootstrapping(machine: Machine, needs: Needs, bases: Sequence[BaseFound] | None) -> Iterator[Check]:
    """Needed only where a base is not there and can be made, as far as one knows: a registry may still answer."""
    wanted = needs.bases
    if bases is not None:
        wanted = tuple(base.need for base in bases if base.state is BaseState.BOOTSTRAP)
    needed = bootstrapping(machine, wanted)
    for program in bootstrapping(machine, needs.bases):
        yield _tool(machine, program, without="" if program in needed else "no base has to be made")


def _disk(machine: Machine) -> Iterator[Check]:
    amounts = [("disk build", "holds results and logs", machine.free_bytes, "rm -r build, or use a larger disk")]
    if machine.engine.free_bytes is not None:
        amounts.append(
            ("disk engine", "holds images", machine.engine.free_bytes, "docker system df shows what takes it")
        )
    for name, purpose, free, mend in amounts:
        text = f"{free / _GIB:.1f} GiB free"
        state = State.OK
        if free < _GOOD_FREE:
            state = State.MISSING if free < _LEAST_FREE else State.NOTE
            text += f"; {'less than the least a build needs' if state is State.MISSING else 'little for many targets'}"
        yield Check(name=name, purpose=purpose, state=state, text=text, mend="" if state is State.OK else mend)


def _base(machine: Machine, base: BaseFound) -> Check:
    state, text, mend = _standing(base)
    if base.state is BaseState.BOOTSTRAP and "mmdebstrap" not in machine.programs:
        text += ", for which mmdebstrap is missing"
    need = base.need
    return Check(
        name=f"base {need.reference} {need.architecture}",
        purpose=f"base image of {', '.join(need.targets)}",
        state=state,
        text=text,
        mend=mend,
    )


def _standing(base: BaseFound) -> tuple[State, str, str]:
    """State, words and mending command of a base."""
    need = base.need
    match base.state:
        case BaseState.THERE:
            return State.OK, f"there as {base.image}", ""
        case BaseState.MAPPED if base.stand_in:
            return State.NOTE, f"mapped to {base.image}, a stand-in: results are kept apart", ""
        case BaseState.MAPPED:
            return State.OK, f"mapped to {base.image}", ""
        case BaseState.BOOTSTRAP:
            text = f"not here yet: a build pulls it, or bootstraps {need.bootstrap}"
            return State.NOTE, text, f"build-env base make {need.reference} --arch {need.architecture}"
        case BaseState.PULL:
            return State.NOTE, "not here yet: a build pulls it, if a registry answers", _without_registry(need)
        case BaseState.BROKEN:
            return State.MISSING, base.text, f"build-env base map {need.reference} IMAGE --arch {need.architecture}"


def _without_registry(need: BaseNeed) -> str:
    if can_stand_in(need.family):
        return f"build-env base make --stand-in {need.targets[0]} --arch {need.architecture}"
    return f"build-env base map {need.reference} IMAGE --arch {need.architecture}"
