"""What choices about builds mean for a plan: whose they are, which conditions they decide, what is not deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import UsageError
from build_env.model.choices import Choices
from build_env.model.package import Alternative, Binary, Packaging
from build_env.model.task import Stage
from build_env.plan.choices import whole_where_needed, with_choices, with_profiles
from build_env.plan.relations import relate
from build_env.plan.select import Request, Selection, select
from tests.support.samples import package, target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.model.package import Package

TAKEN = ("profiles", "options", "only")


def decided(*formula: tuple[str, ...], profiles: Sequence[str] = ("nocheck",)) -> tuple[tuple[str, ...], ...] | None:
    """What is left of the condition of a need; None where it counts no more."""
    need = (Alternative("x", profiles=formula),)
    made = replace(
        package("a"), packaging={"deb": Packaging(build_depends=(need,))}, choices=Choices(profiles=tuple(profiles))
    )
    left = with_profiles({"a": made}, "deb")["a"].packaging["deb"].build_depends
    return left[0][0].profiles if left else None


def test_conditions_are_decided_as_far_as_profiles_decide_them() -> None:
    assert decided() == ()
    assert decided(("!nocheck",)) is None
    assert decided(("nocheck",)) == ()
    assert decided(("!nodoc",)) == (("!nodoc",),)
    assert decided(("!nocheck",), ("!cross",)) == (("!cross",),)
    assert decided(("nocheck", "!cross")) == (("!cross",),)
    assert decided(("nocheck",), ("!cross",)) == ()
    assert decided(("!nocheck", "!nodoc"), profiles=("nodoc",)) is None


def test_packages_that_a_profile_leaves_out_are_not_built() -> None:
    binaries = (
        Binary(name="a", profiles=()),
        Binary(name="a-doc", every_architecture=True, profiles=(("!nodoc",),)),
    )
    packaging = Packaging(binaries=binaries, mixed=True, all_only=False)
    made = replace(package("a"), packaging={"deb": packaging}, choices=Choices(profiles=("nodoc",)))
    left = with_profiles({"a": made}, "deb")["a"].packaging["deb"]
    assert ([binary.name for binary in left.binaries], left.mixed, left.all_only) == (["a"], False, False)


def test_only_what_is_named_gets_what_the_run_asks_for() -> None:
    own = replace(package("a"), choices=Choices(profiles=("nodoc",), enabled=("x",)))
    found = with_choices({"a": own, "b": package("b")}, Choices(profiles=("nocheck",), enabled=("y",)), {"b"}, TAKEN)
    assert (found["a"].choices, bool(found["a"].apart)) == (Choices(profiles=("nodoc",)), False)
    same = with_choices({"a": own}, Choices(profiles=("nodoc",)), {"a"}, TAKEN)
    assert not same["a"].apart
    assert (found["b"].choices, found["b"].apart) == (Choices(profiles=("nocheck",)), Choices(profiles=("nocheck",)))


def chosen(request: Request, packages: Sequence[Package]) -> Selection:
    known = {each.name: each for each in packages}
    made = with_choices(known, request.choices, request.packages or known, TAKEN)
    relations = relate(made, list(known), "deb")
    made = whole_where_needed(made, relations, request.packages or known)
    return select(target(list(known)), made, relations, request, {"amd64": "amd64"})


def units(selection: Selection, stage: Stage) -> list[str]:
    return sorted(f"{unit.package} {unit.label}" for unit in selection.units if unit.stage is stage)


NOCHECK = Choices(profiles=("nocheck",))
TWO = (package("a"), package("b", needs=("a",)))


def test_what_is_built_apart_is_not_deployed_unless_that_is_asked_for() -> None:
    ordinary = chosen(Request(), TWO)
    assert units(ordinary, Stage.DEPLOY) == ["a amd64", "b amd64"]
    apart = chosen(Request(packages=("b",), choices=NOCHECK), TWO)
    assert units(apart, Stage.BUILD) == ["a amd64", "b amd64"]
    assert units(apart, Stage.DEPLOY) == ["a amd64"]
    assert any("not deployed, as the run chose profiles nocheck: b" in note for note in apart.notes)
    stages = frozenset({Stage.BUILD, Stage.DEPLOY})
    asked = chosen(Request(packages=("b",), choices=NOCHECK, stages=stages), TWO)
    assert units(asked, Stage.DEPLOY) == ["a amd64", "b amd64"]


def test_what_is_built_with_something_apart_is_not_deployed_either() -> None:
    packages = (*TWO, package("c", needs=("b",)))
    found = chosen(Request(packages=("a", "c"), choices=NOCHECK), packages)
    assert units(found, Stage.BUILD) == ["a amd64", "b amd64", "c amd64"]
    assert units(found, Stage.DEPLOY) == []
    assert any("not deployed, as a is not, which they need: b" in note for note in found.notes)


def test_no_archive_of_all_holds_what_is_built_apart() -> None:
    assert chosen(Request(), TWO).tars
    assert not chosen(Request(choices=NOCHECK), TWO).tars
    assert chosen(Request(choices=NOCHECK, stages=frozenset({Stage.TAR})), TWO).tars


MIXED = Packaging(
    binaries=(Binary(name="m"), Binary(name="m-doc", every_architecture=True)), mixed=True, all_only=False
)


def test_a_part_of_the_packages() -> None:
    packages = (
        package("one"),
        package("every", architectures=("all",)),
        replace(package("mixed"), packaging={"deb": MIXED}),
    )
    arch = chosen(Request(choices=Choices(only="arch")), packages)
    assert units(arch, Stage.BUILD) == ["mixed amd64", "one amd64"]
    indep = chosen(Request(choices=Choices(only="indep")), packages)
    assert units(indep, Stage.BUILD) == ["every all", "mixed amd64"]
    assert "one has no packages of every architecture: not built (only indep)" in indep.notes
    with pytest.raises(UsageError, match="nothing to build: one has no packages of every architecture"):
        chosen(Request(packages=("one",), choices=Choices(only="indep")), packages)


def test_what_others_are_built_with_is_built_whole() -> None:
    packages = (package("a", architectures=("all",)), package("b", needs=("a",)))
    found = chosen(Request(choices=Choices(only="arch")), packages)
    assert units(found, Stage.BUILD) == ["a all", "b amd64"]
    assert units(found, Stage.DEPLOY) == ["a all"]
