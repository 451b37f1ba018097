"""Owns which binary packages of ours there are for one architecture, and which of them a name means.

A node is the name of a binary package, or `whole(package)`: all that a package of `src/` builds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.model.package import Packaging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.package import Alternative, Binary, Package

__all__ = ["Binaries", "Context", "binaries_of", "counts", "whole"]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is built for (`arch`), on what (`build_arch`), and the build profiles in force: conditions ask for these."""

    arch: str = ""
    build_arch: str = ""
    profiles: frozenset[str] = frozenset()

    @property
    def crosses(self) -> bool:
        """Whether what is built does not run where it is built."""
        return self.arch != self.build_arch


def counts(what: Alternative | Binary, context: Context) -> bool:
    """Whether the condition on architecture and build profiles holds."""
    if what.architectures is not None and context.arch not in what.architectures:
        return False
    return not what.profiles or any(
        all((term.removeprefix("!") in context.profiles) is not term.startswith("!") for term in terms)
        for terms in what.profiles
    )


def whole(package: str) -> str:
    """The node of all that a package builds; no binary package can have that name."""
    return f"{package}/"


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """By node whose it is and, of a binary package, what is known of it; by name the nodes that it means.

    `virtual` are the names that no package of ours bears, which another package of the distribution may give as well.
    `clashes` maps a name that several packages build to these. `tools` run where the build runs, all that they build.
    """

    owner: dict[str, str] = field(default_factory=dict)
    known: dict[str, Binary] = field(default_factory=dict)
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    meanings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    virtual: set[str] = field(default_factory=set)
    clashes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()

    def serves_any(self, node: str) -> bool:
        """Whether the package serves those of every architecture: the build machine's is taken."""
        binary = self.known.get(node)
        return self.owner[node] in self.tools or (binary is not None and binary.foreign)

    def of_an_architecture(self, node: str) -> tuple[str, ...]:
        """The nodes among it and its parts that are no packages of every architecture."""
        if node in self.known:
            return () if self.known[node].every_architecture else (node,)
        parts = self.parts[node]
        return tuple(part for part in parts if not self.known[part].every_architecture) if parts else (node,)


def binaries_of(packages: Mapping[str, Package], family: str, context: Context, tools: frozenset[str]) -> Binaries:
    """What the packages build in `context`. A name means a package that bears it before one that provides it."""
    found = Binaries(tools=tools)
    makers: dict[str, list[str]] = defaultdict(list)
    provided: dict[str, tuple[str, ...]] = {}
    for name in sorted(packages):
        built = packages[name].packaging.get(family, Packaging()).binaries
        own = [binary for binary in built if counts(binary, context)]
        found.owner[whole(name)] = name
        for binary in own:
            makers[binary.name].append(name)
            found.owner.setdefault(binary.name, name)
            found.known.setdefault(binary.name, binary)
            for other in binary.provides:
                provided.setdefault(other, (binary.name,))
        found.parts[whole(name)] = tuple(binary.name for binary in own)
        if not built:
            # Nothing is known of what it builds: its name must do.
            found.meanings[name] = (whole(name),)
        found.meanings.update(dict.fromkeys(packages[name].provides, (whole(name),)))
    for name, nodes in provided.items():
        if name not in found.meanings and name not in makers:
            found.meanings[name] = nodes
            found.virtual.add(name)
    for name, whose in makers.items():
        found.meanings[name] = (name,) if len(whose) == 1 else tuple(map(whole, whose))
        if len(whose) > 1:
            found.clashes[name] = tuple(whose)
    return found
