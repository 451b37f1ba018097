"""A machine that is not ready, shown with a real engine: wrong bases, no emulation, no engine, one that is started."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady
from build_env.engines.docker.connection import connect
from build_env.engines.docker.images import DockerImages
from build_env.engines.docker.rooms import DockerRooms
from build_env.setup.binfmt import BINFMT, read_handlers
from build_env.setup.engine import start_detached, wait_until
from build_env.setup.observe import engine_answers, find_program
from tests.support.tiny import REPOSITORY, Answer, Tiny, tiny_project, tool_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 600
# No test of others uses this architecture: its handler may be switched off for a while.
EXOTIC = "s390x"
ELF_MACHINE = 0x16
# The target's images are of the exotic architecture, as those of an emulated family are.
EMULATED = f"""

ARCHITECTURES = ("{EXOTIC}",)


def env_arch_supported(env: Env, arch: str) -> bool:
    return True


def docker_pre_run(env: Env) -> str:
    return "linux/{EXOTIC}"
"""


def build_env(root: Path, *words: str, **environment: str) -> Answer:
    """Run `build-env` in a project to its end."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "build_env.cli.main", *words],
        cwd=root,
        env=tool_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Answer(status=done.returncode, text=done.stdout + done.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path, "one") as tiny:
        yield tiny


def test_mapping_an_image_of_another_architecture(project: Tiny) -> None:
    answer = build_env(project.root, "base", "map", "centos:8", "debian:12", "--arch", "arm64")
    answer.expect(4, "debian:12 is for amd64, not for arm64", "next")
    assert not (project.root / ".build-env").exists()


def test_building_on_a_mapped_image_of_another_architecture(project: Tiny) -> None:
    image = f"{project.prefix}/wrong:1"
    load_foreign(image)
    project.write(".build-env/settings.toml", f'[base_images]\n"debian:12" = "{image}"\n')
    project.build().expect(4, f"maps debian:12 to {image}, which is for {EXOTIC}, not for amd64", "base map")
    assert project.leftovers() == []
    build_env(project.root, "doctor").expect(
        4, "base debian:12 amd64", f"which is for {EXOTIC}", "mend: build-env base"
    )


def test_mapping_and_forgetting(project: Tiny) -> None:
    build_env(project.root, "base", "map", "debian:12", "debian:13").expect(0, "debian:12/amd64 is mapped to debian:13")
    build_env(project.root, "base", "list").expect(0, "mapped as debian:13")
    build_env(project.root, "base", "map", "debian:12", "--remove").expect(0, "no longer mapped")
    build_env(project.root, "base", "map", "debian:12", "--remove").expect(2, "maps no base debian:12")


def test_a_base_that_cannot_be_had(project: Tiny) -> None:
    # Nothing listens there: the engine is refused at once.
    project.configure(base="localhost:9/absent:1")
    project.build().expect(4, "localhost:9/absent:1 for amd64 cannot be had", "build-env base map")
    assert project.leftovers() == []
    build_env(project.root, "base", "make", "localhost:9/absent:1").expect(4, "cannot be had")
    build_env(project.root, "base", "make", "other:1").expect(2, "no target is built on other:1")


def load_foreign(name: str) -> None:
    """Give the engine an image of the exotic architecture whose only program the kernel cannot start by itself."""
    connection = connect()
    images = DockerImages(
        connection=connection, rooms=DockerRooms(connection=connection, project="tests"), project="tests"
    )
    with tempfile.TemporaryDirectory() as directory:
        archive = Path(directory) / "root.tar"
        with tarfile.open(archive, "w") as tar:
            member = tarfile.TarInfo("bin/sh")
            program = foreign_program()
            member.size, member.mode = len(program), 0o755
            tar.addfile(member, io.BytesIO(program))
        images.load_rootfs(archive, tag=name, architecture=EXOTIC, labels={})
    connection.close()


def foreign_program() -> bytes:
    """The header of an executable of the exotic architecture: enough for the kernel to refuse it."""
    identity = b"\x7fELF" + bytes([2, 2, 1]) + bytes(9)
    return identity + struct.pack(">HHIQQQIHHHHHH", 2, ELF_MACHINE, 1, 0, 64, 0, 0, 64, 56, 0, 64, 0, 0)


@pytest.fixture
def no_handler() -> Iterator[None]:
    """Switch the handler of the exotic architecture off, where there is one."""
    handler = read_handlers().get(EXOTIC)
    if handler is None or not handler.enabled:
        yield
        return
    file = BINFMT / handler.name
    file.write_text("0")
    try:
        yield
    finally:
        file.write_text("1")


@pytest.mark.usefixtures("no_handler")
def test_an_image_that_this_machine_cannot_run(project: Tiny) -> None:
    image = f"{project.prefix}/foreign:1"
    load_foreign(image)
    project.configure(EMULATED, base=image)
    project.build("--arch", EXOTIC).expect(
        4, "this machine cannot run programs of the image's architecture", "build-env doctor"
    )
    assert project.leftovers() == []
    build_env(project.root, "doctor").expect(4, f"missing  emulation {EXOTIC}", "mend: ")


def test_no_engine(project: Tiny, tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/no.sock"
    project.build(environment={"DOCKER_HOST": nowhere}).expect(4, "no Docker engine answers", "build-env doctor")
    build_env(project.root, "doctor", DOCKER_HOST=nowhere).expect(4, "missing  engine", "unset DOCKER_HOST")
    # An engine that somebody else named is not ours to start.
    build_env(project.root, "doctor", "--setup", DOCKER_HOST=nowhere).expect(4, "unset DOCKER_HOST")
    build_env(project.root, "base", "list", DOCKER_HOST=nowhere).expect(4, "no Docker engine answers")


def test_doctor_for_programs(project: Tiny) -> None:
    answer = build_env(project.root, "doctor", "--json")
    report = json.loads(answer.expect(0).text)
    assert report["ready"] is True
    assert {"engine", "base debian:12 amd64"} <= {check["name"] for check in report["checks"]}


@contextlib.contextmanager
def private_engine() -> Iterator[tuple[str, list[str]]]:
    """An address and the command of an engine of its own there; short paths, a socket's may not be long.

    It gets a network of its own: with `--bridge=none` it would remove the bridge that this machine's engine uses.
    """
    place = Path(tempfile.mkdtemp(prefix="engine-", dir="/tmp"))
    address = f"unix://{place}/socket"
    options = {"host": address, "data-root": place / "data", "exec-root": place / "exec", "pidfile": place / "pid"}
    command = [
        "unshare",
        "--net",
        find_program("dockerd") or "dockerd",
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    try:
        yield address, [*command, "--iptables=false"]
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="starts an engine, which needs root")
def test_an_engine_in_the_background(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with private_engine() as (address, command):
        monkeypatch.setenv("DOCKER_HOST", address)
        assert not engine_answers()
        process = start_detached(command, tmp_path / "log")
        try:
            wait_until(engine_answers, lambda: True, lambda: EnvironmentNotReady((tmp_path / "log").read_text()))
        finally:
            process.terminate()
            process.wait()


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_a_target_without_base_is_built_on_a_stand_in(tmp_path: Path) -> None:
    root = tmp_path / "project"
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, root], check=True)
    with tiny_project(tmp_path, prefix=f"build-env-test-{uuid.uuid4().hex[:8]}") as tiny:
        (root / "build-env.toml").write_text(f'image_prefix = "{tiny.prefix}"\n')
        words = ["--setup", "--target", "centos/8", "--arch", "amd64", "greet"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "build_env.cli.build_all", *words],
            cwd=root,
            env=tool_environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        Answer(status=done.returncode, text=done.stdout).expect(0, "STAND-IN: ")
        deployed = [path.relative_to(root / "build/deploy/rpm") for path in (root / "build/deploy/rpm").rglob("*.rpm")]
        assert deployed
        assert {path.parts[0] for path in deployed} == {"centos-8+stand-in"}
        assert [path.name for path in (root / "build/repositories/main/rpm").iterdir()] == ["centos-8+stand-in"]
