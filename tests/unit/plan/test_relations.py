from __future__ import annotations

import pytest

from build_env.core.errors import InputError
from build_env.model.package import Packaging
from build_env.plan.relations import relate
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
    with pytest.raises(InputError) as caught:
        relate(packages, ["a", "b"], "deb")
    assert [str(fault) for fault in caught.value.faults] == [
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
    assert own.packaging["deb"] == Packaging(binaries=("a", "a-tool"), build_depends=("a-tool",), all_only=False)
