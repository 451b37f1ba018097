"""The main job for the Debian family: every package of debian/12 for three architectures, and clients that install."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.bases import ARM64
from tests.support.servers import Client, client, serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Shipped

PLAIN = "build/deploy/deb/bookworm/main"
MACHINES = {"amd64": "x86-64", "arm64": "ARM aarch64", "armhf": "ARM, EABI5"}
EXPECTED = [
    *(
        f"binary-{arch}/{name}_{arch}.deb"
        for arch in MACHINES
        for name in ("libgreet1_1.0.0", "libgreet-dev_1.0.0", "greet_1.2", "hello_2.10-3+~local1")
    ),
    "binary-all/greet-tools_0.4_all.deb",
    "binary-all/greet-suite_1.0_all.deb",
    "source/greet_1.2.dsc",
    "source/hello_2.10-3+~local1.dsc",
]


@pytest.mark.parametrize("path", EXPECTED)
def test_every_package_is_deployed(debian12: str, shipped: Shipped, path: str) -> None:
    assert (shipped.root / PLAIN / path).is_file(), debian12


def test_build_tools_are_not_deployed(debian12: str, shipped: Shipped) -> None:
    assert "greet-build-macros all" in debian12
    assert not list((shipped.root / "build/repositories").rglob("greet-build-macros*"))


def test_a_second_run_has_nothing_to_do(debian12: str, shipped: Shipped) -> None:
    again = shipped.built("--target", "debian/12", "--arch", "amd64,arm64,armhf")
    assert again.startswith("done    nothing to do: "), again
    assert len(again.splitlines()) == 1


@pytest.mark.parametrize(("arch", "machine"), MACHINES.items())
def test_programs_are_of_the_architecture(
    debian12: str, shipped: Shipped, arch: str, machine: str, tmp_path: Path
) -> None:
    package = shipped.root / PLAIN / f"binary-{arch}" / f"greet_1.2_{arch}.deb"
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True)
    said = subprocess.run(["file", tmp_path / "usr/bin/greet"], capture_output=True, text=True, check=True).stdout
    assert machine in said


@pytest.mark.parametrize("arch", MACHINES)
def test_there_is_an_archive_for_each_architecture(debian12: str, shipped: Shipped, arch: str) -> None:
    names = subprocess.run(
        ["tar", "-tf", shipped.root / f"build/deploy/tar/debian-12-{arch}.tar"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert f"greet_1.2_{arch}.deb" in names
    assert "greet-suite_1.0_all.deb" in names


def test_each_task_has_a_log(debian12: str, shipped: Shipped) -> None:
    logs = {path.name for path in (shipped.root / "build/logs/debian-12").iterdir()}
    assert {"greet.source.log", "greet.arm64.build.log", "greet.arm64.verify.log"} <= logs


def install_suite(reader: Client, address: str) -> None:
    """Install the metapackage as a user does: the key, a sources line, apt with all its checks."""
    fetch = f"busybox wget -q -O /etc/apt/keyrings/build-env.asc {address}/archive-key.asc"
    reader.expect("apt-get -q update && apt-get -q -y install --no-install-recommends busybox")
    reader.expect(f"mkdir -p /etc/apt/keyrings && {fetch}")
    line = f"deb [signed-by=/etc/apt/keyrings/build-env.asc] {address}/deb bookworm/debian-12 main\n"
    reader.write("/etc/apt/sources.list.d/build-env.list", line.encode())
    reader.expect("apt-get -q -o APT::Update::Error-Mode=any update")
    reader.expect("apt-get -q -y install greet-suite")
    assert "Hello, World" in reader.expect("greet World")
    assert "Hello" in reader.expect("printf 'Anna\\nBerta\\n' | greet-many")


def test_a_clean_client_installs_the_suite(debian12: str, shipped: Shipped) -> None:
    with serve(shipped.root / "build/repositories/main") as address, client("debian:12") as reader:
        install_suite(reader, address)
        assert "hello" in reader.expect("apt-get -q -y install hello && hello").lower()


@pytest.mark.emulated
def test_an_emulated_client_installs_the_suite(debian12: str, shipped: Shipped) -> None:
    with serve(shipped.root / "build/repositories/main") as address, client(ARM64) as reader:
        install_suite(reader, address)
        assert reader.expect("dpkg --print-architecture").strip() == "arm64"


def test_a_pin_is_found_and_written_as_it_is_committed(shipped: Shipped) -> None:
    definition = shipped.root / "src/hello/definition.yaml"
    committed = definition.read_text(encoding="utf-8")
    try:
        definition.write_text(re.sub(r'"2.10-3"(\n *sha256: ").', r'"2.10-0"\g<1>f', committed), encoding="utf-8")
        told = shipped.build_env("pin", "hello@debian/12")
        assert "no longer has hello 2.10-0, which is pinned; it has 2.10-3" in told.stderr
        written = shipped.build_env("pin", "hello@debian/12", "--update")
        assert "hello_2.10.orig.tar.gz" in written.stdout, written.stderr
        assert definition.read_text(encoding="utf-8") == committed
    finally:
        definition.write_text(committed, encoding="utf-8")


@pytest.mark.full
def test_the_tarball_that_debian_watch_finds_is_pinned_and_fetched(shipped: Shipped, tmp_path: Path) -> None:
    (tmp_path / "beep-1.0").mkdir()
    (tmp_path / "beep-1.0/beep").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "www").mkdir()
    for version in ("1.0", "1.1"):
        file = tmp_path / f"www/beep-{version}.tar.gz"
        subprocess.run(["tar", "-C", tmp_path, "-czf", file, "beep-1.0"], check=True)
    (tmp_path / "www/index.html").write_text('<a href="beep-1.0.tar.gz">a</a><a href="beep-1.1.tar.gz">b</a>')
    package = shipped.root / "src/beep"
    shutil.copytree(shipped.root / "src/greet-tools/deb", package / "debian")
    changelog = "beep (1.0-1) x; urgency=low\n\n  * A.\n\n -- A <a@b.example>  Wed, 01 Oct 2025 10:00:00 +0000\n"
    control = (package / "debian/control").read_text(encoding="utf-8").replace("greet-tools", "beep")
    try:
        with serve(tmp_path / "www") as address:
            for name, text in {
                "control": control,
                "changelog": changelog,
                "source/format": "3.0 (quilt)\n",
                "watch": f"version=4\n{address}/ beep-(\\d\\S+)\\.tar\\.gz\n",
            }.items():
                (package / "debian" / name).parent.mkdir(exist_ok=True)
                (package / "debian" / name).write_text(text, encoding="utf-8")
            refused = shipped.build_all("--target", "debian/12", "--source", "beep")
            line = "build-env pin beep@debian/12"
            assert line in refused.stdout
            pinned = shipped.build_env(*line.split()[1:])
            assert "pinned  beep 1.0 for debian/12 in src/beep/definition.yaml" in pinned.stdout, pinned.stderr
            assert "  ok    source" in shipped.built("--target", "debian/12", "--source", "beep")
    finally:
        shutil.rmtree(package)


# The mirror that CI reaches has had no source of hello for this release (404 on a file that its index names).
@pytest.mark.full
@pytest.mark.parametrize("name", ["debian/13", "debian/11"])
def test_every_package_of_the_other_releases(shipped: Shipped, name: str) -> None:
    shipped.built("--target", name, "--arch", "amd64,arm64,armhf", "libgreet", "greet", "greet-tools", "greet-suite")
