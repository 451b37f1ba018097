"""Which units a request means, and what each needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.errors import InputError, UsageError
from build_env.model.package import Alternative, Binary, Package, Packaging
from build_env.model.task import Place, Stage
from build_env.plan.binaries import Context
from build_env.plan.relations import relate
from build_env.plan.select import Request, Selection, select
from tests.support.samples import named, options, package, target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.model.identity import TaskName
    from build_env.model.target import Target

CROSSING = {"amd64": "amd64", "arm64": "amd64", "armhf": "amd64"}
EMULATED = {"amd64": "amd64", "arm64": "arm64", "armhf": "armhf"}


def selected(
    chosen: Target,
    packages: Iterable[Package],
    request: Request | None = None,
    images: dict[str, str] | None = None,
) -> Selection:
    known = {entry.name: entry for entry in packages}
    listed = {*chosen.packages, *chosen.depends, *chosen.metapackages}
    images = images or CROSSING
    contexts = {arch: Context(arch=arch, build_arch=image) for arch, image in images.items()}
    relations = relate(known, listed, chosen.family, contexts, chosen.depends)
    return select(chosen, known, relations, request or Request(), images)


def units(selection: Selection, stage: Stage) -> list[str]:
    return sorted(f"{unit.package} {unit.label}" for unit in selection.units if unit.stage is stage)


def short(name: TaskName) -> str:
    return str(name).removeprefix("debian/12:")


def after(selection: Selection) -> dict[str, tuple[str, ...]]:
    return {short(name): tuple(map(short, others)) for name, others in selection.after.items()}


def inputs(selection: Selection, unit: str) -> set[str]:
    return {short(entry.task) for entry in selection.inputs[named(f"debian/12:{unit}")]}


def test_source_is_made_once_where_all_is_crossed() -> None:
    found = selected(target(["a"], archs=("amd64", "arm64")), [package("a")])
    assert units(found, Stage.SOURCE) == ["a source"]
    assert units(found, Stage.BUILD) == ["a amd64", "a arm64"]
    assert inputs(found, "a:build:arm64") == {"a:source:source"}


def test_source_is_made_per_architecture_where_it_is_emulated() -> None:
    found = selected(target(["a"], archs=("amd64", "arm64")), [package("a")], images=EMULATED)
    assert units(found, Stage.SOURCE) == ["a arm64", "a source"]
    assert inputs(found, "a:build:arm64") == {"a:source:arm64"}
    assert {unit.image_arch for unit in found.units if unit.arch == "arm64"} == {"arm64"}


@pytest.mark.parametrize(
    ("archs", "primary"),
    [(("amd64", "arm64"), "source"), (("arm64", "amd64"), "source"), (("arm64", "armhf"), "arm64")],
)
def test_only_the_primary_architecture_deploys_its_source_package(archs: tuple[str, ...], primary: str) -> None:
    found = selected(target(["a"], archs=archs), [package("a")], images=EMULATED)
    sources = [short(entry.task) for edges in found.inputs.values() for entry in edges if entry.place is Place.DEPLOY]
    assert [task for task in sources if ":source:" in task] == [f"a:source:{primary}"]


@pytest.mark.parametrize(("images", "own"), [(CROSSING, "source"), (EMULATED, "arm64")])
def test_every_deployment_knows_what_its_source_declares(images: dict[str, str], own: str) -> None:
    found = selected(target(["a"], archs=("amd64", "arm64")), [package("a")], images=images)
    assert inputs(found, "a:deploy:arm64") == {f"a:source:{own}", "a:build:arm64", "a:verify:arm64"}


def test_packages_of_every_architecture_are_built_once() -> None:
    everywhere = package("a", architectures=("all",))
    for images in (CROSSING, EMULATED):
        found = selected(target(["a"], archs=("arm64", "amd64")), [everywhere], images=images)
        assert units(found, Stage.BUILD) == ["a all"]
        assert next(unit.arch for unit in found.units if unit.stage is Stage.BUILD) == "amd64"
    emulated = selected(target(["a"], archs=("arm64",)), [everywhere], images=EMULATED)
    assert next(unit.arch for unit in emulated.units if unit.stage is Stage.BUILD) == "arm64"


@pytest.mark.parametrize(
    ("limits", "archs", "primary"),
    [((), ("amd64", "arm64"), "amd64"), ((), ("arm64", "armhf"), "arm64"), (("arm64",), ("amd64", "arm64"), "arm64")],
)
def test_one_build_makes_what_all_architectures_share(
    limits: tuple[str, ...], archs: tuple[str, ...], primary: str
) -> None:
    found = selected(target(["a"], archs=archs), [package("a", architectures=limits)])
    assert [unit.label for unit in found.units if unit.primary and unit.stage is Stage.BUILD] == [primary]


def test_build_tools_are_the_hosts_where_it_is_crossed() -> None:
    packages = [package("tool"), package("a", needs=("tool",))]
    chosen = target(["a"], depends=("tool",), chosen=options("arm64", deps=("amd64",)))
    found = selected(chosen, packages)
    assert inputs(found, "a:build:arm64") == {"a:source:source", "tool:build:amd64"}
    assert units(found, Stage.BUILD) == ["a arm64", "tool amd64"]
    emulated = selected(target(["a"], archs=("arm64",), depends=("tool",)), packages, images=EMULATED)
    assert inputs(emulated, "a:build:arm64") == {"a:source:arm64", "tool:build:arm64"}


def made(name: str, *binaries: Binary, needs: tuple[str, ...] = (), native: bool = False) -> Package:
    needed = tuple((Alternative(need, native=native),) for need in needs)
    packaging = Packaging(binaries=binaries, build_depends=needed, all_only=False)
    return Package(name=name, directory=f"src/{name}", packaging={"deb": packaging})


@pytest.mark.parametrize(("foreign", "native"), [(True, False), (False, True)])
def test_a_package_that_is_a_tool_of_others_is_built_for_the_build_machine_too(*, foreign: bool, native: bool) -> None:
    tool = made("tool", Binary(name="tool", foreign=foreign))
    packages = [tool, made("user", Binary(name="user"), needs=("tool",), native=native)]
    found = selected(target(["tool", "user"], archs=("arm64",)), packages, Request(packages=("user",)))
    assert inputs(found, "user:build:arm64") == {"user:source:source", "tool:build:amd64"}
    assert units(found, Stage.BUILD) == ["tool amd64", "tool arm64", "user arm64"]
    assert units(found, Stage.DEPLOY) == ["tool arm64", "user arm64"]
    emulated = selected(target(["tool", "user"], archs=("arm64",)), packages, images=EMULATED)
    assert inputs(emulated, "user:build:arm64") == {"user:source:arm64", "tool:build:arm64"}


def test_what_a_mixed_source_makes_for_all_is_there_for_each_architecture() -> None:
    lib = made("lib", Binary(name="lib"), Binary(name="lib-data", every_architecture=True))
    lib = replace(lib, packaging={"deb": replace(lib.packaging["deb"], mixed=True)})
    packages = [lib, made("user", Binary(name="user"), needs=("lib",))]
    found = selected(target(["lib", "user"], archs=("amd64", "arm64")), packages)
    assert inputs(found, "user:build:arm64") == {"user:source:source", "lib:build:amd64", "lib:build:arm64"}
    assert inputs(found, "user:build:amd64") == {"user:source:source", "lib:build:amd64"}
    alone = selected(target(["lib", "user"], archs=("arm64",)), packages)
    assert inputs(alone, "user:build:arm64") == {"user:source:source", "lib:build:arm64"}


def test_two_packages_that_build_one_of_the_same_name_are_refused_where_both_are_meant() -> None:
    packages = [made(name, Binary(name="shared")) for name in ("left", "right")]
    packages += [made("user", Binary(name="user"), needs=("shared",)), made("other", Binary(name="other"))]
    chosen = target(["left", "right", "user", "other"])
    for asked in ((), ("user",), ("left", "right")):
        with pytest.raises(InputError, match="built twice") as caught:
            selected(chosen, packages, Request(packages=asked))
        assert [str(fault) for fault in caught.value.faults] == [
            "src/right: left and right both build the package shared"
        ]
    assert units(selected(chosen, packages, Request(packages=("left", "other"))), Stage.BUILD) == [
        "left amd64",
        "other amd64",
    ]


def test_packages_of_depends_are_never_deployed_or_verified() -> None:
    packages = [package("tool"), package("a", needs=("tool",))]
    found = selected(target(["a"], depends=("tool",)), packages)
    assert units(found, Stage.DEPLOY) == ["a amd64"]
    assert units(found, Stage.VERIFY) == ["a amd64"]


def test_deps_builds_the_packages_of_depends_only() -> None:
    packages = [package("tool"), package("a", needs=("tool",))]
    found = selected(target(["a"], depends=("tool",)), packages, Request(only_depends=True))
    assert units(found, Stage.BUILD) == ["tool amd64"]
    assert not found.tars


def test_a_name_brings_what_it_needs_and_nothing_else() -> None:
    packages = [package("lib"), package("a", needs=("lib",)), package("other")]
    found = selected(target(["lib", "a", "other"]), packages, Request(packages=("a",)))
    assert units(found, Stage.DEPLOY) == ["a amd64", "lib amd64"]
    assert not found.tars


def test_the_deployment_of_a_metapackage_needs_its_members_of_all_architectures() -> None:
    packages = [
        package("a"),
        package("suite", requires=("a",), architectures=("all",), metapackage=True),
    ]
    found = selected(target(["a"], archs=("amd64", "arm64"), metapackages=("suite",)), packages)
    assert inputs(found, "suite:deploy:all") >= {"a:deploy:amd64", "a:deploy:arm64"}
    assert after(found) == {"suite:build:all": ("a:build:amd64", "a:build:arm64")}


def test_a_metapackage_that_a_package_is_built_with_does_not_wait_for_it() -> None:
    packages = [package("a"), package("b", needs=("suite",)), package("suite", requires=("a",), metapackage=True)]
    found = selected(target(["a", "b"], metapackages=("suite",)), packages)
    assert after(found)["suite:build:amd64"] == ("a:build:amd64",)
    assert inputs(found, "b:build:amd64") == {"b:source:source", "suite:build:amd64", "a:build:amd64"}


def test_packages_that_need_each_other_are_deployed_without_waiting_for_each_other() -> None:
    packages = [package("a", runs_with=("b",)), package("b", runs_with=("a",))]
    found = selected(target(["a", "b"]), packages, Request(packages=("a",)))
    assert units(found, Stage.DEPLOY) == ["a amd64", "b amd64"]
    assert "b:deploy:amd64" not in inputs(found, "a:deploy:amd64")


@pytest.mark.parametrize("stage", [Stage.SOURCE, Stage.BUILD, Stage.VERIFY])
def test_a_stage_brings_the_stages_before_it_only(stage: Stage) -> None:
    found = selected(target(["a"]), [package("a")], Request(stages=frozenset({stage})))
    order = [Stage.SOURCE, Stage.BUILD, Stage.VERIFY, Stage.DEPLOY]
    assert {unit.stage for unit in found.units} == set(order[: order.index(stage) + 1])


def test_an_archive_alone_brings_the_builds_that_it_holds() -> None:
    packages = [package("a"), package("b", architectures=("all",)), package("tool")]
    chosen = target(["a", "b"], archs=("amd64", "arm64"), depends=("tool",))
    found = selected(chosen, packages, Request(stages=frozenset({Stage.TAR})))
    assert {arch: tuple(map(short, builds)) for arch, builds in found.tars.items()} == {
        "amd64": ("a:build:amd64", "b:build:all"),
        "arm64": ("a:build:arm64", "b:build:all"),
    }
    assert {unit.stage for unit in found.units} == {Stage.SOURCE, Stage.BUILD}


def test_a_limit_on_architectures_is_kept_and_told() -> None:
    found = selected(target(["a"], archs=("amd64", "arm64")), [package("a", architectures=("arm64",))])
    assert units(found, Stage.BUILD) == ["a arm64"]
    assert found.notes == ("a is limited to arm64: not built for amd64",)


def test_packaging_limits_architectures_as_well() -> None:
    limited = package("a")
    packaging = {"deb": replace(limited.packaging.get("deb", Packaging()), architectures=frozenset({"arm64"}))}
    found = selected(target(["a"], archs=("amd64", "arm64")), [replace(limited, packaging=packaging)])
    assert units(found, Stage.BUILD) == ["a arm64"]
    assert found.notes == ("a is limited to arm64: not built for amd64",)


def test_a_needed_package_that_is_limited_is_not_built_where_it_may_not() -> None:
    packages = [package("lib", architectures=("arm64",)), package("a", needs=("lib",))]
    found = selected(target(["lib", "a"], archs=("amd64", "arm64")), packages)
    assert inputs(found, "a:build:amd64") == {"a:source:source"}
    assert inputs(found, "a:build:arm64") == {"a:source:source", "lib:build:arm64"}


def test_asking_only_for_what_is_limited_away_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to build: a is limited to arm64"):
        selected(target(["a"]), [package("a", architectures=("arm64",))], Request(packages=("a",)))


def test_an_unknown_name_and_an_unlisted_one_are_told_apart() -> None:
    with pytest.raises(UsageError, match=r"there is no package gret \(did you mean greet\?\)"):
        selected(target(["greet"]), [package("greet")], Request(packages=("gret",)))
    packages, request = [package("greet"), package("other")], Request(packages=("other",))
    with pytest.raises(UsageError, match=r"src/other has nothing to build it by for debian/12") as caught:
        selected(target(["greet"]), packages, request)
    assert "targets/" not in caught.value.hint, "it has no lists to add anything to"
    with pytest.raises(UsageError, match="other is in no list of debian/12") as caught:
        selected(replace(target(["greet"]), variables={"PACKAGES": ["greet"]}), packages, request)
    assert "targets/debian/12/packages.conf.py" in caught.value.hint


NAMES = tuple("abcdef")


@st.composite
def projects(draw: st.DrawFn) -> tuple[Target, list[Package]]:
    """Packages that need only earlier ones to be built, and any at run time that makes no cycle with that."""
    packages = []
    for index, name in enumerate(NAMES):
        earlier = st.lists(st.sampled_from(NAMES[:index]), max_size=3, unique=True) if index else st.just([])
        packages.append(
            package(
                name,
                needs=tuple(draw(earlier)),
                runs_with=tuple(draw(earlier)),
                architectures=draw(st.sampled_from([(), ("all",), ("arm64",)])),
            )
        )
    archs = tuple(draw(st.permutations(["amd64", "arm64", "armhf"]))[: draw(st.integers(1, 3))])
    return target(NAMES[1:], archs=archs, depends=NAMES[:1]), packages


@given(projects(), st.sampled_from([CROSSING, EMULATED]), st.sets(st.sampled_from(list(Stage))))
def test_every_input_is_a_unit_and_comes_first(
    project: tuple[Target, list[Package]], images: dict[str, str], stages: set[Stage]
) -> None:
    wanted = frozenset(stages - {Stage.IMAGE, Stage.SCAN})
    found = selected(*project, Request(stages=wanted), images)
    ids = {unit.name for unit in found.units}
    assert set(found.inputs) == ids
    done: set[TaskName] = set()
    left = {unit: {entry.task for entry in found.inputs[unit]} | set(found.after.get(unit, ())) for unit in ids}
    while ready := {unit for unit, needed in left.items() if needed <= done}:
        done |= ready
        left = {unit: needed for unit, needed in left.items() if unit not in ready}
    assert not left, "units wait for each other or for something that is not there"


def test_a_chain_that_is_longer_than_the_stack_is_deep() -> None:
    """Each is built with the one before it, which it does not need when installed."""
    names = [f"p{number}" for number in range(5000)]
    chain = [
        package(name, architectures=("all",), needs=(before,) if before else ())
        for name, before in zip(names, ["", *names], strict=False)
    ]
    found = selected(target(names), chain)
    assert len(found.units) == 4 * len(names)
    assert inputs(found, f"{names[-1]}:build:all") == {f"{names[-1]}:source:source", f"{names[-2]}:build:all"}
    asked = selected(target(names), chain, Request(packages=(names[-1],), stages=frozenset({Stage.BUILD})))
    assert len(asked.units) == 2 * len(names)
