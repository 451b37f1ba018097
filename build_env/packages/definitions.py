"""Owns the way from a `definition.yaml` to data that fits the table in `fields`.

A definition may differ per target and architecture, so one with directives or variables is compiled for each. Text is
taken as it is written (a version 1.10 is no number). Runs no program: planning must not depend on anything that the
memory of a plan cannot watch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from build_env.core.bounds import Bounds
from build_env.core.errors import BuildEnvError, Fault, InputError, Location
from build_env.core.later import imported_later
from build_env.core.schema import fitted, located
from build_env.core.texts import read_text
from build_env.manifest.documents import Unreadable, read_nodes
from build_env.manifest.nodes import Place, places, plain
from build_env.packages.fields import DEFINITION

with imported_later():
    from build_env.manifest import compile as manifest_compile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path as FilePath

    from build_env.core.schema import Path

__all__ = ["PLACES", "Purpose", "no_definition", "read_definition"]

PLACES = "places of repositories"
_MARKS = ("otk.", "$")  # without them a compile would give the data as it is written


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What packages are read for. Without a target its variables are empty texts. `outside` is the setting."""

    target: str = ""
    architectures: tuple[str, ...] = ("",)
    outside: str = ""

    def variables(self, architecture: str) -> dict[str, object]:
        """What every manifest of a package finds defined."""
        distro, _, release = self.target.partition("/")
        return {"target": self.target, "arch": architecture, "distro": distro, "release": release}


def no_definition(shown: str) -> Mapping[str, Mapping[str, object]]:
    """As `read_definition`, where there is no file `shown`."""
    return {"": _checked({}, shown, lambda _: None)}


def read_definition(root: FilePath, shown: str, purpose: Purpose) -> Mapping[str, Mapping[str, object]]:
    """The definition in the file `shown` of the project at `root`.

    Its fields are those of `DEFINITION`, by architecture where they may differ, under the empty name otherwise; with
    `PLACES` of repositories, by target and name, where there are some.

    Raises InputError with all faults of the file, each with its place.
    """
    text = read_text(root / shown, shown)
    if any(mark in text for mark in _MARKS):
        return _compiled(root, shown, text, purpose)
    return {"": _as_written(text, shown)}


def _as_written(text: str, shown: str) -> Mapping[str, object]:
    faults: list[Fault] = []

    def fault(message: str, place: Place) -> None:
        faults.append(Fault(message=message, location=place.location))

    try:
        node = read_nodes(text, shown, fault, lambda _message, _place: None, as_written=True)
    except Unreadable as error:
        fault(error.message, Place(shown, error.line, error.column))
        raise InputError(f"{shown} cannot be used", faults=tuple(faults)) from error
    return _checked(plain(node), shown, partial(_key_place, cache(partial(places, node))), faults)


def _key_place(written: Callable[[], dict[Path, tuple[Place, Place]]], path: Path) -> Location | None:
    """Where the key of a value stands; asked for a definition with faults only."""
    where = written()
    return where[path][0].location if path in where else None


def _compiled(root: FilePath, shown: str, text: str, purpose: Purpose) -> Mapping[str, Mapping[str, object]]:
    variants: dict[str, Mapping[str, object]] = {}
    written = cache(partial(_written, text, shown))
    for architecture in purpose.architectures:
        options = manifest_compile.CompileOptions(
            variables=purpose.variables(architecture),
            explained=True,
            as_written=True,
            bounds=Bounds(root=root, outside=purpose.outside),
        )
        try:
            compiled = manifest_compile.compile_manifest(str(root / shown), text, options)
        except BuildEnvError as error:
            raise InputError(
                f"{shown} cannot be compiled", faults=tuple(_from_root(fault, root) for fault in error.faults)
            ) from error
        origins = {path: _place(first.place, root) for path, (first, *_) in compiled.origins.items()}
        variants[architecture] = _checked(compiled.tree, shown, partial(_origin, origins, written))
    return variants


def _origin(
    origins: Mapping[str, Location], written: Callable[[], dict[Path, tuple[Place, Place]]], path: Path
) -> Location | None:
    """Where a value came from; for one that is written in the definition itself its key, as without directives."""
    # The origins have dotted paths, in which a position in a list is a name like others.
    origin = origins.get(".".join(map(str, path)))
    key, value = written().get(path, (None, None))
    return key.location if key and value and value.location == origin else origin


def _written(text: str, shown: str) -> dict[Path, tuple[Place, Place]]:
    """Where the keys and values of a file that was compiled stand; read again for a file with faults only."""
    return places(read_nodes(text, shown, lambda *_: None, lambda *_: None, as_written=True))


def _checked(
    data: object, shown: str, where: Callable[[Path], Location | None], faults: list[Fault] | None = None
) -> Mapping[str, object]:
    """The fields of `data`; what is wrong with it comes after the `faults` of reading.

    Raises:
        InputError: there are faults.

    """
    fields, misfits = fitted(DEFINITION, data)
    all_faults = (*(faults or ()), *located(misfits, where, shown))
    if all_faults or not isinstance(fields, dict):
        raise InputError(f"{shown} cannot be used", faults=all_faults)
    if fields["repositories"]:
        # That one cannot be used may only be found out in a room.
        fields[PLACES] = {
            (target, name): where(("repositories", target, name)) or Location(file=shown)
            for target, repositories in fields["repositories"].items()
            for name in repositories
        }
    return fields


def _from_root(fault: Fault, root: FilePath) -> Fault:
    """The fault with files as they are named everywhere else: from the project's root."""
    location = _place(fault.location, root) if fault.location else None
    moved = replace(fault, message=fault.message.replace(f"{root}/", ""), location=location)
    chain = getattr(moved, "chain", ())
    return replace(moved, chain=tuple(_place(place, root) for place in chain)) if chain else moved  # type: ignore[call-arg]  # a ManifestFault


def _place(location: Location, root: FilePath) -> Location:
    return replace(location, file=location.file.removeprefix(f"{root}/"))
