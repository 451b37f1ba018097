"""Owns the ids of tasks: how they are made. Nobody takes one apart; what is needed of a task is in the task."""

from __future__ import annotations

from build_env.model.task import Stage

__all__ = ["image_id", "layer_id", "scan_id", "tar_id", "task_id", "unit_id"]


def unit_id(package: str, stage: Stage, label: str) -> str:
    """Unique within a target: `greet:build:arm64`."""
    return f"{package}:{stage.value}:{label}"


def task_id(target: str, unit: str) -> str:
    """The task of a unit: `debian/12:greet:build:arm64`."""
    return f"{target}:{unit}"


def image_id(target: str, name: str) -> str:
    """The task that makes the image called `name`."""
    return f"{target}:{Stage.IMAGE.value}:{name}"


def layer_id(target: str, digest: str) -> str:
    """A layer that belongs to no package: its content names it."""
    return f"{target}:{Stage.LAYER.value}:{digest}"


def scan_id(target: str) -> str:
    """The task that reads what only a room may read."""
    return f"{target}:{Stage.SCAN.value}"


def tar_id(target: str, arch: str) -> str:
    """The archive of one architecture."""
    return f"{target}:{Stage.TAR.value}:{arch}"
