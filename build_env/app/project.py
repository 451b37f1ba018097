"""Owns what every command begins with: the root, the settings, the machine, the target that is meant."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, UsageError
from build_env.core.later import imported_later
from build_env.core.machine import host_architecture, read_os_release
from build_env.core.paths import ProjectPaths, find_root, has_root
from build_env.core.trees import Trees
from build_env.model.target import Host, Options
from build_env.settings import Settings, load_settings
from build_env.targets.discover import discover, match
from build_env.targets.guard import guarded
from build_env.targets.load import load_target

with imported_later():
    from build_env.formats import registry
    from build_env.projects import loose
    from build_env.targets import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from build_env.model.options import BuildOptions

EVERY = "all"  # the word for every target there is

__all__ = ["Project", "current_host", "open_project"]


@dataclass(frozen=True, kw_only=True)
class Project:
    """An opened project; `environ` are the variables that may change what is planned."""

    paths: ProjectPaths
    settings: Settings
    host: Host
    environ: Mapping[str, str]

    @property
    def checkout(self) -> str:
        """A short name of this checkout, for labels: rooms of other checkouts are none of our business."""
        return hashlib.sha256(str(self.paths.root).encode()).hexdigest()[:12]

    @cached_property
    def trees(self) -> Trees:
        """What reads the trees of the project."""
        return Trees(
            root=self.paths.root, outside=self.settings.outside, shipped=self.paths.shipped, packaging=_packaging_names
        )

    def target_names(self) -> tuple[str, ...]:
        """The project's targets: its own, those that are shipped where it has none."""
        return discover(self.paths.targets) or self.shipped_targets()

    def shipped_targets(self) -> tuple[str, ...]:
        """The targets that build-env brings."""
        directory = self.paths.behind(self.paths.targets)
        return discover(directory) if directory else ()

    def match_target(self, wanted: str) -> str:
        """The one target that `wanted` means, among its own or else among those that are shipped.

        Raises UsageError when there is none, or more than one; of the codename of a release with the target of it.
        """
        try:
            return match(wanted, self.target_names(), self.shipped_targets())
        except UsageError as error:
            if not any(error.mistyped) and (name := self._of_codename(wanted.rpartition("/")[2].lower())):
                error = UsageError(f"there is no target {wanted}: that is {name}")
                error.mistyped = (wanted, name)
            raise error from None

    def _of_codename(self, codename: str) -> str:
        """The target of the release with this codename, as `bookworm` or `el9`; empty if there is none."""
        for name in (*self.target_names(), *self.shipped_targets()):
            with contextlib.suppress(BuildEnvError):
                variables = load_target(self.paths, name).variables
                if codename in {variables.get("SUITE"), f"el{variables.get('RELEASE', '')}"}:
                    return name
        return ""

    def match_targets(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """The targets that `wanted` mean, each once; `all` means all there are. Raises UsageError as `match` does."""
        every = self.target_names()
        chosen = [each for name in wanted for each in (every if name == EVERY else (self.match_target(name),))]
        return tuple(dict.fromkeys(chosen))

    def native_target(self) -> str:
        """The target whose `env_match_current` says that this machine is it."""
        names = self.target_names()
        fitting = [name for name in names if self.fits(name)] or [
            name for name in self.shipped_targets() if self.fits(name)
        ]
        if len(fitting) == 1:
            return fitting[0]
        listed = ", ".join(names)
        if fitting:
            raise UsageError(f"this machine fits several targets: {', '.join(fitting)}", hint="name one with --target")
        raise UsageError(
            f"no target fits this machine ({self.machine}), and none was named",
            hint=f"build in containers with --target NAME; targets: {listed}",
        )

    def settled(self, options: BuildOptions) -> BuildOptions:
        """The options with the whole names of the targets that are meant, and with the engine that builds them.

        Without a target and an engine it is this machine's own, built natively. Raises UsageError when a name means no
        target or several, and for options that the engine cannot carry out.
        """
        native = options.native or not (options.targets or options.engine)
        targets = self.match_targets(options.targets) if options.targets else (self.native_target(),)
        for target in targets if native and options.targets else ():
            if not self.fits(target):
                raise UsageError(
                    f"the target {target} cannot be built natively: this machine is {self.machine}",
                    hint="leave --engine native out, or let env_match_current in "
                    f"targets/{target}/packages.conf.py say so",
                )
        if native:
            options.check_native()
        return replace(options, targets=targets, engine="native" if native else "docker")

    @property
    def machine(self) -> str:
        """This machine in words: `debian 12`."""
        return f"{self.host.id} {self.host.version_id}".strip() or "unknown"

    def supported(self, name: str, architectures: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `architectures` that the target `name` says it builds for, before `env_load` has its say."""
        loaded, options = load_target(self.paths, name), Options.of(architectures)

        def answer(arch: str) -> object:
            recorder = record.Env(
                loaded=loaded,
                host=self.host,
                options=options,
                arch=arch,
                settings=self.settings,
                environ=self.environ,
            )
            return record.call_hook(recorder, "env_arch_supported", arch)[0]

        return tuple(arch for arch in architectures if answer(arch))

    def fits(self, name: str) -> bool:
        """Whether the target `name` says that this machine is it."""
        loaded = load_target(self.paths, name)
        with guarded(f"env_match_current of {loaded.file}", self.paths.root):
            return bool(loaded.hooks["env_match_current"](self.host))


def _packaging_names() -> tuple[str, ...]:
    """How packaging of some format at the top of a package is called, or how its name ends."""
    return tuple(name for known in registry.formats() for name in (*known.packaging, *known.at_top))


def open_project(root: Path | None, environ: Mapping[str, str] = os.environ) -> Project:
    """The project at `root` or around the current directory, or the one for the package that this is.

    Raises UsageError and, for its settings, InputError.
    """
    here = Path.cwd()
    root = root or (None if has_root(here) else loose.root_of(here, environ))
    paths = find_root(root, here)
    return Project(paths=paths, settings=load_settings(paths, environ), host=current_host(), environ=environ)


def current_host() -> Host:
    """This machine, from os-release."""
    facts = read_os_release()
    return Host(
        id=facts.get("ID", ""),
        version_id=facts.get("VERSION_ID", ""),
        codename=facts.get("VERSION_CODENAME", ""),
        architecture=host_architecture(),
    )
