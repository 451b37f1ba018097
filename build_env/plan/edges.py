"""Owns what each package of ours needs of ours on one architecture: edges between nodes, and the cycles among them.

An edge is soft if it may be left out: a name that the distribution may give as well, a later alternative, or a guess at
what will be linked. Soft edges give way to cycles.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.model.package import Packaging
from build_env.plan.binaries import counts, whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from build_env.model.package import Alternative, Need, Package
    from build_env.plan.binaries import Binaries, Context

__all__ = ["Edges", "closures", "edges_of", "reached"]

_Edge = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Edges:
    """`build` maps packages, `run` nodes, to the nodes that they need.

    `hosted_build` and `hosted_run` lead to those of `home`, which are needed of the build machine's architecture.
    `soft` has the soft ones, and by edge the name that it was made for.
    """

    binaries: Binaries
    home: Binaries | None = None
    build: dict[str, tuple[str, ...]] = field(default_factory=dict)
    run: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosted_build: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosted_run: dict[str, tuple[str, ...]] = field(default_factory=dict)
    soft: dict[_Edge, str] = field(default_factory=dict)

    def packages(self, nodes: Iterable[str]) -> set[str]:
        """The packages that build the nodes."""
        return {self.binaries.owner[node] for node in nodes}

    def name_of(self, node: str) -> str:
        """The package that is meant at the beginning of an edge."""
        return node[:-1] if node.endswith("!") else self.binaries.owner[node]

    def hosts(self, nodes: Iterable[str]) -> set[str]:
        """The packages that build nodes of the build machine's."""
        owner = (self.home or self.binaries).owner
        return {owner[node] for node in nodes}


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads needs in one context; `home` is what there is for the build machine, None where that is the same."""

    context: Context
    own: Binaries
    home: Binaries | None

    def nodes(self, needs: Iterable[Need], *, unless: str = "") -> Iterator[tuple[str, bool, str]]:
        """What the needs mean of ours: node, whether it is the build machine's, for a soft edge the name.

        What the package `unless` gives itself comes from the distribution.
        """
        for need in needs:
            first = True
            for wanted in need:
                if not counts(wanted, self.context):
                    continue
                nodes, hosted = self._meant(wanted)
                if nodes:
                    source = self.home if hosted and self.home else self.own
                    name = "" if first and wanted.name not in source.virtual else wanted.name
                    yield from ((node, hosted, name) for node in nodes if hosted or source.owner[node] != unless)
                    if not wanted.versioned:
                        break
                first = False

    def _meant(self, wanted: Alternative) -> tuple[tuple[str, ...], bool]:
        nodes = self.own.meanings.get(wanted.name, ())
        if self.home is None:
            return nodes, False
        hosted = self.home.meanings.get(wanted.name, ())
        if wanted.native or (hosted and all(map(self.home.serves_any, hosted))):
            return hosted, True
        return nodes, False


def edges_of(
    packages: Mapping[str, Package],
    family: str,
    context: Context,
    own: Binaries,
    home: Binaries | None,
) -> Edges:
    """The edges in `context` among what `own` has, and to what `home` has for the build machine."""
    reader = _Reader(context=context, own=own, home=home)
    edges = Edges(binaries=own, home=home)
    for node, name in own.owner.items():
        if node == whole(name):
            _add_package(edges, reader, packages[name], packages[name].packaging.get(family, Packaging()))
    for node, binary in own.known.items():
        _add(edges, node, reader.nodes(binary.depends))
    for node, name in own.owner.items():
        _add_found(edges, node, name, packages[name])
    return edges


def _add_package(edges: Edges, reader: _Reader, package: Package, packaging: Packaging) -> None:
    own, node = reader.own, whole(package.name)
    declared = [required for item in package.requires for required in _required(item, own)]
    needed = list(reader.nodes(packaging.build_depends, unless=package.name))
    if not package.metapackage:
        # A metapackage is built from nothing: what it requires, it requires at run time.
        needed += [_hosted_if_tool(required, reader) for required in declared if own.owner[required] != package.name]
    edges.build[package.name] = _distinct(found for found, hosted, _ in needed if not hosted)
    if hosted_nodes := _distinct(found for found, hosted, _ in needed if hosted):
        edges.hosted_build[package.name] = hosted_nodes
    _note_soft(edges, _building(package.name), needed)
    for part in (node, *own.parts[node]):
        edges.run[part] = _distinct((*edges.run.get(part, ()), *declared))
    edges.run[node] = _distinct((*edges.run[node], *own.parts[node]))


def _required(item: str, own: Binaries) -> tuple[str, ...]:
    """What a definition means by a name in `requires`: a package of `src/` before what packages build."""
    return (whole(item),) if whole(item) in own.owner else own.meanings.get(item, ())


def _hosted_if_tool(node: str, reader: _Reader) -> tuple[str, bool, str]:
    return node, reader.home is not None and reader.own.owner[node] in reader.own.tools, ""


def _add(edges: Edges, node: str, needed: Iterable[tuple[str, bool, str]]) -> None:
    """What `node` needs when it is installed."""
    found = list(needed)
    if not found:
        return
    edges.run[node] = _distinct((*edges.run[node], *(other for other, hosted, _ in found if not hosted)))
    if hosted_nodes := _distinct(other for other, hosted, _ in found if hosted):
        edges.hosted_run[node] = hosted_nodes
    _note_soft(edges, node, found)


def _note_soft(edges: Edges, node: str, needed: Iterable[tuple[str, bool, str]]) -> None:
    found = list(needed)
    if any(name for _, _, name in found):
        hard = {other for other, _, name in found if not name}
        edges.soft.update({(node, other): name for other, hosted, name in found if not hosted and other not in hard})


def _add_found(edges: Edges, node: str, name: str, package: Package) -> None:
    """What a package is linked with is found while it is built, so no file says it: what it is built with, likely."""
    binaries = edges.binaries
    binary = binaries.known.get(node)
    if binary is None:
        guessed = "all" not in package.architectures and not binaries.parts[node]
        linked, generated = guessed, False
    else:
        linked, generated = binary.linked, binary.generated
    if not linked and not generated:
        return
    built_with = edges.build[name]
    found = [
        other
        for needed in built_with
        for other in ((needed,) if generated else binaries.of_an_architecture(needed) or _in_package(edges, needed))
        if binaries.owner[other] != name and other not in edges.run[node]
    ]
    edges.run[node] = _distinct((*edges.run[node], *found))
    edges.soft.update({(node, other): "" for other in found})


def _in_package(edges: Edges, node: str) -> tuple[str, ...]:
    """What a development package of every architecture needs of its own source, as the library itself."""
    binaries = edges.binaries
    return tuple(
        other
        for needed in edges.run[node]
        if binaries.owner[needed] == binaries.owner[node]
        for other in binaries.of_an_architecture(needed)
    )


def _building(package: str) -> str:
    """What stands for the build of a package in an edge."""
    return f"{package}!"


def _distinct(nodes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(nodes))


def reached(start: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> set[str]:
    """All that can be reached from `start`."""
    found = set(start)
    pending = list(found)
    while pending:
        new = [other for other in edges[pending.pop()] if other not in found]
        found.update(new)
        pending += new
    return found


def closures(edges: Edges, left_out: Collection[str] = ()) -> tuple[dict[str, set[str]], list[_Edge]]:
    """For each package all nodes that may be installed in the room that builds it, and the soft edges that gave way.

    Packages of `left_out` are built elsewhere, and are in no cycle here.

    Raises InputError for a cycle without a soft edge.
    """
    gone: list[_Edge] = []
    while True:
        found = {name: reached(needed, edges.run) for name, needed in edges.build.items()}
        graph = {name: sorted(edges.packages(nodes)) for name, nodes in found.items() if name not in left_out}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            # graphlib names each before the one that needs it.
            gone += _give_way(edges, list(reversed(error.args[1])))
        else:
            return found, gone


def _give_way(edges: Edges, cycle: list[str]) -> list[_Edge]:
    """Take the soft edges out of the way along which the packages of `cycle` need each other.

    Raises:
        InputError: there is none.

    """
    paths = [_path(name, needed, edges) for name, needed in pairwise(cycle)]
    soft = [edge for path in paths for edge in pairwise(path) if edge in edges.soft]
    if not soft:
        owner = edges.binaries.owner
        words = [cycle[0]]
        for path in paths:
            words += [owner[node] for node in path[1:]]
        distinct = [word for before, word in pairwise(["", *words]) if word != before]
        raise InputError(
            f"packages need each other to be built: {' needs '.join(distinct)}",
            hint="break the cycle: build one of them without the other first, or drop a Build-Depends",
        )
    for before, after in soft:
        ways, node = (edges.build, before[:-1]) if before.endswith("!") else (edges.run, before)
        ways[node] = tuple(other for other in ways[node] if other != after)
    return soft


def _path(name: str, end: str, edges: Edges) -> tuple[str, ...]:
    """The shortest way from the package `name`, as it is built, to a node of the package `end`, which is reached."""
    start = _building(name)
    before = dict.fromkeys(edges.build[name], start)
    pending = deque(before)
    node = pending.popleft()
    while edges.binaries.owner[node] != end:
        new = [other for other in edges.run[node] if other not in before]
        before |= dict.fromkeys(new, node)
        pending += new
        node = pending.popleft()
    path = [node]
    while path[-1] != start:
        path.append(before[path[-1]])
    return tuple(reversed(path))
