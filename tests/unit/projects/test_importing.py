"""What belongs to a package that comes into a project, and that it is written as a whole or not at all."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError, UsageError
from build_env.core.paths import ProjectPaths
from build_env.projects.importing import lay_package, new_package, unpack

if TYPE_CHECKING:
    from pathlib import Path


def write(directory: Path, *names: str) -> Path:
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(f"Name: {directory.name}\n", encoding="utf-8")
    return directory


def laid(root: Path, name: str) -> set[str]:
    top = root / "src" / name
    return {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}


def test_sources_that_git_ignores_belong_to_a_package_and_other_ignored_files_do_not(tmp_path: Path) -> None:
    place = write(tmp_path / "mylib", "mylib.spec", "mylib-1.tar.gz", "src/main.c", "build/main.o")
    (place / ".gitignore").write_text("*.tar.gz\n/build/\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    assert lay_package(place, tmp_path / "root").name == "mylib"
    assert laid(tmp_path / "root", "mylib") == {".gitignore", "mylib.spec", "mylib-1.tar.gz", "src/main.c"}


def test_in_a_workshop_of_many_packages_only_sources_belong_to_one(tmp_path: Path) -> None:
    write(tmp_path / "w", "SPECS/one.spec", "SPECS/two.spec", "SOURCES/one.tar.gz", "BUILD/one/a.o", "RPMS/one.rpm")
    laid_as = lay_package(tmp_path / "w/SPECS/one.spec", tmp_path / "root")
    assert (laid_as.name, laid_as.outside) == ("one", str(tmp_path / "w"))
    assert laid(tmp_path / "root", "one") == {"SPECS/one.spec", "SOURCES/one.tar.gz"}


def test_a_source_package_is_one_file(tmp_path: Path) -> None:
    write(tmp_path / "d", "hello-1-2.src.rpm", "letter.txt")
    assert lay_package(tmp_path / "d/hello-1-2.src.rpm", tmp_path / "root").name == "hello"
    assert laid(tmp_path / "root", "hello") == {"hello-1-2.src.rpm"}


@pytest.mark.parametrize("place", ["nothing.spec", "letter.txt", "."])
def test_what_is_no_package(tmp_path: Path, place: str) -> None:
    write(tmp_path / "d", "letter.txt")
    with pytest.raises(UsageError):
        lay_package(tmp_path / "d" / place, tmp_path / "root")


def archive_of(directory: Path, *entries: tarfile.TarInfo) -> Path:
    path = directory / "hello.tar"
    with tarfile.open(path, "w") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    return path


def link(name: str, leads: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, leads
    return entry


def test_a_package_is_there_when_the_block_ended_well(tmp_path: Path) -> None:
    paths = ProjectPaths(root=tmp_path / "p")
    archive = archive_of(tmp_path, tarfile.TarInfo("rpm/hello.spec"), link("rpm/latest", "hello.spec"))
    with new_package(paths.sources, "hello") as directory:
        unpack(archive, directory)
        assert not (paths.sources / "hello").exists()
        (directory / "definition.yaml").touch()
    assert laid(paths.root, "hello") == {"definition.yaml", "rpm/hello.spec", "rpm/latest"}


@pytest.mark.parametrize(
    "entry", [tarfile.TarInfo("../out"), link("out", "../../../etc/passwd"), link("out", "/etc/passwd")]
)
def test_nothing_leads_out_of_a_package(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    paths = ProjectPaths(root=tmp_path / "p")
    archive = archive_of(tmp_path, tarfile.TarInfo("first"), entry)
    with pytest.raises(InputError, match="hello cannot be unpacked"), new_package(paths.sources, "hello") as directory:
        unpack(archive, directory)
    assert not list(paths.sources.iterdir())


def test_nothing_is_left_of_a_package_when_the_block_fails(tmp_path: Path) -> None:
    paths = ProjectPaths(root=tmp_path / "p")
    with pytest.raises(KeyboardInterrupt), new_package(paths.sources, "hello"):
        raise KeyboardInterrupt
    assert not list(paths.sources.iterdir())


def test_what_is_there_stays(tmp_path: Path) -> None:
    paths = ProjectPaths(root=tmp_path)
    (paths.sources / "hello").mkdir(parents=True)
    with pytest.raises(UsageError, match="src/hello is there already"), new_package(paths.sources, "hello"):
        pytest.fail("the block was entered")


@pytest.mark.parametrize("name", ["..", "a/b", "-x", ""])
def test_a_name_that_leads_elsewhere_is_none(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(UsageError, match="cannot be a package name"),
        new_package(ProjectPaths(root=tmp_path).sources, name),
    ):
        pytest.fail("the block was entered")
