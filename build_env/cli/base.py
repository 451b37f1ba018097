"""Owns `build-env base`: the base images of all targets listed, made, and mapped to other images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import ARCHITECTURES, ROOT
from build_env.cli.parser import new_app
from build_env.cli.printing import print_line, print_note, print_output
from build_env.cli.words import architecture_list
from build_env.core.errors import InputError, UsageError
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import containers as app_containers
    from build_env.app import project as app_project
    from build_env.formats import registry
    from build_env.inspect import bases, machine

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.app.containers import Containers
    from build_env.app.project import Project
    from build_env.setup.facts import BaseNeed

__all__ = ["base"]

base = new_app(help="Base images: list, make and map them.", no_args_is_help=True)


@base.command("list")
def list_bases(root: ROOT = None) -> None:
    """Show every base that a target needs, per architecture, and how it is had."""
    project, containers = _open(root)
    needs = bases.needs_of(project, project.target_names())
    for need in needs.bases:
        found = bases.state_of(containers, need)
        image = f" as {found.image}" if found.image and found.image != need.reference else ""
        detail = f" (stand-in for {found.stand_in})" if found.stand_in else f" ({need.bootstrap})" * (not found.image)
        how = found.text or f"{found.state.value}{image}{detail if detail != ' ()' else ''}"
        print_line(f"{need.reference:<32}{need.architecture:<8}{how:<52}  {', '.join(need.targets)}".rstrip())
    for fault in needs.faults:
        print_note(f"{fault.name}: {fault.text}")


@base.command("make")
def make(
    reference: Annotated[str, typer.Argument(help="A base as targets name it: debian:12.")] = "",
    arch: ARCHITECTURES = None,
    stand_in: Annotated[
        str,
        typer.Option("--stand-in", help="Make a stand-in for the base of this RPM target, and map it.", metavar="NAME"),
    ] = "",
    setup: Annotated[bool, typer.Option("--setup", help="Install, start and register what this needs first.")] = False,
    root: ROOT = None,
) -> None:
    """Pull a base, or bootstrap it where no registry answers; or make a stand-in out of Debian."""
    if bool(reference) == bool(stand_in):
        raise UsageError(
            "name one base, or one target with --stand-in",
            hint="build-env base make debian:12 --arch arm64, or build-env base make --stand-in centos/8",
        )
    project = app_project.open_project(root)
    target, wanted = ("", reference) if reference else _stand_in_base(project, stand_in)
    architectures = architecture_list(arch or ()) or (project.host.architecture,)
    needs = [bases.base_called(project, wanted, architecture) for architecture in architectures]
    if setup:
        machine.prepare_for(project, needs, print_note)
    containers = app_containers.connect_containers(project, reuse=False, slots=1)
    with machine.told_what_lacks(project, needs):
        for need in needs:
            print_line(f"done    {_made(project, containers, need, target)}")


@base.command("map")
def map_image(
    reference: Annotated[str, typer.Argument(help="A base as targets name it: centos:8.")],
    image: Annotated[str, typer.Argument(help="The image to use in its place.")] = "",
    arch: Annotated[str, typer.Option("--arch", "-a", help="The architecture it must have.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Forget the mapping.")] = False,
    root: ROOT = None,
) -> None:
    """Use another image in place of a base, on this machine (.build-env/settings.toml)."""
    if remove == bool(image):
        raise UsageError(
            "name the image to use, or --remove", hint=f"build-env base map {reference} IMAGE, or --remove"
        )
    if remove:
        keys = bases.unmap_base(app_project.open_project(root), reference, arch)
        print_line(f"done    {', '.join(keys)} no longer mapped")
        return
    project, containers = _open(root)
    key = bases.map_base(project, containers, reference, image, arch)
    print_line(f"done    {key} is mapped to {image}")


def _made(project: Project, containers: Containers, need: BaseNeed, target: str) -> str:
    """Make one base, for `target` a stand-in that is mapped; what is said of it."""
    if not target:
        return f"{need.reference} {need.architecture}: {bases.make_base(containers, need, print_output)}"
    image = bases.make_stand_in(project, containers, target, need.architecture, print_output)
    key = bases.map_base(bases.reload(project), containers, need.reference, image, need.architecture)
    return f"{key} is mapped to {image}, a stand-in: its results are kept apart from real ones"


def _stand_in_base(project: Project, name: str) -> tuple[str, str]:
    """The target and its base, if it is one that a stand-in can be made for."""
    target = project.match_target(name)
    needs = bases.needs_of(project, (target,), bare=True)
    if needs.faults:
        raise InputError(needs.faults[0].text, hint=needs.faults[0].mend)
    if not all(registry.can_stand_in(family) for family in needs.families):
        raise UsageError(
            f"{target} builds no RPM packages: stand-ins are made for RPM targets only",
            hint=f"build-env base make {needs.bases[0].reference}",
        )
    return target, needs.bases[0].reference


def _open(root: Path | None) -> tuple[Project, Containers]:
    project = app_project.open_project(root)
    return project, app_containers.connect_containers(project, reuse=False, slots=1)
