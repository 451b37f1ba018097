"""Copies of files: the same bytes, and no more room on the disk than they need."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from build_env.core.disk import copy

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 64 << 20


def test_what_is_sparse_stays_sparse(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.write(b"head")
        file.truncate(SIZE)
    digest = hashlib.sha256()
    with (tmp_path / "sparse").open("rb") as source, (tmp_path / "copy").open("wb") as target:
        copy(source, target, digest.update)
    made = tmp_path / "copy"
    assert made.stat().st_size == SIZE
    assert made.stat().st_blocks * 512 < SIZE // 8
    data = made.read_bytes()
    assert data == (tmp_path / "sparse").read_bytes()
    assert digest.hexdigest() == hashlib.sha256(data).hexdigest()
