"""Owns what `doctor` and `--setup` do with this machine: look at it for some targets, bring it to what they need."""

from __future__ import annotations

import contextlib
from shlex import quote
from typing import TYPE_CHECKING

from build_env import __version__
from build_env.app.containers import connect_containers
from build_env.core.errors import EnvironmentNotReady, TaskError
from build_env.formats.registry import can_stand_in
from build_env.inspect.bases import (
    make_stand_in,
    map_base,
    needs_of,
    reload,
    stand_in_name,
    state_of,
    target_needs,
)
from build_env.projects.eject import changed_originals
from build_env.schedule.logs import new_log
from build_env.setup.checks import checks
from build_env.setup.facts import BaseState, Check, EngineState, Needs, State
from build_env.setup.observe import observe
from build_env.setup.prepare import lacking, prepare_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from build_env.app.containers import Containers
    from build_env.app.project import Project
    from build_env.setup.facts import BaseFound, BaseNeed

__all__ = ["examine", "prepare", "prepare_for", "set_up", "told_what_lacks"]

ENGINE_LOG = "dockerd.log"


def examine(project: Project, names: Sequence[str], *, bare: bool = False) -> tuple[tuple[Check, ...], bool]:
    """Look at the machine and at the bases of the targets `names`; changes nothing. Also whether set-up can mend it.

    With `bare` a target counts also if the project has no package for it yet.
    """
    machine = observe(project.paths.build)
    needs = needs_of(project, names, bare=bare)
    bases = None
    if machine.engine.state is EngineState.ANSWERS:
        containers = connect_containers(project, reuse=False, slots=1)
        bases = [state_of(containers, need) for need in needs.bases]
    return (*checks(machine, needs, bases), *_copies(project)), machine.debian


def _copies(project: Project) -> Iterator[Check]:
    """The files that were copied from what is shipped and whose originals are others now."""
    for copy, original in changed_originals(project.paths):
        own = project.paths.root / copy.name
        yield Check(
            name=copy.name,
            purpose="is a copy of what is shipped, for editing",
            state=State.NOTE,
            text=f"it was made from the one of {copy.version}, and build-env {__version__} ships another",
            mend=f"diff -u {quote(str(own))} {quote(str(original))}",
        )


def prepare(project: Project, names: Sequence[str], note: Callable[[str], None], *, bare: bool = False) -> None:
    """Install, start and register what the targets `names` need for all their architectures; makes no images.

    `bare`: see `examine`.
    """
    _prepare(project, needs_of(project, names, bare=bare), note)


def prepare_for(project: Project, bases: Sequence[BaseNeed], note: Callable[[str], None]) -> None:
    """Install, start and register what the making of these bases needs."""
    _prepare(project, Needs(bases=tuple(bases), families=frozenset()), note)


@contextlib.contextmanager
def told_what_lacks(project: Project, bases: Sequence[BaseNeed]) -> Iterator[None]:
    """Add to the error of making these bases what this machine lacks for it, if it lacks something."""
    try:
        yield
    except EnvironmentNotReady as error:
        faults = lacking(observe(project.paths.build), Needs(bases=tuple(bases), families=frozenset()))
        if not faults:
            raise
        hint = "mend these, or run the same command with --setup"
        raise EnvironmentNotReady(error.message, faults=(*error.faults, *faults), hint=hint) from error


def set_up(
    project: Project, target_names: Sequence[str], architectures: tuple[str, ...], note: Callable[[str], None]
) -> Project:
    """Bring the machine to what a build of these targets for `architectures` needs; the project with new settings.

    Bases that a build can pull or bootstrap are left to it. For an RPM target whose base cannot be had, a stand-in is
    made and mapped. Raises EnvironmentNotReady when something is missing still.
    """
    bases = tuple(need for name in target_names for need in target_needs(project, name, architectures))
    _prepare(project, Needs(bases=bases, families=frozenset(need.family for need in bases)), note)
    containers = connect_containers(project, reuse=False, slots=1)
    for need in bases:
        project = _have_base(project, containers, need, note)
    return project


def _prepare(project: Project, needs: Needs, note: Callable[[str], None]) -> None:
    prepare_machine(needs, project.paths.build, project.paths.private / ENGINE_LOG, note)


def _have_base(project: Project, containers: Containers, need: BaseNeed, note: Callable[[str], None]) -> Project:
    found = state_of(containers, need)
    own = stand_in_name(project, need.targets[0], need.architecture)
    stands_in = containers.bases.mapped(need.reference, need.architecture) == own
    if found.state is BaseState.PULL:
        try:
            containers.bases.resolve(need.reference, need.architecture, need.bootstrap, note)
        except EnvironmentNotReady:
            if not can_stand_in(need.family):
                raise
            stands_in = True
    return _with_stand_in(project, containers, found, note) if stands_in else project


def _with_stand_in(project: Project, containers: Containers, found: BaseFound, note: Callable[[str], None]) -> Project:
    """Make and map the stand-in where that is not done yet, and say so loudly each time."""
    need, target = found.need, found.need.targets[0]
    log = project.paths.logs / target.replace("/", "-") / f"stand-in.{need.architecture}.log"
    if found.state is not BaseState.MAPPED:
        shown = project.paths.shown(str(log))
        made = f"making a stand-in for {need.reference} {need.architecture}"
        note(f"{made}: some minutes unless it is there, log {shown}")
    image = _logged(log, lambda output: make_stand_in(project, containers, target, need.architecture, output))
    if found.state is not BaseState.MAPPED:
        map_base(project, containers, need.reference, image, need.architecture)
    note(
        f"STAND-IN: {image} is used as {need.reference} {need.architecture} and is no real {target}: "
        "its results are marked and go to a repository of their own"
    )
    return reload(project)


def _logged(log: Path, make: Callable[[Callable[[str], None]], str]) -> str:
    """Call `make` with what it says going into `log`; a step that fails is the machine's fault here."""
    with new_log(log) as write:
        try:
            return make(write)
        except (TaskError, EnvironmentNotReady) as error:
            hint = f"its log says more: {log}" + (f"; {error.hint}" if error.hint else "")
            raise EnvironmentNotReady(
                f"the stand-in could not be made: {error.message}", faults=error.faults, hint=hint
            ) from error
