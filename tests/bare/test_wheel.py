"""One's own packages on a freshly installed machine that has nothing of build-env but its wheel.

Each is built for two targets and two architectures by one command, and clean containers install the results.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.bare import CHECKOUT, REPOSITORY

if TYPE_CHECKING:
    from tests.support.bare import BareMachine

pytestmark = [pytest.mark.full, pytest.mark.timeout(3 * 3600)]
HOUR = 3600
OWN = "/home/mia/own"
COMMANDS = f"export PATH={OWN}/venv/bin:$PATH;"


@pytest.fixture(scope="module")
def mia(debian_12: BareMachine) -> BareMachine:
    """The machine with the wheel, and with the packages of somebody who has never seen a checkout of build-env."""
    wheels = REPOSITORY / ".build-env" / "bare" / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)]
    subprocess.run(argv, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    debian_12.expect(0, f"mkdir -p {OWN} && cp -r {CHECKOUT}/tests/own/* {OWN} && rm -rf {CHECKOUT}")
    debian_12.expect(0, "tar czf sturdy-0.9.tar.gz sturdy-0.9 && rm -r sturdy-0.9", directory=f"{OWN}/sturdy")
    debian_12.expect(0, "apt-get -q update && apt-get -q -y install --no-install-recommends python3-venv")
    install = f"python3 -m venv venv && venv/bin/pip install -q /repository/{wheel.relative_to(REPOSITORY)}"
    debian_12.expect(0, install, directory=OWN)
    return debian_12


def build(machine: BareMachine, directory: str, targets: str, *words: str) -> None:
    """The one command."""
    command = f"build-all --setup --target {targets} --arch amd64,arm64 --results {OWN}/out {' '.join(words)}"
    machine.expect(0, f"{COMMANDS} {command}", "done    ", directory=directory, timeout=HOUR)


def in_clean_container(machine: BareMachine, image: str, command: str) -> str:
    """What a command says as root of a container that has nothing but the results."""
    run = f"docker run --rm --volume {OWN}/out:/out:ro {image} sh -ec '{command}'"
    return machine.expect(0, run, timeout=HOUR)


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_a_library_with_autotools(mia: BareMachine, architecture: str) -> None:
    build(mia, f"{OWN}/libmild", "debian/12,debian/13")
    mia.expect(0, f"{COMMANDS} build-env base make debian:12 --arch {architecture} --setup", directory=f"{OWN}/libmild")
    packages = " ".join(f"/out/debian-12/{name}_1.2.0_{architecture}.deb" for name in ("libmild1", "libmild-dev"))
    install = f"apt-get -qq update; apt-get -qq -y install {packages}; cat /usr/lib/*/pkgconfig/*"
    said = in_clean_container(mia, f"build-env/base:debian-12-{architecture}", install)
    assert "Version: 1.2.0" in said


def test_a_module_of_python(mia: BareMachine) -> None:
    build(mia, OWN, "debian/12,debian/13", "./tidy")
    for release in ("12", "13"):
        install = f"apt-get -qq update; apt-get -qq -y install /out/debian-{release}/python3-tidy_0.3_all.deb"
        said = in_clean_container(
            mia, f"build-env/base:debian-{release}-amd64", f'{install}; echo "a   b" | tidy-lines'
        )
        assert said.splitlines()[-1] == "a b"


def test_a_spec_with_a_tarball(mia: BareMachine) -> None:
    """The two stand-ins differ in distribution tag and macros, and say that they are stand-ins."""
    build(mia, f"{OWN}/sturdy", "centos/8,centos/9", "./sturdy.spec")
    for release in ("8", "9"):
        for architecture, machine in (("amd64", "x86_64"), ("arm64", "aarch64")):
            package = f"/out/centos-{release}/sturdy-0.9-3.el{release}.{machine}.rpm"
            asked = f'rpm -q --qf "%{{distribution}}\\n" -p {package}'
            install = f"{asked}; dnf -q -y install {package}; sturdy 2>/dev/null"
            said = in_clean_container(mia, f"build-env/stand-in:centos-{release}-{architecture}", install)
            assert "stand-in" in said.splitlines()
            assert said.splitlines()[-1] == "sturdy 0.9"
