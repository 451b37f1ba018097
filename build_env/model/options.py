"""Owns the options of a build, for the command line and for all that carries them out. Imports little: help is fast."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - the command line reads the annotations when the program runs

from build_env.core.errors import UsageError
from build_env.core.sizes import SIZE_EXAMPLE, parse_size
from build_env.core.suggest import mistyped
from build_env.model.artifact import Isolation
from build_env.model.choices import Choices

__all__ = ["STAGES", "BuildOptions", "ManifestOptions", "check_choice"]

STAGES = ("source", "build", "verify", "deploy", "tar")  # what a person may ask for, in the order of their flags
_CONTAINER = ("keep", "clean")
_ENGINES = ("docker", "native")
_LISTS = ("packages", "meta", "deps")
_LOG_FORMATS = ("auto", "plain", "json")
# What says that something is to be built; the other options only say how.
_WHAT = (
    *("packages", "targets", "architectures", "stages", "engine", "container"),
    *("choices", "deps", "recreate", "refresh", "install", "keep_going", "dry_run", "setup"),
)


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """What is built and how, as the command line says it; a field without meaning is empty.

    `targets` and `engine` are what was typed until `Project.settled` has put whole names and `docker` or `native` in
    their place. `memory` is a size (`8G`) for all running tasks together, `timeout` the seconds that a
    task may take, 0 for no limit and None for that of the settings; `jobs` counts tasks at a time. `choices` are for
    the builds of the packages that are named, of all where none is.
    """

    packages: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    engine: str = ""
    stages: frozenset[str] = frozenset()
    deps: bool = False
    container: str = ""
    recreate: bool = False
    refresh: bool = False
    install: bool = False
    setup: bool = False
    jobs: int = max(2, os.cpu_count() or 2)
    memory: str = ""
    keep_going: bool = False
    timeout: float | None = None
    log_format: str = "auto"
    junit: Path | None = None
    report: Path | None = None
    results: Path | None = None
    choices: Choices = field(default_factory=Choices)
    dry_run: bool = False
    print_env: str = ""
    print_list: str = ""
    root: Path | None = None

    @property
    def bare(self) -> bool:
        """Whether nothing says what to build: then the command shows what there is."""
        return not any(getattr(self, name) for name in _WHAT)

    @property
    def native(self) -> bool:
        """Whether tasks run on this machine itself; settled options say it of the engine."""
        return self.engine == "native"

    @property
    def memory_bytes(self) -> int:
        """What `memory` says, 0 without it."""
        return parse_size(self.memory) or 0

    @property
    def images_anew(self) -> bool:
        """Whether target images are made anew, whatever is recorded."""
        return self.recreate or self.refresh

    @property
    def isolation(self) -> Isolation:
        """The rank of the rooms that such a run makes."""
        if self.native:
            return Isolation.NATIVE
        return Isolation.REUSED if self.container else Isolation.FRESH

    @property
    def publishes(self) -> bool:
        """Whether clients get the results: they do only from fresh rooms."""
        return not (self.native or self.container)

    def check(self) -> None:
        """Raises UsageError for a value that an option does not take, and for options that exclude each other."""
        check_choice("--container", self.container, _CONTAINER[1:] if self.container != "keep" else _CONTAINER)
        check_choice("--engine", self.engine, _ENGINES)
        for stage in self.stages:
            check_choice("--stage", stage, STAGES)
        check_choice("--print-env", self.print_env, _LISTS)
        check_choice("--print-list", self.print_list, ("env",))
        check_choice("--log-format", self.log_format or " ", _LOG_FORMATS)
        if self.memory and not self.memory_bytes:
            raise UsageError(f"--memory takes {SIZE_EXAMPLE}, not {self.memory}")
        if self.dry_run and (self.junit or self.report):
            raise UsageError("--junit and --report tell of a run, and --dry-run runs nothing", hint="leave one out")
        if self.native and self.container:
            raise UsageError("--container keeps containers, and --engine native has none", hint="leave one of them out")
        if self.install and (self.engine == "docker" or (self.targets and not self.engine)):
            raise UsageError(
                "--install installs build dependencies on this machine, and this build runs in containers",
                hint="leave --install out: containers get their build dependencies by themselves",
            )

    def check_native(self) -> None:
        """Raises UsageError for what a native build cannot do, where nobody asked for one by name."""
        if self.container:
            raise UsageError("--container keeps containers, and a native build has none", hint="name a --target")
        if self.setup:
            raise UsageError(
                "--setup prepares this machine for builds in containers, and this build is native",
                hint="name a --target, or install what the build needs with --install",
            )


def check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises UsageError unless `value` is empty or one of `choices`."""
    if value and value not in choices:
        allowed = " or ".join((", ".join(choices[:-1]), choices[-1]) if len(choices) > 1 else choices)
        raise mistyped(f"{option} takes {allowed}, not {value.strip() or 'nothing'}", value.strip(), choices)


@dataclass(frozen=True, kw_only=True)
class ManifestOptions:
    """What `build-env manifest` is asked for, in the words that were typed. `output`: choose a target and print it."""

    files: tuple[str, ...] = ()
    target: str = ""
    arguments: tuple[str, ...] = ()
    customizations: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    allow_redefine: bool = False
    externals: bool = True
    output: bool = True
    only_meta: bool = False
