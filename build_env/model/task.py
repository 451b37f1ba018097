"""Owns the task: one node of the plan, with everything that says what it does, and the plan itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from build_env.model.action import Action, DeployAction, RoomAction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.model.action import Room
    from build_env.model.command import Deployment
    from build_env.model.identity import TaskName

__all__ = ["NOTHING", "Input", "Place", "Plan", "Stage", "Task"]

NOTHING = Action()


class Stage(StrEnum):
    """What a task does. `IMAGE`, `SCAN`, `LAYER` and `ASK` prepare, the others are the seed's stages."""

    IMAGE = "image"
    SCAN = "scan"
    SOURCE = "source"
    LAYER = "layer"
    ASK = "ask"
    BUILD = "build"
    VERIFY = "verify"
    DEPLOY = "deploy"
    TAR = "tar"


class Place(StrEnum):
    """Where the artifacts of an input appear below `in/`; the room is made from `IMAGE`, or from a `LAYER` on it."""

    IMAGE = "image"
    LAYER = "layer"
    SOURCE = "source"
    BUILD = "build"
    PACKAGES = "packages"
    DEPLOY = "deploy"


@dataclass(frozen=True, kw_only=True)
class Input:
    """An edge: the artifacts of task `task` appear at `place`."""

    task: TaskName
    place: Place


@dataclass(frozen=True, kw_only=True)
class Task:
    """One node of the plan. `title` is what a person reads where the name's subject says little (images, layers).

    `inputs` are needed and must have succeeded; `after` only have to have ended. `static_inputs` is all that its key
    covers and that is known before anything runs, by name. `action` is what it does; what its kind can is in `work/`.
    `choices` says in words what was chosen about its build. `among_targets` tells that the plan has several targets:
    its label then names its own.
    """

    name: TaskName
    title: str = ""
    among_targets: bool = False
    choices: str = ""
    static_inputs: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    after: tuple[TaskName, ...] = ()
    action: Action = NOTHING
    printed: tuple[str, ...] = ()

    @property
    def before(self) -> tuple[TaskName, ...]:
        """All that must have ended before it, each once."""
        # A tuple, because a hundred thousand sets keep the garbage collector busy.
        return tuple(dict.fromkeys([*[entry.task for entry in self.inputs], *self.after]))

    @property
    def room(self) -> Room | None:
        """The room in which its commands run; None where it runs none."""
        return self.action.room if isinstance(self.action, RoomAction) else None

    @property
    def deployment(self) -> Deployment | None:
        """Where it deploys; None where it does not."""
        return self.action.deployment if isinstance(self.action, DeployAction) else None

    @property
    def target(self) -> str:
        """The target it belongs to."""
        return self.name.target

    @property
    def stage(self) -> str:
        """The name of its kind."""
        return self.name.stage

    @property
    def subject(self) -> str:
        """What a person reads: the package, or the title of what belongs to none."""
        return self.title or self.name.subject

    @property
    def arch(self) -> str:
        """`amd64`, `all` for packages of every architecture, empty where it serves all or none."""
        return "" if self.name.architecture == self.name.stage else self.name.architecture

    @property
    def label(self) -> str:
        """What a person reads behind the stage: `greet amd64`, among several targets `greet amd64 debian/12`.

        Behind it stands what was chosen about its build: `greet amd64 (profiles nocheck)`.
        """
        target = self.target if self.among_targets and not self.title else ""  # titles name the target anyway
        choices = f"({self.choices})" if self.choices else ""
        return " ".join(part for part in (self.subject, self.arch, target, choices) if part)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The tasks of one command in an order in which every task follows its inputs.

    `targets` maps the name of each target to the architectures that are planned for it; `native` tells that this
    machine itself is the room of every task.
    """

    targets: Mapping[str, tuple[str, ...]]
    tasks: tuple[Task, ...] = field(default_factory=tuple)
    native: bool = False

    def __iter__(self) -> Iterator[Task]:
        """Walk the tasks in order."""
        return iter(self.tasks)

    def __len__(self) -> int:
        """The number of tasks."""
        return len(self.tasks)
