from __future__ import annotations

import pytest

from build_env.core.errors import InputError
from build_env.model.package import Alternative, Binary, Need, Package, Packaging, needs_of
from build_env.plan.binaries import Context
from build_env.plan.relations import Relations, relate, without_unknown
from tests.support.samples import package


def test_build_dependencies_on_a_binary_name_make_an_edge() -> None:
    packages = {
        "lib": package("lib", binaries=("lib1", "lib-dev")),
        "prog": package("prog", needs=("lib-dev", "debhelper-compat")),
    }
    relations = relate(packages, packages, "deb")
    assert relations.build == {"lib": (), "prog": ("lib",)}
    assert relate(packages, packages, "rpm").build["prog"] == ()


def test_requires_and_provides_of_the_definition_count() -> None:
    first = package("lib")
    packages = {
        "lib": type(first)(name="lib", directory="src/lib", provides=("lib-devel",)),
        "prog": package("prog", requires=("lib-devel",)),
    }
    assert relate(packages, packages, "deb").build["prog"] == ("lib",)


def test_packages_that_the_target_does_not_list_come_from_the_distribution() -> None:
    packages = {"lib": package("lib"), "prog": package("prog", needs=("lib",))}
    assert relate(packages, ["prog"], "deb").build == {"prog": ()}


def test_a_metapackage_needs_its_members_at_run_time_only() -> None:
    packages = {"prog": package("prog"), "suite": package("suite", requires=("prog",), metapackage=True)}
    relations = relate(packages, packages, "deb")
    assert (relations.build["suite"], relations.run["suite"]) == ((), ("prog",))


def test_the_build_closure_holds_what_the_needed_need_when_installed() -> None:
    packages = {
        "a": package("a", needs=("b",)),
        "b": package("b", runs_with=("c",)),
        "c": package("c", runs_with=("d",)),
        "d": package("d"),
        "e": package("e"),
    }
    relations = relate(packages, packages, "deb")
    assert relations.build_closures["a"] == ("b", "c", "d")
    assert relations.run_closure("b") == ("c", "d")
    assert relations.needed(["b"]) == ("b", "c", "d")


def test_what_a_program_is_linked_with_it_needs_when_installed() -> None:
    packages = {
        "lib": package("lib"),
        "prog": package("prog", needs=("lib",)),
        "user": package("user", needs=("prog",)),
    }
    assert relate(packages, packages, "deb").build_closures["user"] == ("lib", "prog")


def test_a_tool_of_every_architecture_is_linked_with_nothing() -> None:
    tool = package("tool", architectures=("all",))
    packages = {"tool": tool, "prog": package("prog", needs=("tool",)), "user": package("user", needs=("prog",))}
    assert relate(packages, packages, "deb").build_closures["user"] == ("prog",)


def test_unknown_requires_are_told_all_at_once() -> None:
    packages = {"a": package("a", requires=("nothing",)), "b": package("b", requires=("z", "c")), "c": package("c")}
    marked = without_unknown(packages, ["a", "b"], "deb")
    assert relate(marked, ["a", "b"], "deb").build == {"a": (), "b": ()}
    assert [str(fault) for name in "abc" for fault in marked[name].faults] == [
        "src/a/definition.yaml: a requires nothing, which is no package of src/",
        "src/b/definition.yaml: b requires z, which is no package of src/",
        "src/b/definition.yaml: b requires c: add it to PACKAGES of the target",
    ]


def test_a_cycle_is_told_with_its_path() -> None:
    packages = {"a": package("a", needs=("b",)), "b": package("b", needs=("c",)), "c": package("c", needs=("a",))}
    with pytest.raises(InputError, match=r"built: \w needs \w needs \w needs \w$"):
        relate(packages, packages, "deb")


def test_a_cycle_over_what_is_installed_is_told_too() -> None:
    packages = {
        "a": package("a", needs=("b",)),
        "b": package("b", runs_with=("c",)),
        "c": package("c", runs_with=("a",)),
    }
    with pytest.raises(InputError, match="a needs b needs c needs a"):
        relate(packages, packages, "deb")


def test_packages_may_need_each_other_when_installed() -> None:
    packages = {"a": package("a", runs_with=("b",)), "b": package("b", runs_with=("a",))}
    assert relate(packages, packages, "deb").run_closure("a") == ("a", "b")


def test_a_package_that_builds_itself_a_tool_is_no_cycle() -> None:
    own = package("a", needs=("a-tool",), binaries=("a", "a-tool"))
    assert relate({"a": own}, ["a"], "deb").build == {"a": ()}


def of(name: str, *binaries: Binary, needs: tuple[Need, ...] = ()) -> Package:
    """A package of which each binary package is given as it is."""
    everywhere = all(binary.every_architecture for binary in binaries)
    packaging = Packaging(binaries=binaries, build_depends=needs, all_only=everywhere)
    return Package(name=name, directory=f"src/{name}", packaging={"deb": packaging})


def related(
    *packages: Package,
    contexts: dict[str, Context] | None = None,
    tools: tuple[str, ...] = (),
    wanted: tuple[str, ...] = (),
) -> Relations:
    known = {package.name: package for package in packages}
    return relate(known, known, "deb", contexts, tools, wanted)


NATIVE = Context(arch="amd64", build_arch="amd64")
CROSS = Context(arch="arm64", build_arch="amd64", profiles=frozenset({"cross", "nocheck"}))
BOTH = {"amd64": NATIVE, "arm64": CROSS}


def test_a_cycle_stops_only_what_needs_its_packages() -> None:
    packages = [
        of("a", Binary(name="a"), needs=needs_of("b")),
        of("b", Binary(name="b"), needs=needs_of("a")),
        of("builds", Binary(name="builds"), needs=needs_of("a")),
        of("runs", Binary(name="runs", depends=needs_of("b"))),
        of("other", Binary(name="other")),
    ]
    for wanted in ((), ("builds",), ("runs", "other")):
        with pytest.raises(InputError, match="need each other"):
            related(*packages, wanted=wanted)
    assert related(*packages, wanted=("other",)).build_closures["other"] == ()


def test_what_one_binary_package_needs_no_other_of_the_source_does() -> None:
    base = of("base", Binary(name="libbase-dev"), Binary(name="base-tools", depends=needs_of("shelly")))
    shelly = of("shelly", Binary(name="shelly", linked=True), needs=needs_of("libbase-dev"))
    relations = related(base, shelly)
    assert relations.build_closures == {"base": (), "shelly": ("base",)}
    assert relations.run == {"base": ("shelly",), "shelly": ("base",)}


def test_a_cycle_over_two_binary_packages_of_one_source_is_told() -> None:
    base = of(
        "base",
        Binary(name="base-dev", depends=needs_of("base-tools")),
        Binary(name="base-tools", depends=needs_of("s")),
    )
    with pytest.raises(InputError, match=r"s needs base needs s$"):
        related(base, of("s", Binary(name="s"), needs=needs_of("base-dev")))


def test_what_is_generated_may_be_any_package_of_the_build() -> None:
    module = of("module", Binary(name="python3-b", every_architecture=True))
    user = of("user", Binary(name="python3-a", every_architecture=True, generated=True), needs=needs_of("python3-b"))
    last = of("last", Binary(name="last"), needs=needs_of("python3-a"))
    assert related(module, user, last).build_closures["last"] == ("module", "user")


def test_names_that_a_package_provides_are_its_own() -> None:
    impl = of("impl", Binary(name="impl", provides=("api",)))
    assert related(impl, of("user", Binary(name="user"), needs=needs_of("api"))).build["user"] == ("impl",)
    real = of("real", Binary(name="api"))
    assert related(impl, real, of("user", Binary(name="user"), needs=needs_of("api"))).build["user"] == ("real",)


def test_a_provided_name_gives_way_to_a_cycle_and_a_note_says_so() -> None:
    awk = of("our-awk", Binary(name="our-awk", provides=("awk",)), needs=needs_of("lib-dev"))
    relations = related(awk, of("lib", Binary(name="lib-dev", linked=True), needs=needs_of("awk")))
    assert relations.build_closures == {"lib": (), "our-awk": ("lib",)}
    assert relations.notes == ("lib takes awk from the distribution: our-awk cannot be built without it",)


@pytest.mark.parametrize(
    ("need", "wanted"),
    [
        ((Alternative("a"), Alternative("b")), ("a",)),
        ((Alternative("make"), Alternative("b")), ("b",)),
        ((Alternative("a", versioned=True), Alternative("b")), ("a", "b")),
        ((Alternative("a", architectures=frozenset({"arm64"})), Alternative("b")), ("b",)),
        ((Alternative("a", profiles=(("cross",),)),), ()),
        ((Alternative("a", profiles=(("!cross", "!stage1"),)),), ("a",)),
        ((Alternative("a", profiles=(("cross",), ("!nocheck",))),), ("a",)),
    ],
)
def test_the_first_alternative_of_ours_that_counts_is_taken(need: Need, wanted: tuple[str, ...]) -> None:
    a, b = of("a", Binary(name="a")), of("b", Binary(name="b"))
    relations = related(a, b, of("user", Binary(name="user"), needs=(need,)), contexts=BOTH)
    assert relations.on("amd64").build["user"] == wanted


def test_a_later_alternative_gives_way_to_a_cycle() -> None:
    first = of("first", Binary(name="first"), needs=((Alternative("make"), Alternative("second")),))
    relations = related(first, of("second", Binary(name="second"), needs=needs_of("first")))
    assert relations.build_closures == {"first": (), "second": ("first",)}


def test_needs_of_one_architecture_are_no_cycle_on_another() -> None:
    on_arm = Alternative("b", architectures=frozenset({"arm64"}))
    elsewhere = Alternative("a", architectures=frozenset({"amd64"}))
    relations = related(
        of("a", Binary(name="a"), needs=((on_arm,),)), of("b", Binary(name="b"), needs=((elsewhere,),)), contexts=BOTH
    )
    assert (relations.on("arm64").build["a"], relations.on("arm64").build["b"]) == (("b",), ())
    assert (relations.on("amd64").build["a"], relations.on("amd64").build["b"]) == ((), ("a",))


def test_a_package_is_none_of_ours_where_it_is_not_built() -> None:
    limited = of("limited", Binary(name="limited", architectures=frozenset({"arm64"})))
    stage1 = of("stage1", Binary(name="stage1", profiles=(("stage1",),)))
    relations = related(
        limited, stage1, of("user", Binary(name="user"), needs=needs_of("limited", "stage1")), contexts=BOTH
    )
    assert relations.on("amd64").build["user"] == ()
    assert relations.on("arm64").build["user"] == ("limited",)


def test_a_cross_build_needs_tools_of_the_build_machine_and_what_these_need() -> None:
    lib = of("lib", Binary(name="lib1"), Binary(name="lib-dev", depends=needs_of("lib1")))
    tool = of("tool", Binary(name="tool", foreign=True, linked=True), needs=needs_of("lib-dev"))
    plain = of("plain", Binary(name="plain"))
    user = of("user", Binary(name="user"), needs=((Alternative("tool"),), (Alternative("plain", native=True),)))
    relations = related(lib, tool, plain, user, contexts=BOTH)
    crossing, native = relations.on("arm64"), relations.on("amd64")
    assert (crossing.build_closures["user"], crossing.hosted_closures["user"]) == ((), ("lib", "plain", "tool"))
    assert (native.build_closures["user"], native.hosted_closures) == (("lib", "plain", "tool"), {})
    assert crossing.everything_for("user") == ("lib", "plain", "tool")


def test_what_is_listed_as_tool_is_the_build_machines_with_all_it_needs() -> None:
    lib = of("lib", Binary(name="lib1"))
    tool = of("tool", Binary(name="tool", depends=needs_of("lib1")))
    relations = related(
        lib, tool, of("user", Binary(name="user"), needs=needs_of("tool")), contexts=BOTH, tools=("tool",)
    )
    assert relations.on("arm64").hosted_closures["user"] == ("lib", "tool")


def test_a_package_may_be_cross_built_with_itself() -> None:
    own = Alternative("own", native=True, profiles=(("cross",),))
    relations = related(of("own", Binary(name="own"), needs=((own,),)), contexts=BOTH)
    assert relations.on("arm64").hosted_closures["own"] == ("own",)
    assert relations.on("amd64").build_closures["own"] == ()


def test_one_name_of_two_packages_is_known_where_both_build_it() -> None:
    left, right = of("left", Binary(name="shared")), of("right", Binary(name="shared"))
    relations = related(left, right, of("user", Binary(name="user"), needs=needs_of("shared")))
    assert relations.clashes == {"shared": ("left", "right")}
    assert relations.build["user"] == ("left", "right")
    apart = (
        of("left", Binary(name="shared", architectures=frozenset({"amd64"}))),
        of("right", Binary(name="shared", architectures=frozenset({"arm64"}))),
    )
    relations = related(*apart, of("user", Binary(name="user"), needs=needs_of("shared")), contexts=BOTH)
    assert not relations.clashes
    assert (relations.on("amd64").build["user"], relations.on("arm64").build["user"]) == (("left",), ("right",))
