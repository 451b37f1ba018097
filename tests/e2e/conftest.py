"""The shipped project, copied and built with the real command; built once for all tests of the session."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.bases import provide_bases
from tests.support.programs import need_programs

REPOSITORY = Path(__file__).parents[2]
PARTS = ("Dockerfiles", "common", "src", "targets", "build-env.toml")
PATIENCE = 3000


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A copy of the project."""

    root: Path

    def build_all(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `build-all` in it."""
        return self._run("build_env.cli.build_all", *words)

    def build_env(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `build-env` in it."""
        return self._run("build_env.cli.main", *words)

    def built(self, *words: str) -> str:
        """Run `build-all`, which has to succeed, and return what it said."""
        done = self.build_all(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stand_in_image(self, arch: str) -> str:
        """The stand-in that was mapped for centos/8."""
        settings = (self.root / ".build-env/settings.toml").read_text(encoding="utf-8")
        line = next(line for line in settings.splitlines() if line.startswith(f'"centos:8/{arch}"'))
        return line.partition("=")[2].strip().strip('"')

    def _run(self, module: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-P", "-m", module, *words]
        return subprocess.run(argv, cwd=self.root, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """What only these tests look with."""
    need_programs("cpio", "file")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """The project as it is shipped."""
    provide_bases()
    root = tmp_path_factory.mktemp("shipped") / "project"
    root.mkdir()
    for part in PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, root / part, symlinks=True)
        else:
            shutil.copy2(source, root / part)
    return Shipped(root=root)


@pytest.fixture(scope="session")
def debian12(shipped: Shipped) -> str:
    """What the build of everything for debian/12 said."""
    return shipped.built("--target", "debian/12", "--arch", "amd64,arm64,armhf", "--keep-going")


@pytest.fixture(scope="session")
def stand_in_base(shipped: Shipped) -> str:
    """The image that stands in for centos/8, amd64."""
    made = shipped.build_env("base", "make", "--stand-in", "centos/8", "--arch", "amd64")
    assert made.returncode == 0, made.stdout + made.stderr
    return shipped.stand_in_image("amd64")


@pytest.fixture(scope="session")
def stand_in(shipped: Shipped, stand_in_base: str) -> str:
    """What the build of everything for centos/8 on a stand-in base said, amd64."""
    return shipped.built("--target", "centos/8", "--arch", "amd64")


@pytest.fixture(scope="session")
def emulated_stand_in(shipped: Shipped) -> str:
    """What the emulated build of greet for centos/8 on arm64 said; `--setup` makes the stand-in."""
    return shipped.built("--setup", "--target", "centos/8", "--arch", "arm64", "greet")
