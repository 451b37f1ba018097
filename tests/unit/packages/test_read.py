"""What `src/` says; every fault with its place."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from build_env.core.bounds import ALLOW
from build_env.core.errors import InputError, UsageError
from build_env.core.paths import ProjectPaths
from build_env.formats.rpm.spec import with_spec_facts
from build_env.model.package import Alternative, Binary, Packaging, needs_of
from build_env.packages.definitions import Purpose
from build_env.packages.names import check_name
from build_env.packages.read import package_names, read_packages

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.package import Package
    from tests.support.project import MakeProject

CONTROL = (
    "# a comment\nSource: one\nBuild-Depends: lib-dev (>= 1) [amd64], a | b:native, c <!nocheck>\n"
    "Build-Depends-Indep: d\n\nPackage: one\nArchitecture: any\nDepends: ${misc:Depends}, lib1,\n lib2\n\n\n"
    "Package: one-doc\nArchitecture: all\nPre-Depends: x\n"
)
CHANGELOG = "one (1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n"
SHA256 = "0" * 64


def usable(packages: dict[str, Package]) -> dict[str, Package]:
    """The packages; raises for the faults of any."""
    formats = {name for package in packages.values() for name in package.packaging}
    faults = [fault for package in packages.values() for fault in package.faults]
    faults += [
        fault
        for package in packages.values()
        for name in sorted(formats)
        if name in package.packaging
        for fault in package.packaging[name].faults
    ]
    if faults:
        raise InputError("cannot be used", faults=tuple(faults))
    return packages


def read(project: MakeProject, files: dict[str, str]) -> dict[str, Package]:
    return usable(read_packages(ProjectPaths(root=project(files).root)))


def test_a_definition(project: MakeProject) -> None:
    definition = (
        "name: uno\nversion: 1.10\nsummary: S\nlicense: L\ndate: 2025-10-01\nrequires: [a]\nprovides: [b]\n"
        f"architectures: [arm64]\narchive:\n  debian/12:\n    version: 1-1\n    sha256: '{SHA256}'\n"
    )
    found = read(project, {"src/one/definition.yaml": definition, "src/one/deb/build.sh": "#!/bin/sh\n"})["uno"]
    assert (found.directory, found.version, found.summary, found.epoch) == ("src/one", "1.10", "S", 1759276800)
    assert (found.requires, found.provides, found.architectures) == (("a",), ("b",), ("arm64",))
    assert (found.archive["debian/12"].version, found.archive["debian/12"].sha256) == ("1-1", SHA256)
    assert (found.scripts, found.metapackage) == (("deb",), False)


def test_patches_of_a_pin_are_files_of_the_package(project: MakeProject) -> None:
    pin = f"archive:\n  d/1:\n    version: '1'\n    sha256: '{SHA256}'\n    patches: [patches/a.patch]\n"
    found = read(project, {"src/one/definition.yaml": pin, "src/one/patches/a.patch": "x\n"})
    assert found["one"].archive["d/1"].patches == ("patches/a.patch",)
    with pytest.raises(InputError) as caught:
        read(project, {"src/two/definition.yaml": pin})
    assert [str(fault) for fault in caught.value.faults] == [
        "src/two/definition.yaml: the patch patches/a.patch is not in src/two/"
    ]


@pytest.mark.parametrize("name", ["../a.patch", "/a.patch", "a/../b", "a b", "./a"])
def test_a_patch_lies_in_the_package(project: MakeProject, name: str) -> None:
    pin = f"archive:\n  d/1: {{version: '1', sha256: '{SHA256}', patches: ['{name}']}}\n"
    with pytest.raises(InputError) as caught:
        read(project, {"src/one/definition.yaml": pin})
    assert "is not a file below the package's directory" in str(caught.value.faults[0])


def test_directories_are_packages_metapackages_lie_deeper_hidden_ones_are_none(project: MakeProject) -> None:
    names = ("one", "metapackages/suite", ".hidden")
    found = read(project, {f"src/{name}/x": "x\n" for name in names} | {"src/file": "x\n"})
    assert {name: entry.metapackage for name, entry in found.items()} == {"one": False, "suite": True}


def test_debian_packaging(project: MakeProject) -> None:
    found = read(project, {"src/one/deb/control": CONTROL, "src/one/deb/changelog": CHANGELOG})["one"]
    assert found.packaging["deb"] == Packaging(
        directory="deb",
        binaries=(
            Binary(name="one", depends=needs_of("lib1", "lib2")),
            Binary(name="one-doc", depends=needs_of("x"), every_architecture=True),
        ),
        build_depends=(
            (Alternative("lib-dev", architectures=frozenset({"amd64"})),),
            (Alternative("a"), Alternative("b", native=True)),
            (Alternative("c", profiles=(("!nocheck",),)),),
            (Alternative("d"),),
        ),
        all_only=False,
        mixed=True,
        epoch=1759312800,
    )
    assert found.names("deb") == {"one", "one-doc"}


@pytest.mark.parametrize(
    ("family", "files", "directory"),
    [
        ("deb", ["debian/control", "debian/changelog"], "debian"),
        ("deb", ["debian/control", "deb/control", "deb/changelog"], "deb"),
        ("rpm", ["one.spec"], "."),
        ("rpm", ["SPECS/one.spec", "one.spec"], "SPECS"),
        ("rpm", ["SPECS/one.spec", "rpm/one.spec"], "rpm"),
    ],
)
def test_packaging_is_read_where_people_have_it(
    project: MakeProject, family: str, files: list[str], directory: str
) -> None:
    texts = {"control": CONTROL, "changelog": CHANGELOG, "one.spec": "Name: one\n"}
    packages = read(project, {f"src/one/{name}": texts[name.rpartition("/")[2]] for name in files})
    assert packages["one"].packaging[family].directory == directory


def test_rpm_packaging_is_read_as_text(project: MakeProject) -> None:
    spec = "Name: one\n%(touch /tmp/never)\n%changelog\n* Wed Oct 01 2025 A <a@b> - 1\n- x\n"
    assert read(project, {"src/one/rpm/one.spec": spec})["one"].packaging["rpm"] == Packaging(
        directory="rpm", epoch=1759320000
    )


@pytest.mark.parametrize(
    ("entry", "when"),
    [
        ("* Wed Oct 01 12:34:56 UTC 2025 A <a@b> - 1", 1759322096),
        ("*  Wed Oct  1  2:34:56 GMT 2025 A <a@b> - 1", 1759286096),
        ("* Wed Oct 01 12:34:56 NOWHERE 2025 A <a@b> - 1", 1759322096),
        ("* Wed Oct 1 2025 A <a@b> - 1", 1759320000),
        ("* nothing of the kind", 0),
    ],
)
def test_a_change_may_have_a_time_as_rpm_reads_it(project: MakeProject, entry: str, when: int) -> None:
    spec = f"Name: one\n%changelog\n{entry}\n- x\n"
    found = read(project, {"src/one/rpm/one.spec": spec})["one"].packaging["rpm"]
    assert found.epoch == when


def test_what_rpm_says_of_the_date_counts(project: MakeProject) -> None:
    packages = read(project, {"src/one/rpm/one.spec": "Name: one\n%changelog\n* Wed Oct 01 2025 A <a@b> - 1\n- x\n"})
    facts: dict[str, object] = {"directory": "src/one", "packages": [], "build_requires": []}
    facts |= dict.fromkeys(("noarch", "mixed", "dynamic"), False)
    assert with_spec_facts(packages, json.dumps(facts | {"changed": 7}))["one"].date("rpm") == 7
    assert with_spec_facts(packages, json.dumps(facts | {"changed": 0}))["one"].date("rpm") == 1759320000


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("definition.yaml", "a: [", ":1:5: this is not YAML"),
        (
            "definition.yaml",
            "version: '1'\nsumary: x\n",
            ":2:1: sumary: there is no such field (did you mean summary?)",
        ),
        ("definition.yaml", "version: [1]\n", ":1:1: version: text is expected, not a list"),
        ("definition.yaml", "requires: x\n", ":1:1: requires: a list is expected, not text"),
        ("definition.yaml", "requires: [[x]]\n", ":1:12: requires[0]: a name is expected, not a list"),
        ("definition.yaml", "date: 2025-13-01\n", ":1:1: date: '2025-13-01' is not a date, YYYY-MM-DD"),
        ("definition.yaml", "date: 2025-02-30\n", ":1:1: date: '2025-02-30' is not a date, YYYY-MM-DD"),
        (
            "definition.yaml",
            "architectures: amd64\n",
            ":1:1: architectures: `all` or a list of architectures is",
        ),
        (
            "definition.yaml",
            "architectures: [amd46]\n",
            ":1:17: architectures[0]: 'amd46' is not known (did you mean amd64",
        ),
        ("definition.yaml", "name: a/b\n", ":1:1: name: 'a/b' is not a package name"),
        ("definition.yaml", "name: a..b\n", ":1:1: name: 'a..b' is not a package name"),
        ("definition.yaml", "archive: x\n", ":1:1: archive: a map is expected, not text"),
        ("definition.yaml", "archive:\n  d/1: x\n", ":2:3: archive.d/1: a map is expected, not text"),
        (
            "definition.yaml",
            "archive:\n  d/1: {version: 1, sha256: x}\n",
            ":2:21: archive.d/1.sha256: 'x' is not 64 hexadecimal digits",
        ),
        (
            "definition.yaml",
            "archive:\n  d/1: {version: 1}\n",
            ":2:3: archive.d/1.sha256: is missing: the digest",
        ),
        ("deb/control", "Package: one\n", ":1: the first paragraph must have a Source field"),
        ("deb/control", "\nSource: one\n", ":2: a paragraph with a Package field is missing"),
        ("deb/control", "Source: one\n\nArchitecture: any\n", ":3: a paragraph without the field Package"),
        ("deb/control", "Source: one\n\nPackage: one\n", ":3: a paragraph without the field Architecture"),
        ("deb/control", "# nothing\n", ":1: it is empty"),
        ("deb/changelog", "one (1) x; urgency=low\n", ": no finished entry"),
        ("deb/changelog", "one (1) x\n\n -- A <a@b>  yesterday\n", ":3:12: the entry's date cannot be read"),
        ("deb/changelog", "", ": Debian packaging needs a changelog"),
        ("rpm/one.spec", "%changelog\n* Mon Feb 31 2025 A\n", ":2: the date of the changelog entry cannot be read"),
    ],
)
def test_each_fault_has_its_place(project: MakeProject, file: str, text: str, said: str) -> None:
    files = {"src/one/x": "x\n"}
    if file.startswith("deb/"):
        files |= {"src/one/deb/control": CONTROL, "src/one/deb/changelog": CHANGELOG}
    with pytest.raises(InputError) as caught:
        read(project, {**files, f"src/one/{file}": text})
    assert f"src/one/{file}{said}" in "\n".join(caught.value.lines())


def test_what_is_not_text_is_told(project: MakeProject) -> None:
    made = project({})
    (made.root / "src/one").mkdir(parents=True)
    (made.root / "src/one/definition.yaml").write_bytes(b"a: 1\n\xff")
    found = read_packages(ProjectPaths(root=made.root))["one"]
    assert [str(fault) for fault in found.faults] == ["src/one/definition.yaml:2: this is not UTF-8"]


def test_packaging_is_read_whatever_encoding_people_of_old_wrote_their_names_in(project: MakeProject) -> None:
    made = project({"src/one/deb/control": CONTROL, "src/one/deb/changelog": f"\n{CHANGELOG}"})
    before = usable(read_packages(ProjectPaths(root=made.root)))
    old = {"control": f"Maintainer: J\xfcrgen\n{CONTROL}", "changelog": f"\n{CHANGELOG} * J\xfcrgen\x85 -- x\n"}
    for name, text in old.items():
        (made.root / "src/one/deb" / name).write_text(text, encoding="latin-1")
    assert usable(read_packages(ProjectPaths(root=made.root))) == before


@pytest.mark.parametrize(
    ("file", "family"),
    [
        ("deb/rules", "deb"),
        ("rpm/one.spec", "rpm"),
        ("deb/postinst", "deb"),
        ("deb/config", "deb"),
        ("deb/one-doc.prerm", "deb"),
    ],
)
def test_line_ends_of_windows_are_a_fault_where_they_would_be_executed(
    project: MakeProject, file: str, family: str
) -> None:
    made = project({"src/one/deb/control": CONTROL, "src/one/deb/changelog": CHANGELOG, "src/one/deb/rules": "#!/x\n"})
    (made.root / "src/one/deb/control").write_bytes(CONTROL.replace("\n", "\r\n").encode())
    (made.root / "src/one" / file).parent.mkdir(exist_ok=True)
    (made.root / "src/one" / file).write_bytes(b"#!/usr/bin/make -f\r\nall:\r\n")
    found = read_packages(ProjectPaths(root=made.root))["one"]
    (fault,) = found.faults_for(family)
    assert str(fault).startswith(f"src/one/{file}:1: its lines end with CR LF, which shells do not read; let git")
    assert found.names("deb") == {"one", "one-doc"}


def test_a_file_beside_maintainer_scripts_may_have_any_line_ends(project: MakeProject) -> None:
    made = project({"src/one/deb/control": CONTROL, "src/one/deb/changelog": CHANGELOG})
    (made.root / "src/one/deb/app.config").write_bytes(b"[app]\r\n")
    (made.root / "src/one/deb/postinst").mkdir()
    assert read_packages(ProjectPaths(root=made.root))["one"].faults_for("deb") == ()


def test_a_directory_whose_name_is_no_text_is_a_package_that_cannot_be_used(project: MakeProject) -> None:
    made = project({"src/one/x": "x"})
    (made.root / "src" / os.fsdecode(b"caf\xe9")).mkdir()
    found = read_packages(ProjectPaths(root=made.root))
    assert set(found) == {"one", "caf\\udce9"}
    assert str(found["caf\\udce9"].faults[0]).startswith("src/caf\\udce9: 'caf\\udce9' is not a package name")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["error: line 6: Unknown tag: X", " stopped"], [":6: Unknown tag: X"]),
        (["error: line 6: Bad", "error: line 9: Worse"], [":6: Bad", ":9: Worse"]),
        (["error: License field must be present", " stopped"], [": error: License field must be present; stopped"]),
    ],
)
def test_a_spec_that_the_scan_could_not_read_is_a_fault_of_its_package(
    project: MakeProject, said: list[str], told: list[str]
) -> None:
    packages = read(project, {"src/one/rpm/one.spec": "Name: one\n", "src/two/rpm/two.spec": "Name: two\n"})
    line = {"directory": "src/one", "spec": "src/one/rpm/one.spec", "unreadable": said}
    found = with_spec_facts(packages, json.dumps(line))
    assert [str(fault) for fault in found["one"].faults_for("rpm")] == [f"src/one/rpm/one.spec{each}" for each in told]
    assert not found["two"].faults_for("rpm")


def test_what_cannot_be_used_still_has_its_names(project: MakeProject) -> None:
    files = {
        "src/one/definition.yaml": "name: uno\nunknown: 1\n",
        "src/one/deb/control": "Source: x\n\nPackage: libuno1\n\nPackage: libuno-dev\nArchitecture: any\n",
    }
    made = project({**files, "src/two/definition.yaml": "requires: [uno]\n"})
    found = read_packages(ProjectPaths(root=made.root))
    assert set(found) == {"uno", "two"}
    assert found["uno"].names("deb") == {"uno", "libuno1", "libuno-dev"}
    assert [str(fault).partition(";")[0] for fault in found["uno"].faults_for("deb")] == [
        "src/one/definition.yaml:2:1: unknown: there is no such field",
        "src/one/deb/control:3: a paragraph without the field Architecture",
        "src/one/deb/changelog: Debian packaging needs a changelog",
    ]
    assert [str(fault).partition(";")[0] for fault in found["uno"].faults_for("rpm")] == [
        "src/one/definition.yaml:2:1: unknown: there is no such field"
    ]


@pytest.mark.parametrize("link", ["one", "one/definition.yaml"])
def test_a_definition_outside_of_the_project_is_not_read(project: MakeProject, link: str, tmp_path: Path) -> None:
    made = project({"src/two/x": "x"})
    outside = tmp_path / "outside"
    (outside / "one").mkdir(parents=True)
    (outside / "one/definition.yaml").write_text("name: [hidden\n", encoding="utf-8")
    (made.root / "src" / link).parent.mkdir(exist_ok=True)
    (made.root / "src" / link).symlink_to(outside / link)
    found = read_packages(ProjectPaths(root=made.root))["one"]
    assert f"src/{link}: leads out of the project, to {outside / link}: copy what" in str(found.faults[0])
    allowed = read_packages(ProjectPaths(root=made.root), Purpose(outside=str(outside)))["one"]
    assert "this is not YAML" in str(allowed.faults[0])


@pytest.mark.parametrize(
    ("link", "family"),
    [
        *((name, "deb") for name in ("deb", "debian", "deb/control", "deb/changelog", "deb/rules", "one_1.dsc")),
        *((name, "rpm") for name in ("rpm", "SPECS", "rpm/one.spec", "one.spec", "one-1-1.src.rpm")),
    ],
)
def test_packaging_that_lies_outside_of_the_project_is_not_read(
    project: MakeProject, tmp_path: Path, link: str, family: str
) -> None:
    packaged = {"src/one/deb/control": CONTROL, "src/one/deb/changelog": CHANGELOG}
    made = project(packaged if link.startswith("deb/") else {"src/one/x": "x", "src/one/rpm/x": "x"})
    outside, path = tmp_path / "outside", made.root / "src/one" / link
    outside.mkdir()
    for name in ("control", "changelog", "rules", "one_1.dsc", "one.spec", "one-1-1.src.rpm"):
        (outside / name).write_text("* Wed Hid 99 2025 hidden\r\n", encoding="utf-8")
    if link == "rpm":
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(outside if link in {"deb", "debian", "rpm", "SPECS"} else outside / path.name)
    found = read_packages(ProjectPaths(root=made.root))["one"]
    said = f"src/one/{link}: leads out of the project, to {path.resolve()}: {ALLOW}"
    assert [str(fault) for fault in found.faults_for(family)] == [said]
    allowed = read_packages(ProjectPaths(root=made.root), Purpose(outside=str(outside)))["one"]
    assert said not in map(str, allowed.faults_for(family))


def test_links_in_a_circle_are_no_packages_and_stop_none(project: MakeProject) -> None:
    made = project({"src/two/x": "x", "src/three/x": "x", "src/three/rpm/x.spec": "Name: three\n"})
    for name in ("one", "metapackages", "two/definition.yaml", "two/deb", "three/deb"):
        (made.root / "src" / name).symlink_to(made.root / "src" / name)
    found = read_packages(ProjectPaths(root=made.root))
    assert {name: set(package.packaging) for name, package in found.items()} == {"two": set(), "three": {"rpm"}}
    assert found["two"].faults == ()


def test_a_definition_may_be_a_table_by_release_with_shared_defaults(project: MakeProject) -> None:
    files = {
        "common/shared.yaml": (
            "otk.default: {suffix: std}\nversion: 1-$suffix\narchive:\n  debian/12: {version: '1', sha256: "
            + SHA256
            + "}\n"
        ),
        "src/one/definition.yaml": (
            "otk.include: {path: ../../common/shared.yaml, join: deep}\n"
            "otk.include.own: {path: $distro.yaml, optional: true}\n"
            "otk.define:\n  suffix: own\n  needs: {12: [a], 22.04: [b]}\n"
            "requires: {otk.variable: {name: needs.$release, default: []}}\n"
            "archive: {debian/13: {version: '2', sha256: " + SHA256 + "}}\n"
        ),
        "src/one/ubuntu.yaml": "summary: U\n",
    }
    made = project(files)

    def read_as(target: str) -> Package:
        purpose = Purpose(target=target, architectures=("amd64",))
        return usable(read_packages(ProjectPaths(root=made.root), purpose))["one"]

    found = {target: read_as(target) for target in ("debian/12", "ubuntu/22.04", "debian/13")}
    assert [(each.requires, each.summary, each.version) for each in found.values()] == [
        (("a",), "", "1-own"), (("b",), "U", "1-own"), ((), "", "1-own")
    ]  # fmt: skip
    assert set(found["debian/12"].archive) == {"debian/12", "debian/13"}


def test_faults_of_all_packages_come_at_once(project: MakeProject) -> None:
    bad = {f"src/{name}/definition.yaml": "a: 1\nb: 2\n" for name in ("one", "two")}
    with pytest.raises(InputError) as caught:
        read(project, {**bad, "src/three/definition.yaml": "name: four\n", "src/four/x": "x\n"})
    assert len(caught.value.faults) == 5
    assert "the package four is declared in src/four too" in "\n".join(caught.value.lines())


def test_two_spec_files_are_one_too_many(project: MakeProject) -> None:
    with pytest.raises(InputError) as caught:
        read(project, {"src/one/rpm/a.spec": "x\n", "src/one/rpm/b.spec": "x\n"})
    assert "src/one/rpm: more than one spec file: a.spec, b.spec" in "\n".join(caught.value.lines())


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "", "a/b", "x..y", ".x", "a\n", "a;b", "ä"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a package name"):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "libgreet1", "g++-12", "python3.11", "A_b"])
def test_names_that_can_be(name: str) -> None:
    assert check_name(name) == name


FACTS = (
    '{"directory": "src/one", "build_requires": ["gcc >= 8", "(a or b)"], "noarch": true, "mixed": false,'
    ' "dynamic": true, "packages":'
    ' [{"name": "one", "noarch": true, "provides": ["one", "virtual"], "requires": ["lib"]}]}'
)


def test_facts_of_specs_are_joined_to_packages_by_their_place_in_the_room(project: MakeProject) -> None:
    packages = read(project, {"src/metapackages/one/rpm/one.spec": "x\n", "src/two/x": "x\n"})
    found = with_spec_facts(packages, f"{FACTS}\n")
    assert found["one"].packaging["rpm"] == Packaging(
        directory="rpm",
        binaries=(
            Binary(name="one", provides=("virtual",), depends=needs_of("lib"), every_architecture=True, generated=True),
        ),
        build_depends=((Alternative("gcc"),), (Alternative("a"), Alternative("b"))),
        all_only=True,
        dynamic=True,
    )
    assert found["one"].of_every_architecture("rpm")
    assert found["two"] is packages["two"]
    assert with_spec_facts(packages, "") == packages


@pytest.mark.parametrize(
    ("exclusive", "excluded", "left"),
    [
        ([], [], ()),
        (["ppc64le", "x86_64"], [], ("amd64", "ppc64el")),
        (["noarch"], [], ()),
        (["x86_64", "aarch64"], ["aarch64"], ("amd64",)),
        ([], ["x86_64", "s390x", "ppc64le", "riscv64"], ("arm64", "armhf")),
        (["sparc64"], ["sparc64"], ("none",)),
    ],
)
def test_a_spec_says_for_which_architectures_it_is(
    project: MakeProject, exclusive: list[str], excluded: list[str], left: tuple[str, ...]
) -> None:
    packages = read(project, {"src/metapackages/one/rpm/one.spec": "x\n"})
    facts = json.dumps({**json.loads(FACTS), "exclusive": exclusive, "excluded": excluded})
    assert with_spec_facts(packages, facts)["one"].limited_to("rpm") == left


REMOTE = FACTS.replace(
    '"noarch": true, "mixed"',
    '"sources": ["a-1.tar.gz", "b.patch", "c.zip"], "remote": ["a-1.tar.gz http://a.example/a-1.tar.gz",'
    ' "b.patch http://a.example/b.patch", "never.gz http://a.example/never.gz"], "noarch": true, "mixed"',
)
PIN = f"sources:\n  a-1.tar.gz: {{url: 'http://a.example/a-1.tar.gz', sha256: '{'0' * 64}'}}\n"


@pytest.mark.parametrize(
    ("files", "missing", "upstream"),
    [
        ({}, ["a-1.tar.gz", "b.patch", "c.zip"], ()),
        ({"src/one/b.patch": "x"}, ["a-1.tar.gz", "c.zip"], ()),
        ({"src/one/b.patch": "x", "src/one/definition.yaml": PIN}, ["c.zip"], ()),
        ({"src/one/SOURCES/b.patch": "x", "src/one/a-1.tar.gz": "x"}, ["c.zip"], ("a-1.tar.gz",)),
        ({"src/one/SOURCES/a-1.tar.gz": "x", "src/one/c.zip": "x"}, ["b.patch"], ("SOURCES/a-1.tar.gz", "c.zip")),
        ({"src/one/main.c": "x"}, [], ()),
    ],
)
def test_sources_on_servers_are_there_or_pinned_or_made_of_what_is_there(
    project: MakeProject, files: dict[str, str], missing: list[str], upstream: tuple[str, ...]
) -> None:
    packages = read(project, {"src/one/one.spec": "x\n", "src/one/README.md": "x", **files})
    packaging = with_spec_facts(packages, f"{REMOTE}\n", "centos/9")["one"].packaging["rpm"]
    assert [str(fault) for fault in packaging.faults] == [
        "src/one: c.zip is a source of the spec, and neither there nor is there anything to make it of"
        if name == "c.zip"
        else f"src/one/definition.yaml: http://a.example/{name} is neither there nor pinned: build-env pin one@centos/9"
        for name in missing
    ]
    assert packaging.upstream == upstream


def test_a_file_that_is_no_text_beside_an_upstream_tarball_is_a_fault_of_its_package_alone(
    project: MakeProject,
) -> None:
    packaged = {"src/one/deb/control": CONTROL, "src/one/deb/changelog": CHANGELOG, "src/one/one_1.orig.tar.gz": "x"}
    made = project({**packaged, "src/one/deb/source/format": "3.0 (quilt)\n", "src/two/x": "x"})
    for name in ("deb/source/format", "deb/changelog"):
        with (made.root / "src/one" / name).open("wb") as file:
            file.truncate(1 << 30)
        found = read_packages(ProjectPaths(root=made.root))
        assert ["larger than 16M" in str(fault) for fault in found["one"].faults_for("deb")] == [True]
        assert found["two"].faults_for("deb") == ()


def test_the_name_of_a_fetched_file_is_no_path(project: MakeProject) -> None:
    text = PIN.replace("a-1.tar.gz:", "../a:")
    with pytest.raises(InputError) as caught:
        read(project, {"src/one/definition.yaml": text})
    assert "the name of a file" in "\n".join(caught.value.lines())


@pytest.mark.parametrize("line", ["no json", "[]", '{"directory": "src/one"}'])
def test_a_report_that_cannot_be_read_is_told(line: str) -> None:
    with pytest.raises(InputError, match="the scan of the spec files"):
        with_spec_facts({}, line)


def read_for(project: MakeProject, files: dict[str, str], *archs: str) -> dict[str, Package]:
    purpose = Purpose(target="debian/12", architectures=archs)
    return usable(read_packages(ProjectPaths(root=project(files).root), purpose))


def test_a_definition_with_directives_is_compiled_for_the_target_and_each_architecture(project: MakeProject) -> None:
    files = {
        "common/shared.yaml": "license: L\n",
        "common/arm64.yaml": "requires: [b]\n",
        "common/amd64.yaml": "requires: [a]\n",
        "src/one/definition.yaml": (
            "otk.include.shared: ../../common/shared.yaml\notk.include.arch: ../../common/$arch.yaml\n"
            "version: 1-$release\nsummary: $distro of ${target}\nprovides: [one-$arch]\n"
        ),
    }
    found = read_for(project, files, "amd64", "arm64")["one"]
    assert (found.version, found.summary) == ("1-12", "debian of debian/12")
    assert (found.requires, found.provides) == (("a", "b"), ("one-amd64", "one-arm64"))
    assert (found.on("amd64").requires, found.on("arm64").requires) == (("a",), ("b",))


def test_a_variable_may_be_chosen_by_the_architecture(project: MakeProject) -> None:
    text = "otk.define:\n  needs: {amd64: [a], arm64: []}\nrequires:\n  otk.variable: needs.$arch\n"
    found = read_for(project, {"src/one/definition.yaml": text}, "amd64", "arm64")["one"]
    assert (found.on("amd64").requires, found.on("arm64").requires) == (("a",), ())


def test_a_definition_that_needs_a_target_hides_no_other_name(project: MakeProject) -> None:
    files = {"src/one/definition.yaml": "otk.include: ${target}.yaml\n", "src/two/definition.yaml": "name: zwei\n"}
    assert package_names(ProjectPaths(root=project(files).root)) == {"one", "zwei"}


def test_what_is_the_same_for_all_architectures_is_one_package(project: MakeProject) -> None:
    found = read_for(project, {"src/one/definition.yaml": "otk.define: {v: '1'}\nversion: $v\n"}, "amd64", "arm64")
    assert (found["one"].version, found["one"].variants) == ("1", {})


def test_a_dollar_means_the_same_with_and_without_a_directive(project: MakeProject) -> None:
    text = "summary: for $target, $$5\n"
    files = {"src/one/definition.yaml": text, "src/two/definition.yaml": f"otk.define: {{x: 1}}\n{text}"}
    assert {package.summary for package in read_for(project, files, "amd64").values()} == {"for debian/12, $5"}


def test_all_faults_of_a_file_come_at_once(project: MakeProject) -> None:
    text = "versoin: 1\nrequires: x\narchive:\n  d/1: {version: [], sha256: y}\na: 1\na: 2\n"
    with pytest.raises(InputError) as caught:
        read(project, {"src/one/definition.yaml": text})
    assert [str(fault.location).rpartition("/")[2] for fault in caught.value.faults] == [
        f"definition.yaml:{place}" for place in ("6:1", "1:1", "6:1", "2:1", "4:9", "4:22")
    ]


def test_a_name_comes_from_the_directory_and_must_be_one(project: MakeProject) -> None:
    with pytest.raises(InputError) as caught:
        read(project, {"src/a b/x": "x\n"})
    assert "src/a b: 'a b' is not a package name" in "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("otk.define: {v: 1}\nversion: [1]\n", "src/one/definition.yaml:2:1: version: text is expected, not a list"),
        ("otk.define: {v: [1]}\nversion: $v\n", "src/one/definition.yaml:1:17: version: text is expected, not a list"),
        ("otk.define: {v: 1}\nsummary: $w\n", "src/one/definition.yaml:2:10: could not resolve w"),
        (
            "otk.include: gone.yaml\n",
            "src/one/definition.yaml:1:14: file gone.yaml was not found (looked for src/one/gone",
        ),
        ("otk.define: {v: 1}\nname: one-$arch\n", "src/one/definition.yaml: the name must be the same"),
        ("otk.include: $arch.yaml\n", "a package is of every architecture (architectures: all) for all of them, or"),
        ("version:\n  otk.external.x: {}\n", "otk.external.x cannot run"),
    ],
)
def test_faults_of_a_manifest_name_files_from_the_root(project: MakeProject, text: str, said: str) -> None:
    more = {"src/one/amd64.yaml": "architectures: all\n", "src/one/arm64.yaml": "architectures: [arm64]\n"}
    with pytest.raises(InputError) as caught:
        read_for(project, {"src/one/definition.yaml": text, **more}, "amd64", "arm64")
    assert said in "\n".join(caught.value.lines())
