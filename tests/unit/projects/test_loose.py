"""Packages that are in no project: what the project that is made for them holds, and that nothing else is written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from build_env.app.project import open_project
from build_env.app.session import open_session
from build_env.core.errors import Fault, InputError, Location, UsageError
from build_env.model.options import BuildOptions
from build_env.packages.definitions import Purpose
from build_env.packages.read import read_packages
from build_env.plan.graph import upstream_of
from build_env.projects.loose import is_path, loose_project

CONTROL = "Source: hello\n\nPackage: hello\nArchitecture: any\n"
CHANGELOG = "hello (1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def source_package(directory: Path, *, leave_out: str = "") -> Path:
    """A `.dsc` with the files that it names, beside something else."""
    files = {"hello_1.tar.xz": "the archive"}
    lines = [f" {hashlib.sha256(text.encode()).hexdigest()} {len(text)} {name}" for name, text in files.items()]
    dsc = "Source: hello\nBinary: hello\nBuild-Depends: debhelper\nPackage-List:\n hello deb devel optional arch=any\n"
    dsc += " hello-doc deb doc optional arch=all\nChecksums-Sha256:\n" + "\n".join(lines) + "\n"
    files.pop(leave_out, None)
    return write(directory, {**files, "hello_1.dsc": dsc, "private.txt": "not yours"}) / "hello_1.dsc"


@pytest.mark.parametrize(
    ("files", "place", "name", "family"),
    [
        ({"debian/control": CONTROL, "debian/changelog": CHANGELOG}, ".", "hello", "deb"),
        ({"mylib.spec": "Name: mylib\n"}, ".", "mylib", "rpm"),
        ({"mylib.spec": "Name: %{pypi}\n"}, "mylib.spec", "mylib", "rpm"),
        ({"SPECS/mylib.spec": "Name: other\n"}, "SPECS/mylib.spec", "other", "rpm"),
        ({"rpm/mylib.spec": "Name: mylib\n"}, ".", "mylib", "rpm"),
        ({"mylib-1-2.src.rpm": "bytes"}, "mylib-1-2.src.rpm", "mylib", "rpm"),
        ({"mylib-1-2.src.rpm": "bytes"}, ".", "mylib", "rpm"),
    ],
)
def test_a_package_is_taken_where_it_lies(
    tmp_path: Path, environ: dict[str, str], files: dict[str, str], place: str, name: str, family: str
) -> None:
    directory = write(tmp_path / "her", files)
    before = sorted(directory.rglob("*"))
    made = loose_project((directory / place,), environ)
    assert made.names == (name,)
    assert made.root.is_relative_to(tmp_path / "state/build-env")
    project = open_project(made.root, {})
    package = read_packages(project.paths, Purpose(outside=project.settings.outside))[name]
    assert not package.faults
    assert list(package.packaging) == [family]
    assert sorted(directory.rglob("*")) == before
    assert loose_project((directory / place,), environ) == made


@pytest.mark.parametrize("folder", ["", "SPECS/"])
def test_a_spec_among_others_is_the_one_that_is_meant(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    """In a workshop of many specs nothing but sources can belong to one of them."""
    names = (f"{folder}a.spec", f"{folder}b.spec", "SOURCES/a.tar.gz")
    directory = write(tmp_path / "workshop", dict.fromkeys(names, "Name: %{x}\n"))
    made = loose_project((directory / names[0],), environ)
    assert made.names == ("a",)
    laid = {path.relative_to(made.root / "src/a").as_posix() for path in (made.root / "src/a").rglob("*.*")}
    assert laid == {names[0], names[2]}
    project = open_project(made.root, {})
    assert not read_packages(project.paths, Purpose(outside=project.settings.outside))["a"].packaging["rpm"].faults


def test_a_place_is_one_however_it_is_named(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state has the key that clients trust."""
    directory = write(tmp_path / "her", {"mylib.spec": "Name: mylib\n"})
    (tmp_path / "link").symlink_to(directory)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    named = (directory, Path("../her"), Path("../her/mylib.spec"), Path("../link"), tmp_path / "other/../her")
    assert len({loose_project((place,), environ).root for place in named}) == 1
    with pytest.raises(UsageError, match="does not exist"):
        loose_project((Path("none/../../her"),), environ)


def test_where_state_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    directory = write(tmp_path / "her", {"mylib.spec": "Name: mylib\n"})
    for place in ("/proc/none", str(tmp_path / "file")):
        with pytest.raises(UsageError, match="state cannot be kept in") as caught:
            loose_project((directory,), {"XDG_STATE_HOME": place})
        assert "XDG_STATE_HOME" in caught.value.hint


def test_its_files_are_called_as_their_owner_calls_them(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "her", {"debian/control": CONTROL.replace("any", ""), "debian/changelog": CHANGELOG})
    paths = open_project(loose_project((tmp_path / "her",), environ).root, {}).paths
    monkeypatch.chdir(tmp_path / "her")
    assert paths.shown("src/hello/debian/control") == "debian/control"
    assert paths.shown("build/logs/x.log") == str(paths.root / "build/logs/x.log")
    assert paths.shown("the command line") == "the command line"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught, open_session(open_project(paths.root, {}), BuildOptions(), writes=False):
        raise InputError("wrong", faults=(Fault(message="no", location=Location(file="src/hello/debian/control")),))
    assert str(caught.value.faults[0]) == "her/debian/control: no"
    monkeypatch.chdir(paths.root / "src")
    assert paths.shown("src/hello/debian/control") == "src/hello/debian/control"


def test_the_upstream_tarballs_beside_a_package_belong_to_it(tmp_path: Path, environ: dict[str, str]) -> None:
    """Those of its version, beside the directory or at its top; nothing else beside it can be read."""
    changelog = CHANGELOG.replace("(1)", "(1:2~rc1-3)")
    control = {"her/debian/control": CONTROL, "her/debian/changelog": changelog}
    beside = (
        "hello_2~rc1.orig.tar.xz",
        "hello_2~rc1.orig-data.tar.gz",
        "hello_2.orig.tar.gz",
        "other_2~rc1.orig.tar.gz",
    )
    top = {"her/hello_2~rc1.orig.tar.xz.asc": "", "her/hello_2~rc1.debian.tar.xz": "", "her/code.c": ""}
    write(tmp_path, {**control, **dict.fromkeys(beside, ""), **top, "private.txt": ""})
    project = open_project(loose_project((tmp_path / "her",), environ).root, {})
    package = read_packages(project.paths, Purpose(outside=project.settings.outside))["hello"]
    assert (package.faults, package.packaging["deb"].faults) == ((), ())
    files = {file.path: file.destination for file in upstream_of(package, "deb")}
    assert files == {
        "src/hello_2~rc1.orig-data.tar.gz": "src/hello_2~rc1.orig-data.tar.gz",
        "src/hello_2~rc1.orig.tar.xz": "src/hello_2~rc1.orig.tar.xz",
        "src/hello/hello_2~rc1.orig.tar.xz.asc": "src/hello_2~rc1.orig.tar.xz.asc",
    }
    assert {path.name for path in (project.paths.root / "src").iterdir()} == {"hello", beside[0], beside[1]}
    (tmp_path / beside[0]).unlink()
    loose_project((tmp_path / "her",), environ)
    assert not (project.paths.root / "src" / beside[0]).is_symlink()


@pytest.mark.parametrize(("version", "source_format"), [("2-1", "3.0 (native)"), ("2", "3.0 (quilt)")])
def test_a_source_of_one_archive_has_no_tarballs_beside_it(
    tmp_path: Path, environ: dict[str, str], version: str, source_format: str
) -> None:
    files = {"control": CONTROL, "changelog": CHANGELOG.replace("(1)", f"({version})"), "source/format": source_format}
    write(tmp_path, {f"her/debian/{name}": text for name, text in files.items()} | {"hello_2.orig.tar.xz": ""})
    project = open_project(loose_project((tmp_path / "her",), environ).root, {})
    packages = read_packages(project.paths, Purpose(outside=project.settings.outside))
    assert packages["hello"].packaging["deb"].upstream == ()


def test_of_a_source_package_only_its_own_files_are_taken(tmp_path: Path, environ: dict[str, str]) -> None:
    made = loose_project((source_package(tmp_path / "her"),), environ)
    assert made.names == ("hello",)
    project = open_project(made.root, {})
    listing = project.trees.listing(made.root / "src/hello")
    assert [entry.name for entry in listing.entries] == ["hello_1.dsc", "hello_1.tar.xz"]
    packaging = read_packages(project.paths, Purpose(outside=project.settings.outside))["hello"].packaging["deb"]
    assert packaging.source == "hello_1.dsc"
    assert [(binary.name, binary.every_architecture) for binary in packaging.binaries] == [
        ("hello", False),
        ("hello-doc", True),
    ]
    assert [need[0].name for need in packaging.build_depends] == ["debhelper"]


def test_a_source_package_that_is_not_whole_is_told(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"hello_1\.dsc consists of files that are not beside it: hello_1\.tar\.xz"):
        loose_project((source_package(tmp_path / "her", leave_out="hello_1.tar.xz"),), environ)


def test_several_packages_are_one_project(tmp_path: Path, environ: dict[str, str]) -> None:
    write(tmp_path / "her", {"one/one.spec": "", "two/debian/control": CONTROL})
    made = loose_project((tmp_path / "her/one", tmp_path / "her/two"), environ)
    assert made.names == ("one", "hello")
    assert made.root == loose_project((tmp_path / "her/two", tmp_path / "her/one"), environ).root


def test_a_directory_that_became_another_package_is_that_one(tmp_path: Path, environ: dict[str, str]) -> None:
    dsc = source_package(tmp_path / "her")
    root = loose_project((dsc,), environ).root
    write(tmp_path / "her", {"debian/control": CONTROL})
    assert loose_project((tmp_path / "her",), environ).root == root
    assert (root / "src/hello").readlink() == tmp_path / "her"


@pytest.mark.parametrize(
    ("files", "place", "said"),
    [
        ({"README": ""}, ".", "there is no package in "),
        ({}, "gone.spec", "gone.spec does not exist"),
        ({"README": ""}, "README", "README is no package"),
        ({"a-1-1.src.rpm": "", "b-1-1.src.rpm": ""}, ".", "there is no package in "),
    ],
)
def test_what_is_no_package_is_told(
    tmp_path: Path, environ: dict[str, str], files: dict[str, str], place: str, said: str
) -> None:
    (tmp_path / "her").mkdir()
    write(tmp_path / "her", files)
    with pytest.raises(UsageError, match=said):
        loose_project((tmp_path / "her" / place,), environ)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", ["../../out", "/etc/x", "..", ".hidden", "a/b"])
def test_a_name_that_a_package_gives_itself_leads_nowhere(tmp_path: Path, environ: dict[str, str], name: str) -> None:
    her = write(tmp_path / "her", {"debian/control": CONTROL.replace("Source: hello", f"Source: {name}")})
    dsc = source_package(tmp_path / "dsc")
    dsc.write_text(dsc.read_text(encoding="utf-8").replace("Source: hello", f"Source: {name}"), encoding="utf-8")
    for place in (her, dsc):
        with pytest.raises(UsageError, match="cannot be a package name"):
            loose_project((place,), environ)
    assert not (tmp_path / "state").exists()


def test_two_packages_of_one_name_are_told(tmp_path: Path, environ: dict[str, str]) -> None:
    places = [write(tmp_path / name, {"debian/control": CONTROL}) for name in ("one", "two")]
    with pytest.raises(UsageError, match="two of these packages have one name"):
        loose_project(places, environ)


def test_a_project_holds_the_packages_that_were_named_last(tmp_path: Path, environ: dict[str, str]) -> None:
    dsc = source_package(tmp_path / "her")
    her = write(tmp_path / "her", {"mylib.spec": "Name: mylib\n"})
    root = loose_project((dsc,), environ).root
    assert loose_project((her,), environ).root == root
    assert [path.name for path in (root / "src").iterdir()] == ["mylib"]
    assert dsc.is_file()


def test_a_colon_cannot_be_told_from_one_between_directories(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="colon"):
        loose_project((write(tmp_path / "a:b", {"a.spec": ""}),), environ)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("hello", False), ("libfoo1.2", False), ("./hello", True), (".", True), ("x.spec", True), ("x_1.dsc", True)],
)
def test_a_word_is_a_name_or_a_place(word: str, *, expected: bool) -> None:
    assert is_path(word) is expected


def test_in_a_package_no_project_has_to_be_named(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    her = write(tmp_path / "her", {"debian/control": CONTROL, "debian/changelog": CHANGELOG})
    monkeypatch.chdir(her)
    project = open_project(None, environ)
    assert list(read_packages(project.paths, Purpose(outside=project.settings.outside))) == ["hello"]
    assert "debian/12" in project.target_names()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match="no project here"):
        open_project(None, environ)
