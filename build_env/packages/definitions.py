"""Owns the way from `definition.yaml` to data: plain YAML as it stands, a manifest compiled for a target.

A manifest may differ per target and architecture, so it is compiled for each architecture. It runs no program: planning
must not depend on anything that the memory of a plan cannot watch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, Fault, InputError, Location
from build_env.core.texts import read_text
from build_env.manifest.yaml import Document, parse_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.manifest.compile import Compiled

__all__ = ["Definition", "Purpose", "read_definition"]

_MARK = "otk."


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What packages are read for. Without a target its variables are empty texts."""

    target: str = ""
    architectures: tuple[str, ...] = ("",)

    def variables(self, architecture: str) -> dict[str, object]:
        """What every manifest of a package finds defined."""
        distro, _, release = self.target.partition("/")
        return {"target": self.target, "arch": architecture, "distro": distro, "release": release}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The data of one `definition.yaml`; by architecture for a manifest, under the empty name otherwise.

    `files` are those that were read beside it, absolute.
    """

    documents: dict[str, Document]
    files: tuple[str, ...] = ()


def read_definition(root: Path, shown: str, purpose: Purpose) -> Definition:
    """The definition in the file `shown` of the project at `root`; an empty one where there is no file."""
    file = root / shown
    if not file.is_file():
        return Definition(documents={"": Document(file=shown, data={})})
    text = read_text(file, shown)
    if _MARK in text:
        from build_env.manifest.compile import is_manifest  # noqa: PLC0415 - most definitions are plain

        if is_manifest(text):
            return _compiled(root, shown, text, purpose)
    return Definition(documents={"": parse_mapping(text, shown)})


def _compiled(root: Path, shown: str, text: str, purpose: Purpose) -> Definition:
    from build_env.manifest.compile import CompileOptions, compile_manifest  # noqa: PLC0415

    documents: dict[str, Document] = {}
    files: dict[str, None] = {}
    for architecture in purpose.architectures:
        options = CompileOptions(variables=purpose.variables(architecture), explained=True)
        try:
            compiled = compile_manifest(str(root / shown), text, options)
        except BuildEnvError as error:
            raise InputError(
                f"{shown} cannot be compiled", faults=tuple(_from_root(fault, root) for fault in error.faults)
            ) from error
        documents[architecture] = _document(root, shown, compiled)
        files |= dict.fromkeys(compiled.files)
    return Definition(documents=documents, files=tuple(files))


def _document(root: Path, shown: str, compiled: Compiled) -> Document:
    if not isinstance(compiled.tree, dict):
        raise InputError("a map of fields is expected here", location=Location(file=shown))
    positions = {path: _place(origins[0].place, root) for path, origins in compiled.origins.items() if origins}
    return Document(file=shown, data=compiled.tree, positions=positions)


def _from_root(fault: Fault, root: Path) -> Fault:
    """The fault with files as they are named everywhere else: from the project's root."""
    location = _place(fault.location, root) if fault.location else None
    moved = replace(fault, message=fault.message.replace(f"{root}/", ""), location=location)
    chain = getattr(moved, "chain", ())
    return replace(moved, chain=tuple(_place(place, root) for place in chain)) if chain else moved  # type: ignore[call-arg]  # a ManifestFault


def _place(location: Location, root: Path) -> Location:
    return replace(location, file=location.file.removeprefix(f"{root}/"))
