"""Owns which programs of this machine are needed for what, and the Debian packages that hold them. Pure.

The one list that both the checks of `doctor` and set-up go by: what is asked for and what is installed cannot differ.
A program that another one needs without its package depending on it is a line of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.format import Program
from build_env.formats.registry import can_stand_in, formats
from build_env.setup.facts import EngineState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from build_env.setup.facts import BaseNeed, Machine, Needs

__all__ = [
    "CLIENT",
    "EMULATORS",
    "ENGINE",
    "bootstrapping",
    "known_programs",
    "lacks_client",
    "packages_of_set_up",
    "publishing",
    "running",
]

ENGINE = "docker.io"
EMULATORS = "qemu-user-static"
CLIENT = Program(name="docker", package="docker-cli", purpose="shows by hand what the engine has")
_APPARMOR = Program(
    name="apparmor_parser", package="apparmor", purpose="loads what confines rooms; none starts without"
)
_GPG = Program(name="gpg", package="gnupg", purpose="signs repositories")
_MMDEBSTRAP = Program(name="mmdebstrap", package="mmdebstrap", purpose="makes base images where no registry answers")
_ARCH_TEST = Program(
    name="arch-test", package="arch-test", purpose="lets mmdebstrap make base images of other architectures"
)
_UIDMAP = Program(name="newuidmap", package="uidmap", purpose="lets mmdebstrap make base images without root")
_OWN = (CLIENT, _APPARMOR, _GPG, _MMDEBSTRAP, _ARCH_TEST, _UIDMAP)


def known_programs() -> tuple[Program, ...]:
    """Every program that build-env, a format or another program here needs, whatever is built."""
    return (*_OWN, *(program for known in formats() for program in known.programs))


def packages_of_set_up() -> frozenset[str]:
    """The names of all distribution packages that set-up may install."""
    return frozenset({ENGINE, EMULATORS, *(program.package for program in known_programs())})


def lacks_client(machine: Machine) -> bool:
    """Whether the engine's package brought no client: then the distribution has a package of its own for that."""
    return machine.engine.ours and machine.engine.packaged and CLIENT.name not in machine.programs


def running(machine: Machine) -> tuple[Program, ...]:
    """What the engine of the distribution needs beside itself to start a room."""
    distribution = machine.engine.packaged or machine.engine.state is EngineState.ABSENT
    return (_APPARMOR,) if machine.apparmor and machine.engine.ours and distribution else ()


def publishing(needs: Needs) -> tuple[Program, ...]:
    """What repositories of the formats that are built need."""
    own = (program for known in formats() if known.name in needs.families for program in known.programs)
    return (_GPG, *own)


def bootstrapping(machine: Machine, bases: Iterable[BaseNeed]) -> tuple[Program, ...]:
    """What is needed to make those of these bases that build-env can make, stand-ins included; nothing for none."""
    made: Sequence[BaseNeed] = [base for base in bases if base.bootstrap or can_stand_in(base.family)]
    if not made:
        return ()
    foreign = any(base.architecture != machine.architecture for base in made)
    return (_MMDEBSTRAP, *((_ARCH_TEST,) * foreign), *((_UIDMAP,) * (not machine.root)))
