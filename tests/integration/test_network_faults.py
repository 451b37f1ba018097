"""Faults of the network with the real command: exit code 4 and the line that says it, in every place they occur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.tiny import SCRIPT, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

SAYS = "echo \"E: Failed to fetch http://m.example/dists/x/InRelease  Could not resolve 'm.example'\" >&2; exit 100"
GONE = "echo 'E: Failed to fetch http://m.example/pool/x.deb  404  Not Found [IP: 192.0.2.1 80]' >&2; exit 100"
INSTALLS = """

def run_build(env: Env, package: Package) -> None:
    env.use("common/install")
    env.install(ImageKind.BUILD, "common/install/install.sh")
    env.run_command_build(env.path_package_script(package), "--build")
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path, "one") as tiny:
        yield tiny


@pytest.mark.parametrize(("step", "words"), [(SAYS, "Could not resolve 'm.example'"), (GONE, "--refresh")])
def test_in_a_step_of_a_dockerfile(project: Tiny, step: str, words: str) -> None:
    project.write("Dockerfiles/tiny.Dockerfile.j2", f"FROM {{{{ base_image }}}}\nRUN echo before\nRUN {step}\n")
    project.build().expect(4, "E: Failed to fetch", words)
    assert project.leftovers() == []


@pytest.mark.parametrize("mode", ["", "--container"])
@pytest.mark.parametrize(("step", "words"), [(SAYS, "Could not resolve 'm.example'"), (GONE, "--refresh")])
def test_in_an_install_command(project: Tiny, step: str, words: str, mode: str) -> None:
    project.write("common/install/install.sh", f"#!/bin/sh\n{step}\n", mode=0o755)
    project.configure(INSTALLS)
    project.build(*filter(None, [mode])).expect(4, "E: Failed to fetch", words)


def test_a_step_that_overcame_a_fault_fails_for_its_own_reason(project: Tiny) -> None:
    steps = f"RUN ({SAYS}) || true\nRUN echo 'error: no such file'; exit 7\n"
    project.write("Dockerfiles/tiny.Dockerfile.j2", f"FROM {{{{ base_image }}}}\n{steps}")
    project.build().expect(1, "returned a non-zero code: 7")


@pytest.mark.parametrize(("status", "words"), [(75, "could not get what it needs"), (78, "--refresh")])
def test_said_by_the_exit_status_of_a_script(project: Tiny, status: int, words: str) -> None:
    project.package("one", SCRIPT.replace("--source) ", f"--source) exit {status}; "))
    project.build().expect(4, words)


@pytest.mark.parametrize("status", [75, 78])
def test_a_room_without_network_cannot_have_its_trouble(project: Tiny, status: int) -> None:
    project.package("one", SCRIPT.replace("--build) ", f"--build) exit {status}; "))
    project.build().expect(1, f"status {status}")
