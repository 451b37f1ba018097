"""Owns a project of the smallest kind for tests: one image without installed packages, packages that are scripts.

Its commands run as a user runs them, in a process of their own; what they left in the engine can be asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["REPOSITORY", "SCRIPT", "Answer", "Running", "Tiny", "tiny_project", "tool_environment"]

REPOSITORY = Path(__file__).parents[2]
TARGET = "tiny/1"
DOCKERFILE = "FROM {{ base_image }}\n"
SCRIPT = """\
#!/bin/sh
set -eu
case $1 in
--source) echo "source of $BUILD_PACKAGE" >"$BUILD_OUT/$BUILD_PACKAGE.tar" ;;
--build) echo "build of $BUILD_PACKAGE for $ARCH" >"$BUILD_OUT/$BUILD_PACKAGE.deb" ;;
esac
"""
_CONFIGURATION = '''\
"""A target of the tests."""

from build_env.hooks import Env, ImageKind, Package

FAMILY = "deb"
BASE_IMAGE = "{base}"
PACKAGES = {packages}


def docker_image_name(env: Env, kind: ImageKind) -> str:
    return "tiny-1"


def docker_image_create(env: Env, kind: ImageKind) -> None:
    env.docker_build_image("Dockerfiles/tiny.Dockerfile.j2", kind)


def run_verify(env: Env, package: Package) -> None:
    env.run_command_build(env.path_package_script(package), "--verify", f"--arch={{env.arch}}")


def run_tar_build(env: Env) -> None:
    pass
'''
_PATIENCE = 300
_ENGINE_PATIENCE = 600  # seconds: an engine that others keep busy takes its time to remove an image


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command ended and what it said, both streams in one."""

    status: int
    text: str

    def expect(self, status: int, *words: str) -> Answer:
        """Demand a status and words, and never a traceback."""
        assert self.status == status, self.text
        assert "Traceback" not in self.text
        for word in words:
            assert word in self.text, f"{word!r} is not in:\n{self.text}"
        return self


@dataclass
class Running:
    """A `build-all` at work that tells its events as JSON lines; both of its streams are read here, line by line."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def await_output(self, words: str) -> None:
        """Read until a command in a room has printed the line `words`."""
        wanted = f'"line": {json.dumps(words)}'
        assert any(wanted in line for line in self._read()), "".join(self.lines)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self) -> Answer:
        """Read to the end; status, and all that was said from the beginning."""
        for _ in self._read():
            pass
        return Answer(status=self.process.wait(), text="".join(self.lines))

    def _read(self) -> Iterator[str]:
        for line in self.process.stdout or ():
            self.lines.append(line)
            yield line


@dataclass
class Tiny:
    """A project in `root`; everything it makes in the engine has `prefix` in its name or the project in its label."""

    root: Path
    prefix: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """What the labels of its containers say."""
        return hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:12]

    def write(self, name: str, text: str, *, mode: int = 0o644) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def package(self, name: str, script: str = SCRIPT, *, definition: str = "") -> None:
        """Write a package and list it in the target."""
        self.write(f"src/{name}/build.sh", script, mode=0o755)
        if definition:
            self.write(f"src/{name}/definition.yaml", definition)
        self.configure()

    def configure(self, extra: str = "", *, base: str = "debian:12") -> None:
        """Write the target for the packages that are there; `extra` is more Python."""
        packages = sorted(path.name for path in (self.root / "src").iterdir())
        text = _CONFIGURATION.format(base=base, packages=packages) + extra
        self.write(f"targets/{TARGET}/packages.conf.py", text)

    def arguments(self, *words: str) -> list[str]:
        """The command line of `build-all` for the target."""
        return [sys.executable, "-P", "-m", "build_env.cli.build_all", "--target", TARGET, *words]

    def build(self, *words: str, environment: Mapping[str, str] | None = None) -> Answer:
        """Run `build-all` to its end."""
        done = subprocess.run(
            self.arguments(*words),
            cwd=self.root,
            env=tool_environment({**self.environment, **(environment or {})}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
        return Answer(status=done.returncode, text=done.stdout.decode(errors="replace"))

    @contextmanager
    def started(self, *words: str, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
        """Run `build-all` in a process group of its own, as a shell does; killed at the end if it still runs."""
        process = subprocess.Popen(
            self.arguments("--log-format", "json", *words),
            cwd=self.root,
            env=tool_environment({**self.environment, **(environment or {})}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield Running(process=process)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def log(self, package: str, stage: str, arch: str = "") -> str:
        """The log of a task."""
        name = ".".join(part for part in (package, arch, stage) if part)
        return (self.root / "build" / "logs" / TARGET.replace("/", "-") / f"{name}.log").read_text()

    def containers(self, **labels: str) -> list[Any]:
        """The containers of this project, running or not."""
        wanted = {"project": self.identity, **labels}
        with _connection() as connection:
            found: list[Any] = connection.containers.list(
                all=True, filters={"label": [f"build-env.{name}={value}" for name, value in wanted.items()]}
            )
        return found

    def leftovers(self, *, failed: int = 0) -> list[str]:
        """What no command may leave: containers other than `failed` kept ones, temporary files below build/."""
        containers = [_described(item) for item in self.containers()]
        kept = [name for name in containers if "-failed-" in name]
        found = [name for name in containers if name not in kept] + kept[failed:]
        for directory in ("build/rooms", "build/store/temporary"):
            path = self.root / directory
            found += [str(item) for item in path.iterdir()] if path.is_dir() else []
        return found

    def discard(self) -> None:
        """Remove everything the project made in the engine."""
        with _connection() as connection:
            for item in self.containers():
                item.remove(force=True, v=True)
            for tag in self._tags(connection):
                connection.images.remove(tag, force=True, noprune=True)

    def images(self, part: str = "") -> list[str]:
        """The names of the project's images that hold `part`, sorted: the engine has them by the second they are of."""
        with _connection() as connection:
            return sorted(tag for tag in self._tags(connection) if part in tag)

    def _tags(self, connection: docker.DockerClient) -> list[str]:
        # Not `images.list()`: it looks at each image of the machine again, and others come and go meanwhile.
        return [tag for image in connection.api.images() for tag in image["RepoTags"] or () if self.prefix in tag]


def _described(container: Any) -> str:  # noqa: ANN401 - the SDK's
    """The name, and what tells how it came to be left."""
    labels = container.labels
    return f"{container.name} ({container.status}, run {labels.get('build-env.run')}, {labels.get('build-env.task')})"


@contextmanager
def tiny_project(root: Path, *packages: str, prefix: str = "") -> Iterator[Tiny]:
    """A project with packages that do almost nothing; what it made in the engine is removed afterwards."""
    project = Tiny(root=root, prefix=prefix or f"build-env-test-{uuid.uuid4().hex[:8]}")
    project.write("build-env.toml", f'image_prefix = "{project.prefix}"\n')
    project.write("Dockerfiles/tiny.Dockerfile.j2", DOCKERFILE)
    (root / "src").mkdir(exist_ok=True)
    for name in packages:
        project.package(name)
    project.configure()
    try:
        yield project
    finally:
        project.discard()


def tool_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of the tool: this one, without what would change its output, and this checkout's code."""
    dropped = {"GITHUB_ACTIONS", "SSH_AUTH_SOCK"}
    own = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**own, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1", **more}


@contextmanager
def _connection() -> Iterator[docker.DockerClient]:
    connection = docker.from_env(timeout=_ENGINE_PATIENCE)
    try:
        yield connection
    finally:
        connection.close()
