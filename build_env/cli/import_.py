"""Owns `build-env import`: packaging of others becomes a package of the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import ROOT, TARGET
from build_env.cli.printing import print_line, print_note
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.core.suggest import mistyped

with imported_later():
    from build_env.app import containers as app_containers
    from build_env.app import project as app_project
    from build_env.inspect import bases, importing
    from build_env.projects import loose, pelion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.app.project import Project
    from build_env.formats.format import Format
    from build_env.inspect.importing import Imported

__all__ = ["import_"]

_SCRIPTS = "pelion"  # a tree of the original scripts is of no format
_SHOWN = 12  # more files than these are counted


def import_(
    kind: Annotated[
        str, typer.Argument(help="What it is: deb, srpm; pelion: a tree of the original scripts.", metavar="KIND")
    ],
    source: Annotated[
        str,
        typer.Argument(
            help="A source package, a spec file, a directory; for deb also the NAME of one of the distribution.",
            metavar="SOURCE",
        ),
    ],
    tree: Annotated[
        bool, typer.Option("--tree", help="Its files, to be edited; without it the distribution's own, pinned (deb).")
    ] = False,
    patch: Annotated[
        list[Path] | None, typer.Option("--patch", help="A patch on top of what is pinned; repeated.", metavar="FILE")
    ] = None,
    target: TARGET = "",
    root: ROOT = None,
) -> None:
    """Bring packaging of others into the project, as a package below src/.

    It is read in a room of a target, by the tools of its own format. Nothing is written when something is wrong.
    """
    words = importing.import_words()
    if patch and (tree or kind not in words or not words[kind].finder):
        raise UsageError("patches are put on what is pinned; a tree is changed itself")
    if kind == _SCRIPTS:
        _carry_over(app_project.open_project(root), Path(source))
        return
    if kind not in words:
        hint = ", ".join((*words, _SCRIPTS))
        raise mistyped(f"nothing is called {kind} that can be imported", kind, (*words, _SCRIPTS), hint=hint)
    project = app_project.open_project(root)
    wanted = project.match_target(target) if target else _at_hand(project, words[kind])
    imported = _imported(project, words[kind], source, wanted, tree=tree, patches=patch or ())
    if len(imported.files) > _SHOWN:
        print_line(f"wrote   src/{imported.name}/, {len(imported.files)} files")
    else:
        for name in imported.files:
            print_line(f"wrote   {name}")
    if not imported.listed:
        print_line(f"next    add {imported.name} to PACKAGES in targets/{imported.target}/packages.conf.py")
    print_line(f"next    build-all --target {imported.target} {imported.name}")


def _carry_over(project: Project, tree: Path) -> None:
    """Bring in targets and packages of the original scripts, and tell of what was left."""
    carried = pelion.carry_over(project.paths, tree, project.shipped_targets() or project.target_names())
    for name in carried.written:
        print_line(f"wrote   {name}")
    for told in carried.left:
        print_line(f"left    {told}")
    print_line("next    build-env validate")


def _imported(
    project: Project, known: Format, source: str, target: str, *, tree: bool, patches: Sequence[Path]
) -> Imported:
    """Bring in what the word means: a place, or the name of a source package of the distribution."""
    if not known.finder or (tree and loose.is_path(source)):
        return importing.import_package(project, known, Path(source), target, print_note)
    if loose.is_path(source):
        return importing.import_same(project, known, Path(source), target, patches, print_note)
    name, _, version = source.partition("=")
    if tree:
        return importing.import_tree(project, known, name, version, target, print_note)
    return importing.import_pin(project, name, version, target, patches, print_note)


def _at_hand(project: Project, known: Format) -> str:
    """The newest target that can read such packages and has its base here."""
    containers = app_containers.connect_containers(project, reuse=False, slots=1)
    name = bases.at_hand(project, containers, importing.targets_for(project, known))
    print_note(f"read in a room of {name}; --target names another")
    return name
