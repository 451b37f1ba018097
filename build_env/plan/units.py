"""Owns the unit: a task of a package before its hook was asked, and which hook that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from build_env.model.identity import TaskName
from build_env.model.task import Stage

__all__ = ["ALL", "SOURCE", "PackageRole", "Unit", "hook_of"]

ALL = "all"
SOURCE = "source"


class PackageRole(StrEnum):
    """Which list of the target names the package."""

    PACKAGE = "package"
    DEPENDS = "depends"
    METAPACKAGE = "metapackage"


@dataclass(frozen=True, kw_only=True, order=True)
class Unit:
    """One task to be.

    `label` is what a person reads (`amd64`, `all`, `source`), `arch` what it builds for, `image_arch` the architecture
    of the image it runs in. `primary` tells that of all tasks for its package it makes what these share.
    """

    target: str
    package: str
    role: PackageRole
    stage: Stage
    label: str
    arch: str
    image_arch: str
    primary: bool = True

    @cached_property
    def name(self) -> TaskName:
        """The task that it becomes."""
        return TaskName(target=self.target, subject=self.package, stage=self.stage, architecture=self.label)


def hook_of(unit: Unit) -> str:
    """The name of the hook that records what the unit does (pelion.md section 1)."""
    names = {
        (Stage.SOURCE, PackageRole.DEPENDS): "run_source_deps",
        (Stage.BUILD, PackageRole.DEPENDS): "run_build_deps",
        (Stage.DEPLOY, PackageRole.DEPENDS): "run_deploy_deps",
        (Stage.BUILD, PackageRole.METAPACKAGE): "run_build_metapackage",
        (Stage.VERIFY, PackageRole.METAPACKAGE): "run_verify_metapackage",
    }
    return names.get((unit.stage, unit.role), f"run_{unit.stage}")
