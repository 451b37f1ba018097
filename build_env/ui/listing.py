"""Owns how targets and packages are listed, and what a bare `build-all` answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from build_env.core.canonical import plain
from build_env.ui.words import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.model.listing import PackageEntry, TargetEntry

__all__ = ["listing_data", "listing_lines", "overview_lines"]


def listing_data(targets: Sequence[TargetEntry] | None, packages: Sequence[PackageEntry] | None) -> dict[str, Any]:
    """The listing as JSON data; what was not asked for is left out."""
    parts = {"targets": targets, "packages": packages}
    return {name: plain(list(entries)) for name, entries in parts.items() if entries is not None}


def listing_lines(targets: Sequence[TargetEntry] | None, packages: Sequence[PackageEntry] | None) -> list[str]:
    """The listing, a line per target and package, under headings when there are both."""
    lines: list[str] = []
    if targets is not None:
        lines += ["targets", *_rows([_target_row(entry) for entry in targets], none="none below targets/")]
        lines += [f"  {line}" for entry in targets for line in entry.problem]
    if packages is not None:
        lines += ["packages", *_rows([_package_row(entry) for entry in packages], none="none below src/")]
        lines += [f"  {line}" for entry in packages for line in entry.problem]
    return lines


def overview_lines(targets: Sequence[TargetEntry], packages: Sequence[PackageEntry]) -> list[str]:
    """What there is, and a command to begin with."""
    return [*listing_lines(targets, packages), *_suggestion(targets)]


def _suggestion(targets: Sequence[TargetEntry]) -> list[str]:
    usable = [entry for entry in targets if not entry.problem]
    if not usable:
        return ["next    write targets/DISTRIBUTION/RELEASE/packages.conf.py"]
    first = next((entry for entry in usable if entry.fits), usable[0])
    package = f" {first.packages[0]}" if first.packages else ""
    arch = f" --arch {first.architectures[0]}" if first.architectures else ""
    return [f"next    build-all --target {first.name}{arch}{package}"]


def _target_row(entry: TargetEntry) -> tuple[str, ...]:
    if entry.problem:
        return (entry.name, "cannot be used, see below", "")
    marks = [*(["shipped"] if entry.shipped else []), *(["* this machine"] if entry.fits else [])]
    return (entry.name, ", ".join(entry.architectures), ", ".join(marks))


def _package_row(entry: PackageEntry) -> tuple[str, ...]:
    kind = "metapackage" if entry.metapackage else ", ".join(entry.families)
    choices = f"({entry.choices})" if entry.choices else ""
    what = "cannot be used, see below" if entry.problem else f"{entry.summary} {choices}".strip()
    return (entry.name, entry.version, kind, what)


def _rows(rows: Sequence[tuple[str, ...]], *, none: str) -> list[str]:
    return [f"  {line}" for line in columns(rows) or [none]]
