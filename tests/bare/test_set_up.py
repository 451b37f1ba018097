"""The commands that people start with, on freshly installed machines: set-up before them leaves nothing to be done.

Half of them run on each release, because each takes its minutes; `--full` runs those of the README on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.bare import CHECKOUT

if TYPE_CHECKING:
    from tests.support.bare import BareMachine

README = "./build-all --setup --target debian/12 --arch amd64,arm64"
BASE = "./build-env base make debian:12 --arch arm64"
USER = "builder"
HOURS = 3600
# The unit tests of what leans on Python most: how it imports, what it says of errors and of files.
LEANING = "tests/unit/core tests/unit/externals tests/unit/manifest tests/unit/plancache tests/unit/targets"


@pytest.fixture(scope="module")
def set_up(debian_12: BareMachine) -> BareMachine:
    """Debian 12 after the first command of the README, up to one built package."""
    debian_12.expect(
        0,
        f"{README} --source --build libgreet",
        "making .venv (first use)",
        "installing docker.io",
        "ok    build    libgreet arm64",
        directory=CHECKOUT,
    )
    return debian_12


def test_what_doctor_finds_ready_needs_no_set_up(set_up: BareMachine) -> None:
    set_up.expect(0, "./build-env doctor --target debian/12", "done    this machine is ready", directory=CHECKOUT)
    again = "./build-all --target debian/12 --arch amd64,arm64 --source --build libgreet"
    set_up.expect(0, again, "done    nothing to do", directory=CHECKOUT)


def test_a_user_builds_who_is_in_the_group_of_the_engine(set_up: BareMachine) -> None:
    home = f"/home/{USER}"
    set_up.expect(0, f"useradd --create-home {USER}")
    set_up.expect(0, f"git clone --quiet {CHECKOUT} build-env", user=USER, directory=home)
    build = "./build-all --target debian/12 greet-build-macros"
    mend = f"usermod -aG docker {USER}"
    theirs = {"user": USER, "directory": f"{home}/build-env"}
    set_up.expect(4, build, "does not let this user in", f"sudo {mend}, then log in again", **theirs)
    set_up.expect(0, mend)
    set_up.expect(0, build, "ok    verify   greet-build-macros", "done    ", **theirs)
    assert set_up.expect(0, f"find build ! -user {USER}", **theirs) == ""


def test_a_base_of_another_architecture_is_made(debian_13: BareMachine) -> None:
    debian_13.expect(4, BASE, "the same command again with --setup", directory=CHECKOUT)
    debian_13.expect(0, f"{BASE} --setup", "bootstrapping bookworm", "done    debian:12 arm64", directory=CHECKOUT)
    machine = "docker run --rm --network=none build-env/base:debian-12-arm64 uname -m"
    assert debian_13.expect(0, machine).splitlines()[-1] == "aarch64"  # docker warns of another architecture


def test_what_set_up_makes_ready_runs_tests(debian_13: BareMachine) -> None:
    ready = "done    this machine is ready"
    debian_13.expect(0, "./build-env doctor --setup", ready, directory=CHECKOUT)
    debian_13.expect(0, "./build-env doctor", ready, directory=CHECKOUT)
    selection = "test_mapping_and_forgetting or test_binfmt"
    debian_13.expect(0, f"./run-tests -k '{selection}'", "= 1 passed, ", directory=CHECKOUT)


@pytest.mark.parametrize("tests", [LEANING, pytest.param("tests/unit", marks=pytest.mark.full)], ids=["part", "whole"])
@pytest.mark.parametrize(("release", "version"), [("debian_12", "3.11.2"), ("debian_13", "3.13")])
def test_unit_tests_pass_on_the_python_of_the_release(
    request: pytest.FixtureRequest, release: str, version: str, tests: str
) -> None:
    machine: BareMachine = request.getfixturevalue(release)
    machine.expect(0, f"./run-tests {tests}", " passed", directory=CHECKOUT)
    python = machine.expect(
        0, ".venv/bin/python -c 'import sys; print(sys.base_prefix, sys.version)'", directory=CHECKOUT
    )
    assert python.startswith(f"/usr {version}")


@pytest.mark.full
@pytest.mark.timeout(3 * HOURS)
def test_the_commands_of_the_readme(fresh_machine: BareMachine) -> None:
    fresh_machine.expect(0, README, "next    install from it", directory=CHECKOUT, timeout=HOURS)
    fresh_machine.expect(0, "./run-tests", " passed", directory=CHECKOUT, timeout=2 * HOURS)


@pytest.mark.full
@pytest.mark.timeout(HOURS)
def test_another_distribution_emulated(fresh_machine: BareMachine) -> None:
    command = "./build-all --setup --target centos/8 --arch arm64 greet"
    fresh_machine.expect(0, command, "deploy   greet arm64", directory=CHECKOUT, timeout=HOURS)
