"""Owns the generated project: packages x two architectures, ten input files each, four stage tasks each.

Edges are those of the baselines: package i needs i-1 within its group of ten, and i/2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ARCHITECTURES", "FILES", "STAGES", "TARGET", "dependents", "generate", "inputs_of", "name_of", "needs"]

TARGET = "bench/1"
ARCHITECTURES = ("amd64", "arm64")
FILES = 10
STAGES = ("build", "verify")
_PLAIN = FILES - 2
_CONFIGURATION = '''\
"""A generated target: every stage is one trivial command."""

from build_env.hooks import Env, Host, Package

FAMILY = "deb"
PACKAGES = {packages}


def env_match_current(host: Host) -> bool:
    return True


def env_arch_supported(env: Env, arch: str) -> bool:
    return arch in {architectures}


def run_source(env: Env, package: Package) -> None:
    pass


def run_build(env: Env, package: Package) -> None:
    env.run_command_build("true")


def run_verify(env: Env, package: Package) -> None:
    env.run_command_build("true")


def run_tar_build(env: Env) -> None:
    pass
'''


def name_of(number: int) -> str:
    """The package with that number."""
    return f"package-{number:05}"


def needs(number: int) -> tuple[int, ...]:
    """The earlier packages that package `number` needs: at most two."""
    before = {number - 1} if number % 10 else set()
    return tuple(sorted((before | {number // 2}) - {number}))


def dependents(number: int, packages: int) -> set[int]:
    """The package and all that need it, directly or not."""
    found = {number}
    for other in range(number + 1, packages):
        if not found.isdisjoint(needs(other)):
            found.add(other)
    return found


def inputs_of(number: int) -> tuple[str, ...]:
    """The input files of a package, relative to the project."""
    directory = f"src/{name_of(number)}"
    plain = tuple(f"{directory}/file-{index}.c" for index in range(_PLAIN))
    return (f"{directory}/definition.yaml", f"{directory}/build.sh", *plain)


def generate(root: Path, packages: int) -> None:
    """Write the project."""
    root.mkdir(parents=True)
    (root / "build-env.toml").write_text("", encoding="utf-8")
    for number in range(packages):
        _package(root, number)
    directory = root / "targets" / TARGET
    directory.mkdir(parents=True)
    names = [name_of(number) for number in range(packages)]
    text = _CONFIGURATION.format(packages=names, architectures=ARCHITECTURES)
    (directory / "packages.conf.py").write_text(text, encoding="utf-8")


def _package(root: Path, number: int) -> None:
    definition, script, *plain = (root / name for name in inputs_of(number))
    definition.parent.mkdir(parents=True)
    required = ", ".join(map(name_of, needs(number)))
    definition.write_text(f"version: '1.{number}'\nsummary: generated\nrequires: [{required}]\n", encoding="utf-8")
    script.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    script.chmod(0o755)
    for index, path in enumerate(plain):
        path.write_text(f"int value_{number}_{index}(void) {{ return {index}; }}\n", encoding="utf-8")
