"""Names that packages turned out to provide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.format import PackageFacts
from build_env.model.package import Binary, Package, Packaging, needs_of
from build_env.packages.built import with_built
from build_env.plan.relations import relate

if TYPE_CHECKING:
    from collections.abc import Iterable


def of(name: str, *binaries: Binary, needs: tuple[str, ...] = ()) -> Package:
    packaging = Packaging(binaries=binaries, build_depends=needs_of(*needs))
    return Package(name=name, directory=f"src/{name}", packaging={"rpm": packaging})


def test_a_name_that_the_last_build_provided_makes_an_edge() -> None:
    known = {
        "lib": of("lib", Binary(name="lib"), Binary(name="lib-devel")),
        "user": of("user", Binary(name="user"), needs=("pkgconfig(lib)", "gcc")),
    }
    facts = {"lib": [PackageFacts(name="lib-devel", provides=("lib-devel", "pkgconfig(lib)", "pkgconfig(other)"))]}
    assert relate(known, known, "rpm").build["user"] == ()
    found = with_built(known, known, "rpm", lambda name: facts.get(name, []))
    assert relate(found, known, "rpm").build["user"] == ("lib",)
    assert found["lib"].packaging["rpm"].binaries[1].provides == ("pkgconfig(lib)",)
    assert found["user"] is known["user"]


def test_nothing_is_asked_where_all_such_names_are_known() -> None:
    def built(_name: str) -> Iterable[PackageFacts]:
        raise AssertionError("asked")

    known = {
        "lib": of("lib", Binary(name="lib", provides=("pkgconfig(lib)",))),
        "user": of("user", Binary(name="user"), needs=("pkgconfig(lib)", "gcc")),
    }
    assert with_built(known, known, "rpm", built) is known
