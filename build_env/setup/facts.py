"""Owns what is known of a machine and what a project needs of it: frozen data. Looks at nothing and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BaseFound",
    "BaseNeed",
    "BaseState",
    "Check",
    "Emulator",
    "EngineFacts",
    "EngineState",
    "Handler",
    "Machine",
    "Needs",
    "State",
]


class State(StrEnum):
    """`NOTE` is worth knowing and stops nothing."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing a machine needs: its name, what it is for, how it stands, and the command that mends it."""

    name: str
    purpose: str
    state: State
    text: str
    mend: str = ""


class EngineState(StrEnum):
    """How far one gets with the container engine. `DENIED`: it runs, and this user may not talk to it."""

    ANSWERS = "answers"
    DENIED = "denied"
    STOPPED = "stopped"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """The engine at `address`. `ours`: set-up may start it; `local`: it runs on this machine's kernel.

    `packaged`: its program comes from the distribution; `way_in`: what lets this user in, where that is denied.
    """

    state: EngineState
    address: str
    version: str = ""
    ours: bool = True
    local: bool = True
    free_bytes: int | None = None
    packaged: bool = False
    way_in: str = ""


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """An emulator that is installed: the name of its handler, and the file that has the line to register it by."""

    name: str
    file: str


@dataclass(frozen=True, kw_only=True)
class Handler:
    """A binfmt_misc registration. `fixed` (flag F): the kernel holds the interpreter, so it works in rooms too."""

    name: str
    enabled: bool
    fixed: bool


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What was found. `handlers` and `emulators` by Debian architecture; `programs` those of our list that are there.

    `modules` are the Python packages of formats that can be imported. `apparmor`: the kernel confines containers, so an
    engine must be able to load its profile.
    """

    architecture: str
    debian: bool
    systemd: bool
    root: bool
    engine: EngineFacts
    programs: frozenset[str]
    binfmt_mounted: bool
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    emulators: Mapping[str, Emulator] = field(default_factory=dict)
    free_bytes: int = 0
    modules: frozenset[str] = frozenset()
    apparmor: bool = False


@dataclass(frozen=True, kw_only=True)
class BaseNeed:
    """A base image that targets are built from; `bootstrap` is the suite it can be made of, empty for none."""

    reference: str
    architecture: str
    bootstrap: str
    family: str
    targets: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of this base in the table `base_images` of the settings."""
        return f"{self.reference}/{self.architecture}"


class BaseState(StrEnum):
    """How a base is had: there under its name, mapped by a setting, to be made or fetched, or named wrongly."""

    THERE = "there"
    MAPPED = "mapped"
    BOOTSTRAP = "bootstrap"
    PULL = "pull"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class BaseFound:
    """How a needed base stands; `text` is what is wrong with it, `stand_in` what the image stands in for."""

    need: BaseNeed
    state: BaseState
    image: str = ""
    stand_in: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What targets need of a machine; `faults` are targets that cannot be asked."""

    bases: tuple[BaseNeed, ...]
    families: frozenset[str]
    faults: tuple[Check, ...] = ()

    def foreign(self, host: str) -> tuple[str, ...]:
        """The architectures whose programs must run here, sorted: those of images, not those of cross builds."""
        return tuple(sorted({base.architecture for base in self.bases} - {host}))
