"""Owns the choice among built packages: which of those that are offered fulfil needs, by what they say of themselves.

Pure. Chooses as the package managers do: the first alternative that there is; a package that bears a name before one
that provides it; programs of the build machine's architecture where they serve others, too.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from build_env.plan.binaries import counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from build_env.formats.format import PackageFacts
    from build_env.model.artifact import Artifact
    from build_env.model.package import Alternative, Need
    from build_env.plan.binaries import Context

__all__ = ["needed_of"]


def needed_of(
    needs: Iterable[Need], offered: Mapping[Artifact, PackageFacts], context: Context
) -> tuple[set[Artifact], set[Artifact]]:
    """The packages among `offered` that fulfil `needs` in the context, and those that they need in turn.

    The second set is what only later alternatives name: it is of use where the distribution has none of the earlier.
    """
    choice = _Choice(offered, context)
    needed: set[Artifact] = set()
    instead: set[Artifact] = set()
    pending = [(need, context.arch, needed) for need in needs]
    while pending:
        need, arch, into = pending.pop()
        for items, later in choice.among(need, arch):
            chosen = instead if later else into
            for item in items:
                if item not in chosen:
                    chosen.add(item)
                    facts = offered[item]
                    # What is of every architecture runs here, and so does what it needs.
                    pending += [(other, facts.architecture or context.build_arch, chosen) for other in facts.depends]
    return needed, instead - needed


class _Choice:
    """The offered packages by the names that they bear and provide."""

    def __init__(self, offered: Mapping[Artifact, PackageFacts], context: Context) -> None:
        self._offered = offered
        self._context = context
        self._by_name: dict[str, list[Artifact]] = defaultdict(list)
        provided: dict[str, list[Artifact]] = defaultdict(list)
        for item, facts in offered.items():
            self._by_name[facts.name].append(item)
            for name in facts.provides:
                provided[name].append(item)
        for name, items in provided.items():
            self._by_name.setdefault(name, items)

    def among(self, need: Need, arch: str) -> Iterator[tuple[list[Artifact], bool]]:
        """What may fulfil the need of a package of `arch`, and whether that is not the first way to fulfil it.

        One way, and further ones only as long as ours may be of a version that will not do.
        """
        counting = (wanted for wanted in need if counts(wanted, self._context))
        for position, wanted in enumerate(counting):
            if items := self._by_name.get(wanted.name):
                yield self._fitting(items, wanted, arch), position > 0
                if not wanted.versioned:
                    return

    def _fitting(self, items: list[Artifact], wanted: Alternative, arch: str) -> list[Artifact]:
        """Those of the right architecture; all, for the package manager to say what is wrong, where there is none."""
        build_arch = self._context.build_arch
        of_build = [item for item in items if self._architecture(item) in {"", build_arch}]
        if wanted.native or any(self._offered[item].foreign for item in of_build):
            return of_build or items
        return [item for item in items if self._architecture(item) in {"", arch}] or items

    def _architecture(self, item: Artifact) -> str:
        return self._offered[item].architecture
