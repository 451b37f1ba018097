"""Owns containers for tests of repositories: an HTTP server for a directory, and clients that read from it.

Images are made on this machine from the distribution images that are already here; no registry is asked. Each
container carries the label `build-env.test`, and leaving the context removes it.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Answer", "Client", "client", "image_with", "serve"]

LABEL = "build-env.test"
_ROOT = "/srv/repository"

# The reaper is an image from a registry; containers are removed by their contexts instead.
testcontainers_config.ryuk_disabled = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command in a client ended, and all it said."""

    status: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Client:
    """A running container in which a test acts as a user of a repository."""

    container: Any

    def run(self, script: str, environment: Mapping[str, str] | None = None) -> Answer:
        """Run a shell script as root."""
        done = self.container.exec_run(["sh", "-c", script], environment={"LC_ALL": "C.UTF-8", **(environment or {})})
        return Answer(status=done.exit_code, text=done.output.decode(errors="replace"))

    def expect(self, script: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a shell script that has to succeed, and return what it said."""
        answer = self.run(script, environment)
        assert answer.status == 0, answer.text
        return answer.text

    def write(self, path: str, data: bytes) -> None:
        """Put a file into the container."""
        self.expect(
            'mkdir -p "$(dirname "$FILE")" && printf %s "$TEXT" >"$FILE"', {"FILE": path, "TEXT": data.decode()}
        )


def image_with(base: str, *packages: str) -> str:
    """Make (once) the image of `base` with more packages of its distribution; return its name."""
    name = f"build-env-test/{base.replace(':', '-')}:{'-'.join(packages)}"
    connection = docker.from_env()
    try:
        if not connection.images.list(name=name):
            install = f"apt-get -qq update && apt-get -y -qq install --no-install-recommends {' '.join(packages)}"
            recipe = f"FROM {base}\nRUN {install} >/dev/null && rm -rf /var/lib/apt/lists/*\n"
            connection.images.build(fileobj=io.BytesIO(recipe.encode()), tag=name, rm=True)
    finally:
        connection.close()
    return name


@contextmanager
def serve(directory: Path) -> Iterator[str]:
    """Serve a directory over HTTP, as it is at each moment; yield the address that other containers use."""
    command = ["busybox", "httpd", "-f", "-p", "80", "-h", _ROOT]
    with _running(image_with("debian:12", "busybox"), command, {directory: _ROOT}) as container:
        container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"]
        yield f"http://{next(iter(networks.values()))['IPAddress']}"


@contextmanager
def client(image: str, *mounted: Path) -> Iterator[Client]:
    """Run a container that waits for commands; the directories are there under the same names, to be read."""
    with _running(image, ["sleep", "1800"], {path: str(path) for path in mounted}) as container:
        yield Client(container=container)


@contextmanager
def _running(image: str, command: list[str], mounts: Mapping[Path, str]) -> Iterator[Any]:
    container = DockerContainer(image).with_command(command).with_kwargs(labels={LABEL: "1"}, init=True)
    for source, target in mounts.items():
        container.with_volume_mapping(str(source), target, "ro")
    with container as started:
        yield started.get_wrapped_container()
