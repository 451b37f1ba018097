"""What begins a project, a package, a target, and copies of what is shipped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import UsageError
from build_env.core.paths import ProjectPaths, find_root
from build_env.packages.read import read_packages
from build_env.projects.begin import begin
from build_env.projects.eject import EJECTED, changed_originals, eject
from build_env.projects.new import PackagePlan, new_package, new_target
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from pathlib import Path

WHEN = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)


def plan(language: str, *formats: str, name: str = "tally") -> PackagePlan:
    return PackagePlan(name=name, language=language, maintainer="A B <a@b.example>", when=WHEN, formats=formats)


@pytest.fixture
def paths(tmp_path: Path) -> ProjectPaths:
    begin(tmp_path / "her")
    return find_root(tmp_path / "her", tmp_path)


def test_a_project_begins_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n", encoding="utf-8")
    assert begin(tmp_path) == ("build-env.toml",)
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "mine\n"
    with pytest.raises(UsageError, match="is a project already"):
        begin(tmp_path)


@pytest.mark.parametrize("language", ["c", "python", "script"])
def test_a_new_package_is_one_that_can_be_read(paths: ProjectPaths, language: str) -> None:
    written = new_package(paths, plan(language))
    package = read_packages(paths)["tally"]
    assert package.faults == ()
    assert package.version == "0.1.0"
    assert package.packaging["deb"].faults == package.packaging["rpm"].faults == ()
    assert package.packaging["deb"].epoch == int(WHEN.timestamp())
    assert [binary.name for binary in package.packaging["deb"].binaries] == ["tally"]
    assert package.packaging["rpm"].epoch == int(WHEN.timestamp())
    for name in written:
        text = (paths.root / name).read_text(encoding="utf-8")
        assert "@" not in text.replace("a@b.example", "").replace("dh $@", "").replace("-o $@", ""), name
    programs = {name.rpartition("/")[2] for name in written if (paths.root / name).stat().st_mode & 0o100}
    assert programs == {"rules", "check.sh", *([] if language == "c" else ["tally"])}


def test_a_new_package_has_the_packaging_that_was_asked_for(paths: ProjectPaths) -> None:
    assert not any("/rpm/" in name for name in new_package(paths, plan("c", "deb", name="one")))
    assert not any("/debian/" in name for name in new_package(paths, plan("c", "rpm", name="two")))


def test_a_name_is_one_for_each_format_that_is_asked_for(paths: ProjectPaths) -> None:
    with pytest.raises(UsageError, match="a deb source cannot be called Tally: it needs a name of two or more small"):
        new_package(paths, plan("c", name="Tally"))
    assert not (paths.sources / "Tally").exists()
    assert "src/Tally/rpm/Tally.spec" in new_package(paths, plan("c", "rpm", name="Tally"))


def test_nothing_is_written_over(paths: ProjectPaths) -> None:
    new_package(paths, plan("c"))
    with pytest.raises(UsageError, match="src/tally is there already"):
        new_package(paths, plan("c"))
    with pytest.raises(UsageError, match="cannot be a package name"):
        new_package(paths, plan("c", name="../out"))


def test_a_new_target_is_a_copy_with_the_new_release(paths: ProjectPaths) -> None:
    assert new_target(paths, "debian/14", "debian/13") == "targets/debian/14/packages.conf.py"
    loaded = load_target(paths, "debian/14")
    assert loaded.variables["BASE_IMAGE"] == "debian:14"
    text = (paths.root / loaded.file).read_text(encoding="utf-8")
    assert "13" not in text
    with pytest.raises(UsageError, match="is there already"):
        new_target(paths, "debian/14", "debian/13")
    with pytest.raises(UsageError, match="cannot be a target"):
        new_target(paths, "../../x", "debian/13")


def test_a_copy_of_what_is_shipped_is_told_when_the_original_is_another(tmp_path: Path) -> None:
    begin(tmp_path / "her")
    shipped = tmp_path / "shipped/common/deb"
    shipped.mkdir(parents=True)
    for name in ("build.sh", "lib.sh"):
        (shipped / name).write_text("original\n", encoding="utf-8")
    paths = ProjectPaths(root=tmp_path / "her", shipped=tmp_path / "shipped")
    own = paths.root / "common/deb/build.sh"
    own.parent.mkdir(parents=True)
    own.write_text("hers\n", encoding="utf-8")
    ejection = eject(paths, "common/deb")
    assert (ejection.copied, ejection.kept) == (("common/deb/lib.sh",), ("common/deb/build.sh",))
    assert own.read_text(encoding="utf-8") == "hers\n"
    (paths.root / "common/deb/lib.sh").write_text("edited\n", encoding="utf-8")
    assert changed_originals(paths) == []
    (shipped / "lib.sh").write_text("newer\n", encoding="utf-8")
    assert [copy.name for copy, _ in changed_originals(paths)] == ["common/deb/lib.sh"]
    (paths.root / "common/deb/lib.sh").write_text("newer\n", encoding="utf-8")
    assert changed_originals(paths) == []
    assert (paths.root / EJECTED).is_file()


@pytest.mark.parametrize("name", ["nothing", "src", "common/../src", "build-env.toml"])
def test_only_what_is_shipped_can_be_copied(paths: ProjectPaths, name: str) -> None:
    with pytest.raises(UsageError, match="is shipped"):
        eject(paths, name)
