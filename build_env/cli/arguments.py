"""Owns the parsed command line of `build-all`, before anything is looked up. Checks what needs no project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.sizes import SIZE_EXAMPLE, parse_size

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Arguments", "check_choice"]

CONTAINER = ("keep", "clean")
ENGINES = ("docker", "native")
LISTS = ("packages", "meta", "deps")
LOG_FORMATS = ("auto", "plain", "json")
STAGES = ("source", "build", "verify", "deploy", "tar")


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """All options as given."""

    packages: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    stages: frozenset[str] = frozenset()
    deps: bool = False
    container: str = ""
    recreate: bool = False
    refresh: bool = False
    install: bool = False
    print_env: str = ""
    print_list: str = ""
    engine: str = ""
    jobs: int = 2
    memory: str = ""
    keep_going: bool = False
    dry_run: bool = False
    setup: bool = False
    timeout: float | None = None
    log_format: str = "auto"
    junit: Path | None = None
    report: Path | None = None
    root: Path | None = None

    @property
    def bare(self) -> bool:
        """Whether nothing says what to build: then the command shows what there is."""
        chosen = (self.packages, self.targets, self.architectures, self.stages, self.engine, self.container)
        flags = (self.deps, self.recreate, self.refresh, self.install, self.keep_going, self.dry_run, self.setup)
        return not any((*chosen, *flags))

    @property
    def memory_bytes(self) -> int:
        """What `--memory` says, 0 without it."""
        return parse_size(self.memory) or 0

    def check(self) -> None:
        """Raises UsageError for a value that an option does not take, and for options that exclude each other."""
        check_choice("--container", self.container, CONTAINER[1:] if self.container != "keep" else CONTAINER)
        check_choice("--engine", self.engine, ENGINES)
        for stage in self.stages:
            check_choice("--stage", stage, STAGES)
        check_choice("--print-env", self.print_env, LISTS)
        check_choice("--print-list", self.print_list, ("env",))
        check_choice("--log-format", self.log_format or " ", LOG_FORMATS)
        if self.memory and not self.memory_bytes:
            raise UsageError(f"--memory takes {SIZE_EXAMPLE}, not {self.memory}")
        if self.dry_run and (self.junit or self.report):
            raise UsageError("--junit and --report tell of a run, and --dry-run runs nothing", hint="leave one out")
        if self.engine == "native" and self.container:
            raise UsageError("--container keeps containers, and --engine native has none", hint="leave one of them out")
        if self.install and (self.engine == "docker" or (self.targets and not self.engine)):
            raise UsageError(
                "--install installs build dependencies on this machine, and this build runs in containers",
                hint="leave --install out: containers get their build dependencies by themselves",
            )


def check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises UsageError unless `value` is empty or one of `choices`."""
    if value and value not in choices:
        allowed = " or ".join((", ".join(choices[:-1]), choices[-1]) if len(choices) > 1 else choices)
        raise UsageError(f"{option} takes {allowed}, not {value.strip() or 'nothing'}")
