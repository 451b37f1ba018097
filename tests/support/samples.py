"""Small values of the model for tests: a host, targets, packages, tasks, and a planner of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.app.planning import Planner
from build_env.app.project import Project
from build_env.core.paths import ProjectPaths
from build_env.core.trees import Trees
from build_env.model.action import Room
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.command import Command, ImageKind
from build_env.model.identity import TaskName
from build_env.model.package import Binary, Package, Packaging, needs_of
from build_env.model.target import Host, Options, Target
from build_env.model.task import Input, Place, Plan, Stage, Task
from build_env.settings import Settings
from build_env.targets.load import load_target
from build_env.targets.record import Env

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "HOST",
    "A",
    "B",
    "C",
    "D",
    "E",
    "F",
    "artifact",
    "named",
    "options",
    "package",
    "plan_of",
    "planner",
    "recorder",
    "room",
    "stored",
    "target",
    "task",
]

_OF_PACKAGE = 3  # parts behind the target

HOST = Host(id="debian", version_id="12", codename="bookworm", architecture="amd64")


def options(*archs: str, deps: tuple[str, ...] = ()) -> Options:
    """Options in which every kind of package is built for `archs`, `DEPENDS` for `deps` if given."""
    return Options(arg_arch=archs, opt_build_arch=archs, opt_meta_arch=archs, opt_deps_arch=deps or archs)


def target(
    packages: Iterable[str],
    *,
    archs: tuple[str, ...] = ("amd64",),
    depends: tuple[str, ...] = (),
    metapackages: tuple[str, ...] = (),
    family: str = "deb",
    chosen: Options | None = None,
) -> Target:
    """The target `debian/12` on an amd64 machine."""
    return Target(
        name="debian/12",
        directory="targets/debian/12",
        family=family,
        options=chosen or options(*archs),
        host_arch="amd64",
        packages=tuple(packages),
        depends=depends,
        metapackages=metapackages,
    )


def package(  # noqa: PLR0913 - a sample with a default for everything
    name: str,
    *,
    needs: tuple[str, ...] = (),
    runs_with: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    architectures: tuple[str, ...] = (),
    binaries: tuple[str, ...] = (),
    metapackage: bool = False,
) -> Package:
    """A package with Debian packaging; `needs` are its Build-Depends, `runs_with` its Depends."""
    named = [
        Binary(
            name=binary,
            depends=needs_of(*runs_with),
            every_architecture=architectures == ("all",),
            linked=architectures != ("all",),
        )
        for binary in binaries or (name,)
    ]
    packaging = Packaging(binaries=tuple(named), build_depends=needs_of(*needs), all_only=False)
    return Package(
        name=name,
        directory=f"src/{name}",
        requires=requires,
        architectures=architectures,
        metapackage=metapackage,
        packaging={"deb": packaging},
    )


def room(*argv: str, **environment: str) -> Room:
    """A room with one command."""
    command = Command(kind=ImageKind.BUILD, argv=argv or ("make",))
    return Room(commands=(command,), environment={"ARCH": "amd64", **environment}, trees=())


def named(name: str, stage: str = Stage.BUILD) -> TaskName:
    """The task about `name`, of no architecture; of a text that a person would read, what it says."""
    target, *parts = name.split(":")
    if len(parts) == _OF_PACKAGE:
        return TaskName(target, *parts)
    return TaskName(target, parts[1], parts[0]) if parts else TaskName("debian/12", name, stage)


A, B, C, D, E, F = map(named, "abcdef")


def task(
    name: str | TaskName, *inputs: str | TaskName, after: tuple[str | TaskName, ...] = (), stage: str = Stage.BUILD
) -> Task:
    """A task called `name` that needs `inputs`."""
    own, *others = (entry if isinstance(entry, TaskName) else named(entry, stage) for entry in (name, *inputs))
    return Task(
        name=own,
        static_inputs={"name": str(own)},
        inputs=tuple(Input(task=other, place=Place.PACKAGES) for other in others),
        after=tuple(entry if isinstance(entry, TaskName) else named(entry) for entry in after),
    )


def plan_of(*tasks: Task) -> Plan:
    """A plan of `tasks`."""
    return Plan(targets={"debian/12": ("amd64",)}, tasks=tasks)


def artifact(name: str, digest: str = "0" * 64, size: int = 1) -> Artifact:
    """An artifact that is in no store."""
    return Artifact(name=name, digest=digest, size=size)


def stored(key: str = "key", *artifacts: Artifact, facts: Mapping[str, str] | None = None) -> StoredResult:
    """A fresh result."""
    return StoredResult(key=key, artifacts=artifacts, isolation=Isolation.FRESH, seconds=1.0, facts=facts or {})


def recorder(root: Path, name: str = "here/1", *, arch: str = "amd64", settings: Settings | None = None) -> Env:
    """What a hook of the target `name` gets as `env`."""
    return Env(
        loaded=load_target(ProjectPaths(root=root), name),
        host=HOST,
        options=options(arch),
        arch=arch,
        settings=settings or Settings(),
    )


def planner(
    root: Path,
    name: str = "here/1",
    *,
    archs: tuple[str, ...] = (),
    native: bool = False,
    settings: Settings | None = None,
    environ: Mapping[str, str] | None = None,
) -> Planner:
    """A planner on the sample host that knows of no base image."""
    return Planner(
        project=Project(
            paths=ProjectPaths(root=root), settings=settings or Settings(), host=HOST, environ=environ or {}
        ),
        target_name=name,
        architectures=archs,
        native=native,
        base_identity=lambda _reference, _architecture: "",
        digest_tree=Trees(root=root).digest,
    )
