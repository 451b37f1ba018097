"""What dependencies of RPM ask for."""

from __future__ import annotations

import pytest

from build_env.formats.rpm.needs import build_depends_in, needs_in
from build_env.model.package import Alternative, needs_of


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("gcc", needs_of("gcc")),
        ("pkgconfig(libgreet) >= 1:2", needs_of("pkgconfig(libgreet)")),
        ("(gcc >= 8 or clang)", ((Alternative("gcc", versioned=True), Alternative("clang")),)),
        ("(gcc and pkgconfig(x) < 2)", needs_of("gcc", "pkgconfig(x)")),
        ("(a with (b and c))", needs_of("a", "b", "c")),
        ("((a and b) or c)", ((Alternative("a"), Alternative("c")),)),
        ("(a without b)", needs_of("a")),
        ("(a if b else c)", ((Alternative("(a if b else c)"), Alternative("a")),)),
        ("libx.so.1(V)(64bit)", needs_of("libx.so.1(V)(64bit)")),
        ("()", ()),
    ],
)
def test_needs(text: str, needs: object) -> None:
    assert needs_in([text, ""]) == needs


def test_the_dependency_set_may_differ_between_architectures() -> None:
    spec = (
        "Name: build-depends\n%ifarch x86_64\nBuildRequires: gcc\nBuildConflicts: x\n%endif\n"
        "%ifarch armv7hl\nBuildRequires: clang >= 3\n%endif\nBuildRequires: make\n%description\n"
    )
    assert build_depends_in(spec) == (
        (Alternative("gcc", architectures=frozenset({"amd64"})),),
        (Alternative("clang", architectures=frozenset({"armhf"})),),
        (Alternative("make"),),
    )
