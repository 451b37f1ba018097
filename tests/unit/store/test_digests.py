"""File digests remembered by what `stat` says: never a stale one, and nothing read twice."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from build_env.core.canonical import digest_bytes
from build_env.plancache.watch import watch
from build_env.store.blob import load_blob, save_blob
from build_env.store.digests import SLACK, FileDigests

if TYPE_CHECKING:
    from pathlib import Path


def later() -> int:
    return time.time_ns() + 2 * SLACK


def test_a_settled_file_is_read_once_also_by_the_next_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    digests = FileDigests(tmp_path / "memory", clock=later)
    assert [digests.digest(tmp_path / "file") for _ in range(3)] == [digest_bytes(b"content")] * 3
    digests.save()
    again = FileDigests(tmp_path / "memory", clock=later)
    assert again.digest(tmp_path / "file") == digest_bytes(b"content")
    assert (digests.hashed, again.hashed) == (1, 0)


def test_a_file_written_just_now_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    digests = FileDigests(tmp_path / "memory")
    digests.digest(tmp_path / "file")
    digests.digest(tmp_path / "file")
    assert digests.hashed == 2


def test_other_content_under_the_old_size_and_time_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    before = file.stat()
    digests = FileDigests(tmp_path / "memory", clock=later)
    digests.digest(file)
    file.write_bytes(b"new")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert digests.digest(file) == digest_bytes(b"new")


@pytest.mark.parametrize("damage", [b"", b"build-env memory 1\n", b"garbage" * 20])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "memory").write_bytes(damage)
    digests = FileDigests(tmp_path / "memory", clock=later)
    assert digests.digest(tmp_path / "file") == digest_bytes(b"content")


def test_every_cut_and_every_flipped_byte_of_a_blob_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    save_blob(file, {"value": 1})
    data = file.read_bytes()
    assert load_blob(file) == {"value": 1}
    for place in range(len(data)):
        file.write_bytes(data[:place])
        assert load_blob(file) is None
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert load_blob(file) is None


def test_what_happened_to_watched_paths_is_told_by_place(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("same", "touched", "gone", "comes", "mode")]
    for name in names:
        if not name.endswith("comes"):
            (tmp_path / name).write_text("x", encoding="utf-8")
    watched = watch(names, later())
    assert watched.changed() == []
    os.utime(names[1], (1, 1))
    (tmp_path / "gone").unlink()
    (tmp_path / "comes").touch()
    (tmp_path / "mode").chmod(0o755)
    assert watched.changed() == [1, 2, 3, 4]


def test_a_path_changed_just_now_counts_as_changed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    watched = watch([str(tmp_path / "file")], time.time_ns())
    assert watched.changed() == [0]
