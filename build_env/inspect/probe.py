"""Owns `doctor --probe`: asks, in a room of a target's base, whether the mirror's suites are in step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.app.containers import connect_containers
from build_env.core.errors import EnvironmentNotReady
from build_env.inspect.bases import target_needs
from build_env.model.command import Command, ImageKind, Role
from build_env.model.room import RoomSpec
from build_env.setup.probe import SCRIPT, Suites, judge, parse_answers
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.app.project import Project
    from build_env.setup.facts import Check

__all__ = ["probe_target"]


def probe_target(project: Project, name: str, note: Callable[[str], None]) -> tuple[Check, ...]:
    """Probe one target; nothing for families without suites, and for a base that is not here."""
    suites = _suites(project, name)
    if suites is None:
        return ()
    containers = connect_containers(project, reuse=False, slots=1)
    (need,) = target_needs(project, name, ())[:1]
    base = containers.bases.find(need.reference, need.architecture)
    if base is None:
        note(f"not probed: {name}, whose base {need.reference} is not here (build-env base make {need.reference})")
        return ()
    note(f"probing the suites of {name} for {', '.join(suites.architectures)}")
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as nothing:
        command = Command(
            kind=ImageKind.SOURCE,
            argv=("/bin/sh", "-c", SCRIPT, "probe", *suites.architectures),
            role=Role.INSTALL,
            network=True,
        )
        spec = RoomSpec(
            image=base.reference,
            commands=(command,),
            environment={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            entries=(),
            collect=Path(nothing),
            labels={"project": project.checkout},
        )
        outcome = containers.rooms.run_install(spec, lines.append, lambda _container: None)
    if outcome.status:
        raise EnvironmentNotReady(
            f"the suites of {name} could not be probed: {outcome.message}",
            hint="; ".join(lines[-2:]) or "build-env doctor shows the state of the engine",
        )
    return judge(suites, parse_answers(lines))


def _suites(project: Project, name: str) -> Suites | None:
    variables = load_target(project.paths, name).variables
    plain = _names(variables.get("SUITES"))
    if not plain:
        return None
    special = variables.get("SUITES_FOR")
    archs = _names(variables.get("ARCHITECTURES"))
    if variables.get("PORTS_MIRROR") or not archs:
        # Foreign architectures lie on another mirror, which a base is not set up to read.
        archs = (project.host.architecture,)
    return Suites(
        target=name,
        architectures=archs,
        plain=plain,
        special={str(arch): _names(listed) for arch, listed in special.items()} if isinstance(special, dict) else {},
    )


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()
