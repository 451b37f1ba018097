"""What deb/control says of binary packages and their needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from build_env.core.errors import InputError
from build_env.formats.deb.control import packaging_in, read_packaging
from build_env.formats.deb.needs import CROSS_PROFILES, architectures_of, needs_in
from build_env.model.package import Alternative, Binary, needs_of

ROOT = Path(__file__).resolve().parents[3]
CONTROL = """\
Source: base
Build-Depends: debhelper-compat (= 13)

Package: base
Architecture: any
Multi-Arch: foreign
Provides: api (= 2), other
Depends: ${shlibs:Depends}, ${misc:Depends}, base-data (= ${source:Version}), ${base:Depends}

Package: base-data
Architecture: all
Depends: ${misc:Depends}

Package: base-arm
Architecture: any-arm arm64
Build-Profiles: <!stage1 !nocheck> <pkg.base.arm>

Package: base-udeb
Package-Type: udeb
Architecture: any
"""


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("Depends: base, a (>= 1", "5:16: dpkg reads no relation in 'a (>= 1'"),
        ("Depends: base,\n# why\n a |\n b (1)", "8:2: dpkg reads no relation in 'b (1)'"),
        ("Recommends: a [amd64] (>= 1)", "5:13: dpkg reads no relation"),
        ("Build-Depends: a b", "5:16: dpkg reads no relation in 'a b'"),
        ("Depends base", "5:1: this is no field"),
        ("Depends: a (" + ", b (" * 9, "5:10: dpkg reads no relation in 'a ('"),
        ("Section: a\nsection: b", "6:1: the field section stands in line 5 already"),
    ],
)
def test_what_dpkg_refuses_is_told_with_its_place(field: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        packaging_in(f"Source: base\n\nPackage: base\nArchitecture: any\n{field}\n", "control")
    (fault,) = caught.value.all_faults
    assert str(fault).startswith(f"control:{told}")


def test_what_dpkg_takes_is_not_refused() -> None:
    relations = (
        "${misc:Depends}, ${a}${b} x, a:any (>= ${binary:Version}) [!amd64 any-arm] <!x y> <z>, ( = 1 )x${y}, a\n (= 1)"
        ",\n  b|c, , d (<< 2~),"
    )
    control = f"Source: base\n\nPackage: base\nArchitecture: any\nX: a (\n b [\nDepends: {relations}\n"
    assert packaging_in(control, "control").binaries


def test_an_architecture_has_its_name_of_debian() -> None:
    with pytest.raises(InputError) as caught:
        packaging_in("Source: base\n\nPackage: base\nArchitecture: amd64 aarch64 hurd-i386\n", "control")
    assert [str(fault) for fault in caught.value.all_faults] == ["control:4:21: dpkg knows no aarch64: arm64 is meant"]


def test_the_name_of_a_package_is_one() -> None:
    with pytest.raises(InputError) as caught:
        packaging_in("Source: base\n\nPackage: Base\nArchitecture: any\n", "control")
    assert str(caught.value.all_faults[0]) == "control:3:10: 'Base' cannot be the name of a package"


@pytest.mark.parametrize("field", ["Package-Type: udeb", "XC-Package-Type: udeb ", "xc-package-type: Udeb"])
def test_packages_for_the_installer_are_none_that_are_built(field: str) -> None:
    """Under which name the field may stand, `common/deb/build.sh` knows as well."""
    control = f"Source: base\n\nPackage: base\nArchitecture: all\n\nPackage: base-udeb\nArchitecture: any\n{field}\n"
    found = packaging_in(control, "control")
    assert [binary.name for binary in found.binaries] == ["base"]
    assert (found.all_only, found.mixed) == (True, False)


def test_a_finished_source_builds_no_packages_for_the_installer(tmp_path: Path) -> None:
    listed = " base deb misc optional arch=all\n base-udeb udeb debian-installer optional arch=any\n"
    (tmp_path / "base_1.dsc").write_text(f"Source: base\nBinary: base, base-udeb\nPackage-List:\n{listed}")
    found = read_packaging(tmp_path, "src/base")
    assert found
    assert [binary.name for binary in found.binaries] == ["base"]
    assert found.all_only


def test_each_binary_package_has_its_own_facts() -> None:
    base, data, arm = packaging_in(CONTROL, "control").binaries
    assert base == Binary(
        name="base", provides=("api", "other"), depends=needs_of("base-data"), foreign=True, linked=True, generated=True
    )
    assert data == Binary(name="base-data", every_architecture=True)
    assert arm.architectures == frozenset({"armel", "armhf", "arm64"})
    assert arm.profiles == (("!stage1", "!nocheck"), ("pkg.base.arm",))


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("a (>= 1~) , , b|c:any", ((Alternative("a"),), (Alternative("b"), Alternative("c", native=True)))),
        ("a (>= 9) | b", ((Alternative("a", versioned=True), Alternative("b")),)),
        ("${misc:Depends}, a (= ${binary:Version})", ((Alternative("a"),),)),
        (
            "a:native <cross> <stage1 !nocheck>",
            ((Alternative("a", True, None, (("cross",), ("stage1", "!nocheck"))),),),
        ),
        ("a\n [armhf\tkfreebsd-any]", ((Alternative("a", architectures=frozenset({"armhf"})),),)),
    ],
)
def test_needs(text: str, needs: object) -> None:
    assert needs_in([text]) == needs


@pytest.mark.parametrize(
    ("field", "there", "elsewhere"),
    [
        ("linux-any", "amd64", ""),
        ("any-amd64 i386", "amd64", "arm64"),
        ("gnu-linux-any", "armhf", ""),
        ("hurd-any", "", "amd64"),
        ("arm64", "arm64", "armhf"),
        ("any-arm", "armhf", "arm64"),
    ],
)
def test_wildcards(field: str, there: str, elsewhere: str) -> None:
    found = architectures_of(field)
    assert found is not None
    assert not there or there in found
    assert not elsewhere or elsewhere not in found
    marked = needs_in([f"x [{' '.join('!' + word for word in field.split())}]"])[0][0].architectures
    assert marked is not None
    assert not there or there not in marked


def test_the_profiles_of_a_cross_build_are_those_of_the_script() -> None:
    script = (ROOT / "common/deb/build.sh").read_text(encoding="utf-8")
    found = re.search(r"^CROSS_PROFILES='(.*)'$", script, re.MULTILINE)
    assert found is not None
    assert set(found[1].split(",")) == CROSS_PROFILES
