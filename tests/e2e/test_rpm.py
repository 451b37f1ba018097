"""The main job for the RPM family, on a stand-in base: packages, marks, and clients (research: two kinds of these)."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import Client, client, serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Shipped

PLAIN = "build/deploy/rpm/centos-8+stand-in"
REPOSITORY = "build/repositories/main"
AMD64 = "build-env/stand-in"


@pytest.mark.parametrize(
    "path",
    [
        "libgreet-1.0.0-1.el8.src.rpm",
        "x86_64/libgreet-1.0.0-1.el8.x86_64.rpm",
        "x86_64/libgreet-devel-1.0.0-1.el8.x86_64.rpm",
        "x86_64/greet-1.2-1.el8.x86_64.rpm",
        "noarch/greet-tools-0.4-1.el8.noarch.rpm",
        "noarch/greet-suite-1.0-1.el8.noarch.rpm",
    ],
)
def test_every_package_is_deployed(stand_in: str, shipped: Shipped, path: str) -> None:
    assert (shipped.root / PLAIN / path).is_file(), stand_in


def test_results_of_a_stand_in_are_marked_and_apart(stand_in: str, shipped: Shipped) -> None:
    package = shipped.root / PLAIN / "x86_64/greet-1.2-1.el8.x86_64.rpm"
    query = ["rpm", "-qp", "--queryformat", "%{DISTRIBUTION}", str(package)]
    said = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    assert said == "stand-in"
    assert [path.name for path in (shipped.root / REPOSITORY / "rpm").iterdir()] == ["centos-8+stand-in"]


def test_a_second_run_has_nothing_to_do(stand_in: str, shipped: Shipped) -> None:
    assert "nothing to do" in shipped.built("--target", "centos/8", "--arch", "amd64")


SPEC = """Name: beep
Version: 1.0
Release: 1%{{?dist}}
Summary: Beeps
License: MIT
Source0: {address}/%{{name}}-%{{version}}.tar.gz
BuildArch: noarch
%description
Beeps.
%prep
%setup -q
%install
install -D -m 755 beep %{{buildroot}}%{{_bindir}}/beep
%files
%{{_bindir}}/beep
%changelog
* Wed Oct 01 2025 A <a@b.example> - 1.0-1
- A.
"""


def test_a_source_on_a_server_is_pinned_and_fetched(stand_in: str, shipped: Shipped, tmp_path: Path) -> None:
    (tmp_path / "beep-1.0").mkdir()
    (tmp_path / "beep-1.0/beep").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "www").mkdir()
    subprocess.run(["tar", "-C", tmp_path, "-czf", tmp_path / "www/beep-1.0.tar.gz", "beep-1.0"], check=True)
    package = shipped.root / "src/beep"
    package.mkdir()
    try:
        with serve(tmp_path / "www") as address:
            (package / "beep.spec").write_text(SPEC.format(address=address), encoding="utf-8")
            refused = shipped.build_all("--target", "centos/8", "--arch", "amd64", "--source", "beep")
            assert f"{address}/beep-1.0.tar.gz is neither there nor pinned" in refused.stderr, stand_in
            line = "build-env pin beep@centos/8"
            assert line in refused.stderr
            pinned = shipped.build_env(*line.split()[1:])
            assert "pinned  beep 1.0 for centos/8 in src/beep/definition.yaml" in pinned.stdout, pinned.stderr
            assert "  ok    source" in shipped.built("--target", "centos/8", "--arch", "amd64", "--source", "beep")
    finally:
        shutil.rmtree(package)


def set_up_client(reader: Client, address: str) -> None:
    lines = [
        "[build-env]",
        "name=build-env",
        f"baseurl={address}/rpm/centos-8+stand-in",
        "enabled=1",
        "gpgcheck=1",
        "repo_gpgcheck=1",
    ]
    lines += ["skip_if_unavailable=0", f"gpgkey={address}/archive-key.asc", ""]
    reader.write("/etc/yum.repos.d/build-env.repo", "\n".join(lines).encode())


def test_a_clean_client_installs_the_suite(stand_in: str, shipped: Shipped) -> None:
    with serve(shipped.root / REPOSITORY) as address, client(shipped.stand_in_image("amd64")) as reader:
        set_up_client(reader, address)
        reader.expect("dnf -y --refresh install greet-suite")
        assert "Hello, World" in reader.expect("greet World")
        assert "Hello" in reader.expect("printf 'Anna\\nBerta\\n' | greet-many")
        reader.expect("rpm -Va greet libgreet greet-tools")


@pytest.mark.emulated
@pytest.mark.full
def test_the_emulated_program_is_of_its_architecture(emulated_stand_in: str, shipped: Shipped, tmp_path: Path) -> None:
    package = shipped.root / PLAIN / "aarch64/greet-1.2-1.el8.aarch64.rpm"
    assert package.is_file(), emulated_stand_in
    unpack = f"rpm2cpio {package} | (cd {tmp_path} && cpio -idm)"
    subprocess.run(["sh", "-c", unpack], check=True)
    said = subprocess.run(["file", tmp_path / "usr/bin/greet"], capture_output=True, text=True, check=True).stdout
    assert "ARM aarch64" in said


@pytest.mark.emulated
@pytest.mark.full
def test_an_emulated_client_installs_the_program(emulated_stand_in: str, shipped: Shipped) -> None:
    with serve(shipped.root / REPOSITORY) as address, client(shipped.stand_in_image("arm64")) as reader:
        set_up_client(reader, address)
        reader.expect("dnf -y --refresh install greet")
        assert "Hello, World" in reader.expect("greet World")


@pytest.mark.emulated
@pytest.mark.full
def test_everything_emulated(stand_in: str, emulated_stand_in: str, shipped: Shipped) -> None:
    shipped.built("--target", "centos/8", "--arch", "amd64,arm64")
