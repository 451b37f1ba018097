"""Owns the planning of several targets at once: what each is planned for, and the union of their plans.

Knows no stages and no formats: those are the business of the planner of one target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.app.planning import Planned
from build_env.core.errors import UsageError
from build_env.core.machine import MACHINE_TO_DEBIAN, names_of_architectures
from build_env.core.suggest import mistyped
from build_env.formats.registry import formats
from build_env.plan.graph import union
from build_env.plan.select import NO_PACKAGING, check_requested
from build_env.work.registry import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from build_env.app.planning import Planner
    from build_env.model.choices import Choices
    from build_env.plan.select import Request

__all__ = ["Planners", "planners_of"]


@dataclass(frozen=True, kw_only=True)
class Planners:
    """A planner for each target of a command, and what a person should be told of those that are left out."""

    members: tuple[Planner, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Planner]:
        """Walk the planners as their targets were named."""
        return iter(self.members)

    def check(self, request: Request) -> None:
        """Raises UsageError for a package that none of the targets lists, and when none has any package."""
        check_requested([planner.target for planner in self], self.members[0].packages, request.packages)
        if not any(planner.target.listed for planner in self):
            targets = ", ".join(planner.target.name for planner in self)
            raise UsageError(f"there is nothing to build: no package in src/ is for {targets}", hint=NO_PACKAGING)
        self._refuse_choices(request.choices)

    def scan(self, request: Request) -> Planned | None:
        """What must be read in rooms before a plan of `request` can be made; None where nothing must."""
        scans = [scan for planner in self if (scan := planner.scan(request))]
        return _together(scans) if scans else None

    def plan(self, request: Request, reports: Mapping[str, str]) -> Planned:
        """The plan of `request` for all targets; `reports` has by target what the scan found, where it did.

        Raises UsageError as `check`.
        """
        self.check(request)
        if len(self.members) == 1:
            planner = self.members[0]
            return _together([planner.plan(request, reports.get(planner.target.name))], self.notes)
        notes, plans = list(self.notes), []
        for planner in self:
            target = planner.target
            missing = [name for name in request.packages if name not in target.listed]
            notes += [f"{target.name} does not list {name}: not built for it" for name in missing]
            packages = tuple(name for name in request.packages if name in target.listed)
            if not target.listed:
                notes.append(f"{target.name} has no package, as none in src/ has packaging for it: left out")
            elif packages or not request.packages:
                plans.append(planner.plan(replace(request, packages=packages), reports.get(target.name)))
        return _together(plans, notes)

    def _refuse_choices(self, choices: Choices) -> None:
        """Raises UsageError for a choice that means nothing to builds for any of the targets."""
        taken = {name for planner in self if planner.format for name in planner.format.choices}
        for name in choices.given:
            if name not in taken:
                takers = ", ".join(each.name for each in formats() if name in each.choices)
                targets = ", ".join(planner.target.name for planner in self)
                raise UsageError(
                    f"`{choices.of({name}).words}` means nothing to builds for {targets}",
                    hint=f"leave it out, or name a target whose packages are {takers}",
                )


def planners_of(
    new: Callable[[str, tuple[str, ...]], Planner],
    supported: Callable[[str], tuple[str, ...]],
    targets: Sequence[str],
    architectures: tuple[str, ...],
) -> Planners:
    """The planners of `targets`, each for those of `architectures` that it has, which are what `supported` answers.

    A single target has to have them all. Raises UsageError for an architecture that no target has.
    """
    if len(targets) == 1:
        return Planners(members=(new(targets[0], architectures),))
    by_target = {name: supported(name) for name in targets}
    for arch in architectures:
        if not any(arch in names for names in by_target.values()):
            raise mistyped(
                f"no target that was named builds for {arch}: {', '.join(targets)}",
                arch,
                names_of_architectures(tuple(MACHINE_TO_DEBIAN.values())),
                hint="build-env list targets shows what each builds for",
            )
    notes = tuple(
        f"{name} does not build for {arch}: left out"
        for name, names in by_target.items()
        for arch in architectures
        if arch not in names
    )
    return Planners(members=tuple(new(name, names) for name, names in by_target.items() if names), notes=notes)


def _together(parts: Sequence[Planned], notes: Iterable[str] = ()) -> Planned:
    """The union of plans, with the notes of all."""
    return Planned(
        plan=union((part.plan for part in parts), rank),
        notes=tuple(dict.fromkeys((*notes, *(note for part in parts for note in part.notes)))),
    )
