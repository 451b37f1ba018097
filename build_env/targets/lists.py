"""Owns which packages a target has: those that its lists name, all that can be built for it where it has none. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.target import LISTS, has_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.package import Package
    from build_env.targets.load import LoadedTarget

__all__ = ["lists_of"]


def lists_of(loaded: LoadedTarget, packages: Mapping[str, Package]) -> dict[str, tuple[str, ...]]:
    """The names of the target's packages by their list (in small letters).

    What can be built for a target has packaging or a build script of its family, or a pin for it.
    """
    if has_lists(loaded.variables):
        return {variable.lower(): loaded.names(variable) for variable in LISTS}
    family = str(loaded.variables.get("FAMILY", ""))
    able = [
        (name, package)
        for name, package in sorted(packages.items())
        if family in package.packaging or family in package.scripts or loaded.name in package.archive
    ]
    return {
        "packages": tuple(name for name, package in able if not package.tool and not package.metapackage),
        "depends": tuple(name for name, package in able if package.tool),
        "metapackages": tuple(name for name, package in able if package.metapackage and not package.tool),
    }
