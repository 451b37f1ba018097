"""Owns what packages turned out to provide when they were built last: names that no packaging says.

RPM finds such names in files (`pkgconfig(x)`, `libx.so.1()(64bit)`, `/usr/bin/x`). No name that a person gives to a
package has a bracket or a slash in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.model.package import Packaging

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from build_env.formats.format import Format, PackageFacts
    from build_env.model.identity import TaskName
    from build_env.model.package import Binary, Package
    from build_env.ports import Store

__all__ = ["facts_of_last", "with_built"]


def facts_of_last(store: Store, task: TaskName, of: Format) -> Iterable[PackageFacts]:
    """What the packages that `task` made last say of themselves, as far as they are still there."""
    latest = store.latest(task)
    if latest is None or of.package_facts is None:
        return
    for item in latest.artifacts:
        if of.is_installed(item.name) and (facts := of.package_facts(store.path(item))) is not None:
            yield facts


def with_built(
    packages: Mapping[str, Package],
    listed: Collection[str],
    family: str,
    built: Callable[[str], Iterable[PackageFacts]],
) -> Mapping[str, Package]:
    """`packages` with names that `listed` ones need and others of them provided when they were built.

    `built` gives what the packages of one said of themselves; it is asked only when there is such a name.
    """
    packagings = {name: packages[name].packaging.get(family, Packaging()) for name in listed}
    wanted = {name for packaging in packagings.values() for name in _needed(packaging) if "(" in name or "/" in name}
    wanted -= {name for packaging in packagings.values() for each in packaging.binaries for name in each.provides}
    if not wanted:
        return packages
    result = dict(packages)
    for name, packaging in packagings.items():
        found = {facts.name: wanted.intersection(facts.provides) for facts in built(name)}
        if any(found.values()):
            binaries = tuple(_providing(binary, found.get(binary.name, set())) for binary in packaging.binaries)
            changed = {**packages[name].packaging, family: replace(packaging, binaries=binaries)}
            result[name] = replace(packages[name], packaging=changed)
    return result


def _needed(packaging: Packaging) -> Iterable[str]:
    needs = (*packaging.build_depends, *(need for binary in packaging.binaries for need in binary.depends))
    return (wanted.name for need in needs for wanted in need)


def _providing(binary: Binary, names: Collection[str]) -> Binary:
    return replace(binary, provides=(*binary.provides, *sorted(names))) if names else binary
