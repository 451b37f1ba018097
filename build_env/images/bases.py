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
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, Interrupted
from build_env.core.machine import DEBIAN_TO_OCI
from build_env.core.processes import (
    Cancellation,
    Cancelled,
    CannotStart,
    Finished,
    Invocation,
    ProcessError,
    listed_environment,
    run_program,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.model.image import ImageDescription
    from build_env.ports import ImageEngine
    from build_env.settings import Settings

__all__ = ["STAND_IN", "Base", "Bases"]

STAND_IN = "build-env.stand-in"
_LAST_LINES = 15
_LONGEST = 4 * 3600  # seconds: all of a distribution's base is unpacked, perhaps by emulated programs
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")


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
    _renewed: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancellation: Cancellation = field(default_factory=Cancellation)

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
            if self._cancellation.cancelled:
                raise Interrupted("stopped")
            there = self.find(reference, architecture)
            if there:
                return there
            output(f"pulling {reference} for {architecture}")
            pulled = self._pull(reference, architecture, output)
            if pulled:
                return pulled
            if bootstrap:
                output(f"no registry has {reference} for {architecture}: bootstrapping {bootstrap} with mmdebstrap")
                return self.make(reference, architecture, bootstrap, output)
        raise EnvironmentNotReady(
            f"the base image {reference} for {architecture} cannot be had: no registry answers with it",
            hint="the same command with --setup makes a stand-in, where that can be done; or name another image: "
            f"build-env base map {reference} IMAGE --arch {architecture}",
        )

    def renew(self, reference: str, architecture: str, output: Callable[[str], None]) -> None:
        """Ask the registry again for a base that is there, once; one that it does not give stays as it is.

        Raises EnvironmentNotReady as `find` does.
        """
        with self._lock:
            there = self.find(reference, architecture)
            if there is None or (reference, architecture) in self._renewed or self.mapped(reference, architecture):
                return
            self._renewed.add((reference, architecture))
            output(f"asking the registry for {reference} for {architecture} again")
            if not self._pull(reference, architecture, output):
                description = self.images.describe(there.reference)
                age = _age(description.since) if description else ""
                output(f"no registry gives it: {there.reference} stays as it is{age}")
            elif (now := self.find(reference, architecture)) and now.identity != there.identity:
                output(f"{reference} is another one now: {there.identity} before, {now.identity} from here on")
            else:
                output(f"{reference} is what the registry has")

    def _pull(self, reference: str, architecture: str, output: Callable[[str], None]) -> Base | None:
        """The base from a registry, under its own name; None when none has it for that architecture."""
        platform = f"linux/{DEBIAN_TO_OCI.get(architecture, architecture)}"
        pulled = self.images.pull(reference, platform, output)
        if pulled is None or pulled.architecture != architecture:
            return None
        name = self.own_name(reference, architecture)
        self.images.tag(reference, name)
        return _base(name, pulled)

    def make(self, reference: str, architecture: str, suite: str, output: Callable[[str], None]) -> Base:
        """Bootstrap `suite` with mmdebstrap from the distribution's mirror."""
        with _workplace(self.temporary) as (directory, lock):
            archive = Path(directory) / "root.tar"
            argv = ["mmdebstrap", "--variant=minbase", f"--architectures={architecture}", suite, str(archive)]
            Path(directory).chmod(0o755)  # apt reads there as a user of its own
            done = self._bootstrap(argv, directory, lock, output)
            if done.failure:
                said = [line for line in done.standard_error.splitlines() if line.strip()][-_LAST_LINES:]
                lines = "".join(f"\n        | {line}" for line in said)
                raise EnvironmentNotReady(
                    f"{suite} for {architecture} could not be made: {done.failure}{lines}",
                    hint="build-env doctor says what this machine lacks; with --setup it installs that",
                )
            name = self.own_name(reference, architecture)
            labels = {"build-env.base": reference, "build-env.bootstrap": suite}
            description = self.images.load_rootfs(archive, tag=name, architecture=architecture, labels=labels)
        return _base(name, description)

    def cancel(self) -> None:
        """End a bootstrap that is running; callable from any thread."""
        self._cancellation.cancel()

    def _bootstrap(self, argv: list[str], directory: str, lock: int, output: Callable[[str], None]) -> Finished:
        """Run mmdebstrap, which removes its own root when `cancel` ends it; the lock lives as long as it does."""
        environment = listed_environment(os.environ, "HOME", *_PROXIES, TMPDIR=directory)
        bootstrap = Invocation(argv=argv, environment=environment, seconds=_LONGEST, inherited=(lock,))
        try:
            return run_program(bootstrap, tell=output, cancellation=self._cancellation)
        except Cancelled as error:
            raise Interrupted("stopped") from error
        except CannotStart as error:
            hint = "build-env doctor --setup installs it, or says what else is missing"
            raise EnvironmentNotReady(f"a base image cannot be bootstrapped: {error}", hint=hint) from error
        except ProcessError as error:
            raise EnvironmentNotReady(str(error), hint="build-env doctor checks the mirror") from error

    def _checked(self, name: str, architecture: str, description: ImageDescription | None, what: str) -> Base:
        if description is None:
            raise EnvironmentNotReady(
                f"{what} {name}, which the engine does not have",
                hint="make or pull it, or change the mapping: build-env base map",
            )
        if description.architecture != architecture:
            raise EnvironmentNotReady(
                f"{what} {name}, which is for {description.architecture}, not for {architecture}",
                hint=f"build-env base map … --arch {architecture} names an image for that architecture",
            )
        return _base(name, description)


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


def _age(since: float) -> str:
    """How long it is there already, in the unit that fits; nothing where that is not known."""
    if not since:
        return ""
    hours = int((time.time() - since) // 3600)
    days = hours // 24
    count, unit = (days, "day") if days else (hours, "hour")
    age = f"{count} {unit}{'s' if count > 1 else ''} old" if count else "less than an hour old"
    return f", {age}"


def _base(name: str, description: ImageDescription) -> Base:
    return Base(reference=name, identity=description.identifier, stand_in=description.labels.get(STAND_IN, ""))
