"""The project's externals against what they are for: sfdisk, and the real solvers in rooms of a target."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from build_env.externals.executables import ProgramRunner
from build_env.externals.program import Context
from build_env.externals.runner import ProjectRunner
from build_env.inspect.externals import TargetRooms
from tests.support.programs import need_programs
from tests.support.tiny import tiny_project, tool_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.tiny import Tiny

MIB = 1 << 20
# Packages without content in indexes of their own, made where they are asked for: no mirror is needed to solve.
NEEDS = """\
Package: needs
Version: 1:2.0~rc1-3
Architecture: all
Depends: library | other
Filename: ./needs.deb
Size: 1
SHA256: {needs}

"""
NATIVE_INDEX = f"""\
{NEEDS}Package: library
Version: 5
Architecture: amd64
Filename: ./library.deb
Size: 1
SHA256: {{library}}

Package: other
Version: 6+b1
Architecture: amd64
Filename: ./other.deb
Size: 1
SHA256: {{other}}

"""
FOREIGN_INDEX = f"""\
{NEEDS}Package: library
Version: 5
Architecture: arm64
Filename: ./library-arm64.deb
Size: 1
SHA256: {{foreign}}

"""
DIGESTS = {"needs": "1" * 64, "library": "2" * 64, "other": "3" * 64, "foreign": "4" * 64}
APT_DOCKERFILE = """\
FROM {{ base_image }}
COPY index /mirror/dists/tiny/main
RUN rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* && dpkg --add-architecture arm64 && \\
    echo 'deb [trusted=yes] copy:/mirror tiny main' >/etc/apt/sources.list && apt-get update
"""
SUPPORTED = """\
def env_arch_supported(env: Env, arch: str) -> bool:
    return arch in ("amd64", "arm64")
"""
DNF_DOCKERFILE = """\
FROM {{ base_image }}
RUN apt-get update && apt-get install --yes --no-install-recommends createrepo-c python3-dnf rpm
COPY index/*.spec /mirror/
RUN set -eu; cd /mirror; \\
    for spec in *.spec; do rpmbuild -bb --define '_rpmdir /mirror' "$spec"; done; \\
    createrepo_c /mirror; mkdir -p /etc/rpm; echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros; rpm --initdb; \\
    mkdir -p /etc/yum.repos.d; \\
    printf '%s\\n' '[own]' name=own baseurl=file:///mirror gpgcheck=0 >/etc/yum.repos.d/own.repo
"""
SPEC = """\
Name: {name}
Epoch: {epoch}
Version: 1.2
Release: 3
Summary: A package of the tests
License: MIT
BuildArch: noarch
{requires}
%description
A package of the tests.
%files
"""


def call(project: Tiny, name: str, tree: Mapping[str, object]) -> subprocess.CompletedProcess[str]:
    """Ask as another tool does."""
    asked = json.dumps({"tree": {"target": "tiny/1", "arch": "amd64", **tree}})
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "external", name, "--root", str(project.root)]
    return subprocess.run(
        argv, input=asked, env=tool_environment({}), capture_output=True, text=True, timeout=300, check=False
    )


def packages(project: Tiny, name: str, tree: Mapping[str, object]) -> list[dict[str, str]]:
    done = call(project, name, tree)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)["tree"]["packages"]
    return found


def fault(project: Tiny, name: str, tree: Mapping[str, object]) -> str:
    done = call(project, name, tree)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def apt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    with tiny_project(tmp_path_factory.mktemp("apt"), "one") as tiny:
        for arch, text in (("amd64", NATIVE_INDEX), ("arm64", FOREIGN_INDEX)):
            tiny.write(f"Dockerfiles/index/binary-{arch}/Packages", text.format(**DIGESTS))
        tiny.write("Dockerfiles/tiny.Dockerfile.j2", APT_DOCKERFILE)
        with_context(tiny)
        yield tiny


@pytest.fixture(scope="module")
def dnf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    with tiny_project(tmp_path_factory.mktemp("dnf"), "one") as tiny:
        for name, epoch, requires in (("needs", 1, "Requires: library"), ("library", 0, ""), ("other", 0, "")):
            text = SPEC.format(name=name, epoch=epoch, requires=requires)
            tiny.write(f"Dockerfiles/index/{name}.spec", text)
        tiny.write("Dockerfiles/tiny.Dockerfile.j2", DNF_DOCKERFILE)
        with_context(tiny)
        yield tiny


def with_context(tiny: Tiny) -> None:
    """Let the Dockerfile take files of its folder."""
    path = tiny.root / "targets/tiny/1/packages.conf.py"
    text = path.read_text().replace('Dockerfile.j2", kind)', 'Dockerfile.j2", kind, context="Dockerfiles")')
    path.write_text(f"{text}\n\n{SUPPORTED}")


def package(name: str, version: str, arch: str) -> dict[str, str]:
    return {"name": name, "version": version, "arch": arch, "checksum": f"sha256:{DIGESTS[name]}"}


class TestApt:
    def test_what_is_needed_comes_along(self, apt: Tiny) -> None:
        found = packages(apt, "build-env.depsolve-apt", {"include": ["needs"]})
        assert found == [package("library", "5", "amd64"), package("needs", "1:2.0~rc1-3", "all")]

    def test_what_is_excluded_is_replaced(self, apt: Tiny) -> None:
        found = packages(apt, "build-env.depsolve-apt", {"include": ["needs"], "exclude": ["library"]})
        assert found == [package("needs", "1:2.0~rc1-3", "all"), package("other", "6+b1", "amd64")]

    def test_of_another_architecture(self, apt: Tiny) -> None:
        found = packages(apt, "build-env.depsolve-apt", {"include": ["needs"], "arch": "arm64"})
        library = {**package("library", "5", "arm64"), "checksum": f"sha256:{DIGESTS['foreign']}"}
        assert found == [library, package("needs", "1:2.0~rc1-3", "all")]
        tree = {"include": ["needs"], "exclude": ["library"], "arch": "arm64"}  # other is there for amd64 only
        assert "cannot be had together in the room of tiny/1 arm64" in fault(apt, "build-env.depsolve-apt", tree)

    def test_what_cannot_be_had_is_told_by_apt(self, apt: Tiny) -> None:
        text = fault(apt, "build-env.depsolve-apt", {"include": ["needs"], "exclude": ["library", "other"]})
        assert "the packages cannot be had together in the room of tiny/1 amd64" in text
        assert "needs : Depends: library but it is not" in text
        assert "Unable to locate package none" in fault(apt, "build-env.depsolve-apt", {"include": ["none"]})

    @pytest.mark.parametrize("version", ["4", "5"])
    def test_a_room_without_dnf(self, apt: Tiny, version: str) -> None:
        text = fault(apt, f"osbuild.depsolve-dnf{version}", {"include": ["needs"]})
        assert f"the image of tiny/1 amd64 has no dnf {version}: install python3-" in text

    def test_a_target_that_is_not_there(self, apt: Tiny) -> None:
        assert "tiny/2" in fault(apt, "build-env.depsolve-apt", {"include": ["needs"], "target": "tiny/2"})

    def test_no_container_is_left(self, apt: Tiny) -> None:
        packages(apt, "build-env.depsolve-apt", {"include": ["other"]})
        assert not apt.containers()


class TestDnf:
    def test_what_is_needed_comes_along(self, dnf: Tiny) -> None:
        found = packages(dnf, "osbuild.depsolve-dnf4", {"include": ["needs"]})
        assert [(item["name"], item["version"], item["arch"]) for item in found] == [
            ("library", "1.2-3", "noarch"),
            ("needs", "1:1.2-3", "noarch"),
        ]
        assert all(item["checksum"].startswith("sha256:") and len(item["checksum"]) == 71 for item in found)

    def test_what_is_excluded_is_not_taken(self, dnf: Tiny) -> None:
        text = fault(dnf, "osbuild.depsolve-dnf4", {"include": ["needs"], "exclude": ["library"]})
        assert "the packages cannot be had together" in text
        assert "library" in text

    def test_what_is_not_there_is_told_by_dnf(self, dnf: Tiny) -> None:
        assert "none" in fault(dnf, "osbuild.depsolve-dnf4", {"include": ["none", "needs"]})


def laid(tree: Mapping[str, object]) -> dict[str, Any]:
    """What `osbuild.partition` answers."""
    rooms = TargetRooms(root=None, tell=lambda _: None)
    runner = ProjectRunner(
        programs=ProgramRunner(search=()), context=Context(directory=Path(), rooms=rooms, tell=lambda _: None)
    )
    found: dict[str, Any] = runner.run("osbuild.partition", tree)  # type: ignore[assignment]  # JSON data
    return found


class TestSfdisk:
    """What `osbuild.partition` returns is written by sfdisk, and read back."""

    @staticmethod
    def written(path: Path, table: dict[str, Any]) -> dict[str, Any]:
        with path.open("wb") as file:
            file.truncate(table["bytes"])
        subprocess.run(["sfdisk", "--quiet", str(path)], input=table["script"].encode(), check=True)
        dumped = subprocess.run(["sfdisk", "--json", str(path)], check=True, capture_output=True).stdout
        subprocess.run(["sfdisk", "--verify", str(path)], check=True, capture_output=True)
        found: dict[str, Any] = json.loads(dumped)["partitiontable"]
        return found

    @pytest.mark.parametrize("alignment", [512, 4096, MIB, 4 * MIB])
    @pytest.mark.parametrize("label", ["gpt", "dos"])
    def test_offsets_sizes_and_types_are_those_asked_for(self, tmp_path: Path, label: str, alignment: int) -> None:
        need_programs("sfdisk")
        rows: list[dict[str, object]] = [
            {"type": "esp", "size": "33M", "bootable": label == "dos"},
            {"type": "swap", "size": 5000 * 512, "start": 64 * MIB},
            {"type": "linux"},
        ]
        if label == "gpt":
            rows[2]["name"] = "the root"
        table = laid({"label": label, "size": "256M", "alignment": alignment, "partitions": rows})
        found = self.written(tmp_path / "disk", table)
        assert found["label"] == label
        assert found["id"].lower() == table["uuid"].lower()
        assert len(found["partitions"]) == 3
        for real, wanted in zip(found["partitions"], table["partitions"], strict=True):
            assert (real["start"], real["size"]) == (wanted["start"], wanted["size"])
            assert real["type"].lower() == wanted["type"].lower()
            assert real.get("name") == wanted.get("name")
            assert real.get("uuid", "").lower() == wanted.get("uuid", "")
            assert real.get("bootable") == wanted.get("bootable")
        assert found["partitions"][0]["start"] * 512 % alignment == 0
        assert found["partitions"][1]["start"] == 64 * 2048

    def test_the_smallest_disk_is_large_enough(self, tmp_path: Path) -> None:
        need_programs("sfdisk")
        rows = [{"type": kind, "size": MIB} for kind in ("bios-boot", "esp", "home", "lvm", "prep", "raid", "xbootldr")]
        rows += [{"type": f"root-{kind}", "size": 512} for kind in ("x86-64", "arm64", "arm")]
        table = laid({"alignment": 512, "partitions": rows})
        found = self.written(tmp_path / "disk", table)
        assert [row["start"] for row in found["partitions"]] == [row["start"] for row in table["partitions"]]
        assert found["firstlba"] == table["partitions"][0]["start"] == 34

    @pytest.mark.parametrize("label", ["gpt", "dos"])
    def test_sectors_of_4096_bytes(self, tmp_path: Path, label: str) -> None:
        need_programs("sfdisk")  # its package has fdisk, which believes what it is told of a file's sectors
        rows = [{"type": "esp", "size": "10 MB"}, {"type": "swap", "size": MIB, "start": 64 * MIB}, {"type": "linux"}]
        table = laid({"label": label, "size": "256M", "sector-size": 4096, "partitions": rows})
        disk, script = tmp_path / "disk", tmp_path / "script"
        script.write_text(table["script"])
        with disk.open("wb") as file:
            file.truncate(table["bytes"])
        argv = ["fdisk", "--color=never", "--sector-size", "4096", str(disk)]
        subprocess.run(argv, input=f"I\n{script}\nw\n".encode(), check=True, capture_output=True)
        listed = ["--list", "--output", "Start,Sectors", *argv[1:]]
        shown = subprocess.run([argv[0], *listed], check=True, capture_output=True, text=True).stdout
        rows_shown = shown.partition("Start Sectors\n")[2].splitlines()
        found = [tuple(int(word) for word in line.split()) for line in rows_shown]
        assert found == [(row["start"], row["size"]) for row in table["partitions"]]
        assert [start for start, _ in found] == [256, 16384, 16640]
