from __future__ import annotations

import errno
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.disk import disk_errors
from build_env.core.errors import EnvironmentNotReady
from build_env.model.artifact import Isolation
from build_env.store.cas import ContentStore
from build_env.store.results import LocalStore
from tests.support.samples import stored

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.artifact import StoredResult


def keep(store: LocalStore, result: StoredResult) -> None:
    store.record(result, store.begin(result.task, result.key))


def test_every_regular_file_is_taken_links_are_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    (out / "a.deb").write_bytes(b"a")
    (out / "sub" / "b").write_bytes(b"b")
    (out / "link").symlink_to("a.deb")
    with closing(LocalStore(tmp_path / "build")) as store:
        found = store.ingest(out)
        assert [(item.name, item.size) for item in found] == [("a.deb", 1), ("sub/b", 1)]
        assert store.path(found[0]).read_bytes() == b"a"
        assert stat.S_IMODE(store.path(found[0]).stat().st_mode) == 0o444
    assert not (out / "a.deb").exists()


def test_equal_content_is_kept_once(tmp_path: Path) -> None:
    content = ContentStore(tmp_path, "run")
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
    assert content.take(tmp_path / "a", "a").digest == content.take(tmp_path / "b", "b").digest
    assert content.put("c", b"same").size == 4
    assert len([path for path in (tmp_path / "objects").rglob("*") if path.is_file()]) == 1


def test_a_result_satisfies_its_rank_and_less(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path)) as store:
        keep(store, replace(stored("k"), isolation=Isolation.REUSED, facts={"a": "b"}))
        assert store.find("k", Isolation.FRESH) is None
        assert store.find("other", Isolation.NATIVE) is None
        found = store.find("k", Isolation.NATIVE)
        assert found is not None
        assert (found.isolation, found.facts) == (Isolation.REUSED, {"a": "b"})
        keep(store, stored("k"))
        best = store.find("k", Isolation.NATIVE)
        assert best is not None
        assert best.isolation is Isolation.FRESH


@pytest.mark.parametrize("harm", ["missing", "short"])
def test_a_result_without_its_files_is_none(tmp_path: Path, harm: str) -> None:
    with closing(LocalStore(tmp_path)) as store:
        item = store.put("a.deb", b"content")
        keep(store, stored("k", item))
        assert store.find("k", Isolation.FRESH) is not None
        path = store.path(item)
        path.unlink()
        if harm == "short":
            path.write_bytes(b"con")
        assert store.find("k", Isolation.FRESH) is None


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_database_is_replaced_with_a_word(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.db").write_bytes(content)
    with closing(LocalStore(tmp_path)) as store:
        assert "store.db could not be read" in store.replaced
        keep(store, stored("k"))
        assert store.find("k", Isolation.FRESH) is not None
    with closing(LocalStore(tmp_path)) as again:
        assert not again.replaced
        assert again.find("k", Isolation.FRESH) is not None


def test_a_database_that_breaks_inside_is_replaced_when_it_is_asked(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path)) as store:
        keep(store, stored("k"))
    path = tmp_path / "store.db"
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))
    with closing(LocalStore(tmp_path)) as store:
        assert store.find("k", Isolation.FRESH) is None
        assert "everything is built again" in store.replaced
        keep(store, stored("k"))
        assert store.find("k", Isolation.FRESH) is not None


def test_a_database_of_another_version_is_replaced(tmp_path: Path) -> None:
    LocalStore(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        database.execute("PRAGMA user_version = 99")
    with closing(LocalStore(tmp_path)) as store:
        assert "it has version 99" in store.replaced


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_trouble_of_the_machine(number: int) -> None:
    with pytest.raises(EnvironmentNotReady, match="while writing /x"), disk_errors():
        raise OSError(number, "no", "/x")


def test_other_errors_pass() -> None:
    with pytest.raises(PermissionError), disk_errors():
        raise PermissionError(errno.EACCES, "no", "/x")
