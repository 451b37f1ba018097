"""Owns how pins are shown: what was written, and what there is beside it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.ui.report.views import size_words

if TYPE_CHECKING:
    from build_env.model.source import Pinned

__all__ = ["pin_lines"]


def pin_lines(pinned: Pinned) -> list[str]:
    """What became of one pin, and the command that goes on."""
    source, what = pinned.source, f"{pinned.package} {pinned.source.version} for {pinned.target}"
    if not pinned.file:
        if pinned.before == source.version:
            return [f"same    {what}: pinned as it is there"]
        return [
            f"newer   {what}: {pinned.before} is pinned, and is there still",
            f"next    build-env pin {pinned.package}@{pinned.target} --update",
        ]
    width = max(len(file.name) for file in source.files)
    files = [f"  {file.sha256[:12]}  {file.name:<{width}}  {size_words(file.size)}" for file in source.files]
    before = f", {pinned.before} before" if pinned.before else ""
    if pinned.lines:
        head = [f"found   {what}; write into {pinned.file}:", "", *(f"    {line}" for line in pinned.lines), ""]
    else:
        head = [f"pinned  {what} in {pinned.file}{before}"]
    return [*head, *files, f"next    build-all --target {pinned.target} {pinned.package}"]
