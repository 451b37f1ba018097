"""Owns the plain data that callers hand to the publishers and get back.

Nothing here reads a file; how a repository looks on disk is the business of `generation`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.artifact import Artifact

__all__ = ["AptDescription", "Clock", "PackageFile", "PublishResult", "Retention"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time as the publishers see it; they read it only after they hold the lock of the repository."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True)
class PackageFile:
    """A file to publish: where its bytes are now, and the artifact they must be."""

    path: Path
    artifact: Artifact


@dataclass(frozen=True, kw_only=True)
class AptDescription:
    """What an apt repository says about itself; clients refuse a changed `origin` or `label`.

    `architectures` are announced in addition to those of its packages.
    """

    origin: str
    label: str
    suite: str
    codename: str
    architectures: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long superseded index files stay readable: while either limit still covers them."""

    seconds: int = 24 * 3600
    generations: int = 3


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """What one publish did; `added` names the files whose digests were not published before."""

    changed: bool
    added: tuple[str, ...]
    generation: str
    key: str
