"""Owns which further repositories the builds of a target may install from: its own, and those of each package."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from build_env.core.bounds import Bounds
from build_env.core.errors import Fault, HookError, Location
from build_env.core.schema import fitted, located
from build_env.formats.further import steps_of
from build_env.packages.further import REPOSITORIES, repositories_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from build_env.core.schema import Path
    from build_env.formats.format import Format
    from build_env.model.further import FurtherRepository
    from build_env.model.package import Package
    from build_env.targets.load import LoadedTarget

__all__ = ["VARIABLE", "reading_of", "repositories_of_target", "with_refused_repositories"]

VARIABLE = "REPOSITORIES"


def repositories_of_target(loaded: LoadedTarget, known: Format | None, outside: str) -> tuple[FurtherRepository, ...]:
    """What the constant `REPOSITORIES` of a target names.

    Raises:
        HookError: something in it cannot be used; with the place of each fault.

    """
    written = loaded.variables.get(VARIABLE)
    if not written:
        return ()
    where = _places(loaded)
    fields, misfits = fitted(REPOSITORIES, _as_texts(written))
    faults = located(misfits, where, loaded.file)
    repositories: tuple[FurtherRepository, ...] = ()
    if not faults:
        table = cast("Mapping[str, Mapping[str, object]]", fields)
        bounds = Bounds(root=loaded.paths.root, outside=outside)
        places = {name: where((name,)) or Location(file=loaded.file) for name in table}
        repositories, faults = repositories_in(bounds, table, places)
        faults += tuple(_refused(repositories, known))
    if faults:
        raise HookError(f"{VARIABLE} of {loaded.file} cannot be used", faults=tuple(faults))
    return repositories


def with_refused_repositories(
    packages: Mapping[str, Package], target: str, known: Format | None
) -> Mapping[str, Package]:
    """The packages, with a fault for each of their repositories for the target that its format cannot read."""
    result = dict(packages)
    for name, package in packages.items():
        variants = (package, *package.variants.values())
        faults = dict.fromkeys(
            fault for each in variants for fault in _refused(each.repositories.get(target, ()), known)
        )
        if faults:
            result[name] = replace(package, faults=(*package.faults, *faults))
    return result


def reading_of(loaded: LoadedTarget, known: Format | None) -> Callable[[Collection[FurtherRepository]], str]:
    """What gives the steps of a Dockerfile that let an image of the target read repositories."""
    constants = [loaded.variables.get(name, ()) for name in ("SUITE", "SUITES")]
    suites = frozenset(
        str(suite) for value in constants for suite in (value if isinstance(value, list | tuple) else [value])
    )
    return lambda repositories: steps_of(known.further, repositories, suites) if known and known.further else ""


def _refused(repositories: Iterable[FurtherRepository], known: Format | None) -> Iterator[Fault]:
    for each in repositories:
        if known is None or known.further is None:
            name = known.name if known else "no format"
            yield Fault(message=f"{each.name}: builds of {name} read no further repositories", location=each.place)
        elif fault := known.further.check(each):
            yield Fault(message=f"{each.name}: {fault}", location=each.place)


def _as_texts(value: object) -> object:
    """Numbers as they are written in a definition, where they are text."""
    if isinstance(value, dict):
        return {key: _as_texts(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_texts(item) for item in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _places(loaded: LoadedTarget) -> Callable[[Path], Location | None]:
    """Where the constant and what is in it stand, as far as they are written out in the target's own file."""
    found: dict[Path, Location] = {}
    tree = ast.parse(loaded.paths.locate(loaded.file).read_bytes())
    for node in tree.body:
        names = [each.id for each in getattr(node, "targets", ()) if isinstance(each, ast.Name)]
        if isinstance(node, ast.Assign) and VARIABLE in names:
            found[()] = _place(loaded.file, node)
            found.update(_inside(loaded.file, node.value, ()))
    return found.get


def _inside(file: str, node: ast.expr, path: Path) -> Iterator[tuple[Path, Location]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield (*path, key.value), _place(file, key)
                yield from _inside(file, value, (*path, key.value))


def _place(file: str, node: ast.expr | ast.stmt) -> Location:
    return Location(file=file, line=node.lineno, column=node.col_offset + 1)
