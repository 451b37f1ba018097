"""A tree of the original scripts: what becomes targets and packages, and what is told to be left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import UsageError
from build_env.core.paths import ProjectPaths
from build_env.packages.read import read_packages
from build_env.projects.pelion import Carried, carry_over
from build_env.targets.load import load_target
from tests.support.tiny import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = ("centos/8", "centos/9", "debian/12", "ubuntu/24.04")
CONFIGURATION = r"""#!/bin/bash
. "$ENV_TARGET_ROOT/common/debian.sh"

PACKAGES=(
    'tally'
    raw   # by hand
)
DEPENDS=()
METAPACKAGES=('metapackages/suite')
DOCKER_BUILD_ARGS=("A=\"1\"" B=2)
PLATFORM_ARCH="linux/$ARCH"

env_match_current() {
    . /etc/os-release
    [ "$ID" = debian ] && [ "$VERSION_ID" = 12 ]
}

env_arch_supported() {
    [ "$1" = amd64 ] || [ "$1" = aarch64 ]
}

docker_image_name() {
    echo "debian-12-$1"
}

docker_image_create() {
    docker_build_image "$ENV_TARGET_ROOT/Dockerfile" "$1"
}

path_package_script() {
    echo "$1/deb/build.sh"
}

run_build() {
    run_command_build "$(path_package_script "$1")" \
        --build --arch=$ARCH
}

run_source() {
    run_command_source "$(path_package_script "$1")" --source
    touch /tmp/done
}

if [ -n "$EXTRA" ]; then
    PACKAGES+=(more)
fi
"""
SCRIPT = r"""#!/bin/bash
set -e
PELION_PACKAGE_NAME='tally'
PELION_PACKAGE_DIR=$(cd "`dirname \"$0\"`" && pwd)
PELION_PACKAGE_SUPPORTED_ARCH=(amd64 aarch64)
declare -A PELION_PACKAGE_COMPONENTS=( ["https://example.org/tally"]="main" )
. "$PELION_PACKAGE_DIR"/../../build-env/inc/build-common.sh
pelion_main "$@"
"""
CONTROL = "Source: tally\nMaintainer: A <a@b>\n\nPackage: tally\nArchitecture: any\nDescription: x\n"
CHANGELOG = "tally (1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n"
TREE = {
    "build-env/target/debian/12/packages.conf.sh": CONFIGURATION,
    "build-env/target/centos/7/packages.conf.sh": "PACKAGES=(tally)\n",
    "build-env/target/alpine/3/packages.conf.sh": "PACKAGES=(tally)\n",
    "build-env/target/.old/1/packages.conf.sh": "PACKAGES=(tally)\n",
    "build-env/target/common/debian.sh": "true\n",
    "tally/deb/build.sh": SCRIPT,
    "tally/deb/debian/control": CONTROL,
    "tally/deb/debian/changelog": CHANGELOG,
    "tally/rpm/build.sh": SCRIPT,
    "tally/rpm/tally.spec": "Name: tally\n",
    "tally/tally.c": "int main;\n",
    "raw/deb/build.sh": SCRIPT,
    "metapackages/suite/deb/build.sh": SCRIPT,
    "metapackages/suite/deb/control": CONTROL.replace("tally", "suite"),
    "metapackages/suite/deb/changelog": CHANGELOG.replace("tally", "suite"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in TREE.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tree"


@pytest.fixture
def paths(tmp_path: Path) -> ProjectPaths:
    return ProjectPaths(root=tmp_path / "project", shipped=REPOSITORY)


def places(carried: Carried) -> list[str]:
    """Where what was left stands: file and line, without the reason."""
    return [
        ":".join(told.split(":")[:2]) if told.split(":")[1].isdigit() else told.split(":")[0] for told in carried.left
    ]


def test_packages(tree: Path, paths: ProjectPaths) -> None:
    carried = carry_over(paths, tree, TARGETS)
    packages = read_packages(paths)
    assert sorted(packages) == ["suite", "tally"]
    tally = packages["tally"]
    assert not tally.faults
    assert tally.architectures == ("amd64", "arm64")
    assert {name: packaging.directory for name, packaging in tally.packaging.items()} == {"deb": "deb", "rpm": "rpm"}
    assert not tally.scripts
    assert packages["suite"].metapackage
    assert (paths.sources / "tally/tally.c").read_text(encoding="utf-8") == TREE["tally/tally.c"]
    assert "src/metapackages/suite" in carried.written


def test_targets(tree: Path, paths: ProjectPaths) -> None:
    carry_over(paths, tree, TARGETS)
    variables = load_target(paths, "debian/12").variables
    assert (variables["PACKAGES"], variables["METAPACKAGES"], variables["DEPENDS"]) == (["tally"], ["suite"], [])
    assert variables["DOCKER_BUILD_ARGS"] == ['A="1"', "B=2"]
    assert variables["ARCHITECTURES"] == ["amd64", "arm64"]
    assert variables["SUITE"] == "bookworm"
    assert load_target(paths, "centos/7").variables["RELEASE"] == "7"


def test_what_is_left_is_told_with_its_place(tree: Path, paths: ProjectPaths) -> None:
    debian = "build-env/target/debian/12/packages.conf.sh"
    assert places(carry_over(paths, tree, TARGETS)) == [
        "raw/deb/build.sh",
        "metapackages/suite/deb/build.sh:6",
        "tally/deb/build.sh:6",
        "tally/rpm/build.sh:6",
        "build-env/target/alpine/3/packages.conf.sh",
        f"{debian}:2",
        f"{debian}:4",
        f"{debian}:11",
        f"{debian}:26",
        f"{debian}:39",
        f"{debian}:44",
        "build-env/target/common/debian.sh:1",
    ]


def test_nothing_is_written_where_something_is(tree: Path, paths: ProjectPaths) -> None:
    (paths.targets / "debian/12").mkdir(parents=True)
    (paths.targets / "debian/12/packages.conf.py").touch()
    with pytest.raises(UsageError, match=r"targets/debian/12/packages.conf.py is there already"):
        carry_over(paths, tree, TARGETS)
    assert not paths.sources.exists()


def test_no_package_is_written_where_one_of_them_is(tree: Path, paths: ProjectPaths) -> None:
    (paths.sources / "tally").mkdir(parents=True)
    with pytest.raises(UsageError, match="src/tally is there already"):
        carry_over(paths, tree, TARGETS)
    assert [path.name for path in paths.sources.iterdir()] == ["tally"]
    assert not paths.targets.exists()


def test_what_is_no_such_tree(tmp_path: Path, paths: ProjectPaths) -> None:
    with pytest.raises(UsageError, match=r"neither a packages.conf.sh nor a package"):
        carry_over(paths, tmp_path, TARGETS)
