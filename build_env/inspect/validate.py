"""Owns the check of a whole project: definitions, packaging and hooks, for all targets and architectures at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.app.planning import Planner
from build_env.app.project import open_project
from build_env.core.errors import BuildEnvError, Fault, UsageError
from build_env.core.paths import find_root
from build_env.packages.read import read_packages
from build_env.plan.select import Request, check_exists
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from build_env.app.project import Project

__all__ = ["Finding", "Validated", "package_of", "validate"]

DEFINITION_FILE = "definition.yaml"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong, and the targets for which it is."""

    fault: Fault
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Validated:
    """What was checked, and all that is wrong with it."""

    targets: tuple[str, ...]
    packages: tuple[str, ...]
    findings: tuple[Finding, ...]


def validate(project: Project, targets: Iterable[str], packages: Collection[str] = ()) -> Validated:
    """Plan every one of `targets`, and read what none of them lists for all of them; only `packages` if some are named.

    Raises:
        UsageError: a name in `packages` is that of none.

    """
    found: dict[Fault, list[str]] = {}
    listed: set[str] = set()
    spare: dict[str, list[tuple[str, Fault]]] = {}
    known: set[str] = set()
    targets = tuple(targets)
    for target in targets:
        try:
            planner = _planner(project, target)
        except BuildEnvError as error:
            _note(found, target, error.all_faults)
            continue
        for name in packages:
            check_exists(planner.packages, name)
        known |= set(planner.packages)
        listed |= set(planner.target.listed)
        _note(found, target, _faults_of_plan(planner, packages))
        for name, package in planner.packages.items():
            spare.setdefault(name, []).extend((target, fault) for fault in package.faults_for(planner.target.family))
    for name in sorted((set(packages) or set(spare)) - listed):
        for target, fault in spare.get(name, ()):
            _note(found, target, (fault,))
    findings = tuple(Finding(fault=fault, targets=tuple(dict.fromkeys(where))) for fault, where in found.items())
    return Validated(targets=targets, packages=tuple(sorted(set(packages) or known)), findings=findings)


def package_of(file: Path) -> tuple[Project, str] | None:
    """The project and the package that a file is the definition of, None for other files."""
    if file.name != DEFINITION_FILE or not file.is_file():
        return None
    directory = file.resolve().parent
    try:
        project = open_project(find_root(None, directory).root)
    except UsageError:
        return None
    packages = read_packages(project.paths).values()
    own = (package.name for package in packages if project.paths.root / package.directory == directory)
    return next(((project, name) for name in own), None)


def _planner(project: Project, target: str) -> Planner:
    """A planner for all architectures of the target, which asks no engine."""
    listed = load_target(project.paths, target).variables.get("ARCHITECTURES")
    return Planner(
        project=project,
        target_name=target,
        architectures=tuple(str(arch) for arch in listed) if isinstance(listed, list | tuple) else (),
        native=False,
        base_identity=lambda _reference, _architecture: "",
        digest_tree=project.trees.digest,
    )


def _faults_of_plan(planner: Planner, packages: Collection[str]) -> tuple[Fault, ...]:
    asked = tuple(name for name in packages if name in planner.target.listed)
    if packages and not asked:
        return ()
    try:
        planner.plan(Request(packages=asked), None)
    except BuildEnvError as error:
        return error.all_faults
    return ()


def _note(found: dict[Fault, list[str]], target: str, faults: Iterable[Fault]) -> None:
    for fault in faults:
        found.setdefault(fault, []).append(target)
