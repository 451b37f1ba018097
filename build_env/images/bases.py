"""Owns base images: mapped by a setting, there already, pulled, or bootstrapped; with their architecture checked.

A base is looked for under the name `<prefix>/base/<reference>-<architecture>` first, because engines keep only one
architecture under a plain name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, Interrupted
from build_env.core.machine import DEBIAN_TO_OCI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.model.image import ImageDescription
    from build_env.ports import ImageEngine
    from build_env.settings import Settings

__all__ = ["STAND_IN", "Base", "Bases"]

STAND_IN = "build-env.stand-in"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A resolved base: the name the engine knows it by, its identity, what it stands in for (usually nothing)."""

    reference: str
    identity: str
    stand_in: str = ""


@dataclass
class Bases:
    """Resolves base images; one at a time, so that several tasks asking for one make it once."""

    images: ImageEngine
    settings: Settings
    temporary: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[str] | None = None
    _cancelled: bool = False

    def own_name(self, reference: str, architecture: str) -> str:
        """The name under which build-env keeps the base for that architecture."""
        slug = re.sub(r"[^a-z0-9._-]+", "-", reference.lower()).strip("-")
        return f"{self.settings.image_prefix}/base:{slug}-{architecture}"

    def find(self, reference: str, architecture: str) -> Base | None:
        """The base if the engine has it already; asks no registry and makes nothing.

        Raises EnvironmentNotReady when a mapped image is missing or of another architecture.
        """
        mapped = self.mapped(reference, architecture)
        if mapped:
            return self._checked(mapped, architecture, self.images.describe(mapped), f"base_images maps {reference} to")
        for name in (self.own_name(reference, architecture), reference):
            description = self.images.describe(name)
            if description and description.architecture == architecture:
                return _base(name, description)
        return None

    def mapped(self, reference: str, architecture: str) -> str:
        """The image that the settings name for this base, or nothing."""
        table = self.settings.base_images
        return table.get(f"{reference}/{architecture}") or table.get(reference, "")

    def resolve(self, reference: str, architecture: str, bootstrap: str, output: Callable[[str], None]) -> Base:
        """Find the base, else pull it, else bootstrap the suite `bootstrap` of Debian."""
        with self._lock:
            self._refuse_cancelled()
            found = self.find(reference, architecture)
            if found:
                return found
            output(f"pulling {reference} for {architecture}")
            platform = f"linux/{DEBIAN_TO_OCI.get(architecture, architecture)}"
            pulled = self.images.pull(reference, platform, output)
            if pulled and pulled.architecture == architecture:
                name = self.own_name(reference, architecture)
                self.images.tag(reference, name)
                return _base(name, pulled)
            if bootstrap:
                output(f"no registry has {reference} for {architecture}: bootstrapping {bootstrap} with mmdebstrap")
                return self.make(reference, architecture, bootstrap, output)
        raise EnvironmentNotReady(
            f"the base image {reference} for {architecture} cannot be had: no registry answers with it",
            hint=f"name another image for it: build-env base map {reference} IMAGE --arch {architecture}",
        )

    def make(self, reference: str, architecture: str, suite: str, output: Callable[[str], None]) -> Base:
        """Bootstrap `suite` with mmdebstrap from the distribution's mirror."""
        program = shutil.which("mmdebstrap")
        if program is None:
            raise EnvironmentNotReady(
                "mmdebstrap is needed to bootstrap a base image and is not installed",
                hint="apt-get install mmdebstrap, or run the same command with --setup",
            )
        with _workplace(self.temporary) as (directory, lock):
            archive = Path(directory) / "root.tar"
            argv = [program, "--variant=minbase", f"--architectures={architecture}", suite, str(archive)]
            Path(directory).chmod(0o755)  # apt reads there as a user of its own
            status = self._bootstrap(argv, directory, lock, output)
            self._refuse_cancelled()
            if status:
                raise EnvironmentNotReady(
                    f"mmdebstrap could not make {suite} for {architecture}: exit status {status}",
                    hint="the log has its last lines; build-env doctor checks binfmt handlers and the mirror",
                )
            name = self.own_name(reference, architecture)
            labels = {"build-env.base": reference, "build-env.bootstrap": suite}
            self.images.load_rootfs(archive, tag=name, architecture=architecture, labels=labels)
        return _base(name, self._must_have(name))

    def cancel(self) -> None:
        """End a bootstrap that is running; callable from any thread."""
        self._cancelled = True
        process = self._process
        if process is not None:
            _end(process)

    def _refuse_cancelled(self) -> None:
        if self._cancelled:
            raise Interrupted("stopped")

    def _bootstrap(self, argv: list[str], directory: str, lock: int, output: Callable[[str], None]) -> int:
        """Run mmdebstrap in a process group of its own, which `cancel` ends; it removes its own root then."""
        process = self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": directory},
            start_new_session=True,
            pass_fds=[lock],
        )
        if self._cancelled:
            _end(process)  # who cancelled found no process yet
        try:
            with process:
                for line in process.stderr or ():
                    output(line.rstrip())
            return process.returncode
        finally:
            self._process = None

    def _must_have(self, name: str) -> ImageDescription:
        description = self.images.describe(name)
        if description is None:
            raise EnvironmentNotReady(f"the image {name} has disappeared")
        return description

    def _checked(self, name: str, architecture: str, found: ImageDescription | None, what: str) -> Base:
        if found is None:
            raise EnvironmentNotReady(
                f"{what} {name}, which the engine does not have",
                hint="make or pull it, or change the mapping: build-env base map",
            )
        if found.architecture != architecture:
            raise EnvironmentNotReady(
                f"{what} {name}, which is for {found.architecture}, not for {architecture}",
                hint=f"build-env base map … --arch {architecture} names an image for that architecture",
            )
        return _base(name, found)


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


@contextlib.contextmanager
def _workplace(temporary: Path) -> Iterator[tuple[str, int]]:
    """A directory with a lock on it, which says that it is in use: runs that begin sweep what killed runs left."""
    temporary.mkdir(parents=True, exist_ok=True)
    directory, handle = _locked_directory(temporary)
    try:
        yield directory, handle
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(handle)


def _locked_directory(temporary: Path) -> tuple[str, int]:
    while True:
        directory = tempfile.mkdtemp(dir=temporary)
        try:
            handle = os.open(directory, os.O_RDONLY)
        except FileNotFoundError:  # swept before it had its lock
            continue
        fcntl.flock(handle, fcntl.LOCK_SH)
        if Path(directory).exists():
            return directory, handle
        os.close(handle)


def _base(name: str, description: ImageDescription) -> Base:
    return Base(reference=name, identity=description.identifier, stand_in=description.labels.get(STAND_IN, ""))
