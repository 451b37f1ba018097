"""What a project does not have itself it takes from what build-env ships, file by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_env.app.project import open_project
from build_env.core.errors import UsageError
from build_env.core.paths import ProjectPaths
from build_env.core.trees import Trees
from build_env.targets.load import load_target

SHIPPED = {
    "common/__init__.py": "",
    "common/family.py": "FAMILY = 'deb'\nWHOSE = 'shipped'\n",
    "common/deb/build.sh": "shipped\n",
    "common/deb/lib.sh": "shipped\n",
    "targets/debian/12/packages.conf.py": "from common.family import *\n",
    "targets/debian/13/packages.conf.py": "from common.family import *\n",
    "src/sample/definition.yaml": "",
}


@pytest.fixture
def paths(tmp_path: Path) -> ProjectPaths:
    write(tmp_path / "shipped", SHIPPED)
    write(tmp_path / "her", {"build-env.toml": ""})
    return ProjectPaths(root=tmp_path / "her", shipped=tmp_path / "shipped")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def contents(paths: ProjectPaths, folder: str) -> dict[str, str]:
    """The files of a folder of the project, with what is in them."""
    entries = Trees(root=paths.root, shipped=paths.shipped).listing(paths.root / folder).entries
    return {entry.name: Path(entry.path).read_text(encoding="utf-8") for entry in entries if entry.kind == "file"}


def test_an_empty_project_has_targets_and_hooks(paths: ProjectPaths) -> None:
    assert load_target(paths, "debian/12").variables["WHOSE"] == "shipped"
    assert contents(paths, "common/deb") == {"build.sh": "shipped\n", "lib.sh": "shipped\n"}


def test_a_file_of_its_own_stands_before_the_shipped_one_and_hides_no_other(paths: ProjectPaths) -> None:
    write(paths.root, {"common/deb/build.sh": "hers\n", "common/deb/more/x": "hers\n", "common/hers.py": "MINE = 1\n"})
    expected = {"build.sh": "hers\n", "lib.sh": "shipped\n", "more/x": "hers\n"}
    assert contents(paths, "common/deb") == expected
    write(paths.root, {"targets/mine/1/packages.conf.py": "from common.family import *\nfrom common.hers import *\n"})
    assert load_target(paths, "mine/1").variables["MINE"] == 1
    write(paths.root, {"common/family.py": "FAMILY = 'deb'\nWHOSE = 'hers'\n"})
    assert load_target(paths, "debian/12").variables["WHOSE"] == "hers"


def test_a_file_in_the_place_of_a_directory_hides_all_that_is_in_it(paths: ProjectPaths) -> None:
    assert paths.shipped is not None
    write(paths.shipped, {"common/deb/data/one": "", "common/deb/data/two": "", "common/deb/data.txt": ""})
    write(paths.root, {"common/deb/data": "hers\n"})
    assert sorted(contents(paths, "common/deb")) == ["build.sh", "data", "data.txt", "lib.sh"]


def test_the_order_and_digest_are_those_of_one_tree(paths: ProjectPaths, tmp_path: Path) -> None:
    write(paths.root, {"common/deb/a-b": "x", "common/deb/build.sh": "hers\n", "common/deb/a/z": "x"})
    both = {**contents(paths, "common/deb")}
    write(tmp_path / "one", {"build-env.toml": "", **{f"common/deb/{name}": text for name, text in both.items()}})
    whole = Trees(root=tmp_path / "one").listing(tmp_path / "one/common/deb")
    laid = Trees(root=paths.root, shipped=paths.shipped).listing(paths.root / "common/deb")
    assert laid.manifest() == whole.manifest()


def test_what_an_installer_compiled_is_no_part_of_it(paths: ProjectPaths) -> None:
    assert paths.shipped is not None
    write(
        paths.shipped,
        {"common/deb/__pycache__/x.pyc": "", "common/deb/in/__pycache__/x.pyc": "", "common/deb/in/x": ""},
    )
    assert sorted(contents(paths, "common/deb")) == ["build.sh", "in/x", "lib.sh"]


def test_packages_are_never_taken_from_what_is_shipped(paths: ProjectPaths) -> None:
    assert paths.behind(paths.root / "src/sample") is None
    assert paths.behind(paths.root) is None


def test_targets_of_its_own_are_meant_before_those_that_are_shipped(tmp_path: Path) -> None:
    write(tmp_path, {"build-env.toml": ""})
    assert "debian/12" in open_project(tmp_path, {}).target_names()
    write(tmp_path, {"targets/mine/12/packages.conf.py": "PACKAGES = []\n"})
    project = open_project(tmp_path, {})
    assert project.target_names() == ("mine/12",)
    assert project.match_target("12") == "mine/12"
    assert project.match_target("debian/12") == "debian/12"
    assert project.match_targets(["all"]) == ("mine/12",)
    with pytest.raises(UsageError, match="there is no target solaris"):
        project.match_target("solaris")
    for name, meant in (("bookworm", "debian/12"), ("debian/bookworm", "debian/12"), ("el9", "centos/9")):
        with pytest.raises(UsageError, match=f"no target {name}: that is {meant}") as caught:
            project.match_target(name)
        assert caught.value.mistyped == (name, meant)
