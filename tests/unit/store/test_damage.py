"""Damage of every kind: what is not what it was counts as not there, is said, and is never a crash."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from build_env.core.errors import EnvironmentNotReady, StaleAttempt
from build_env.model.artifact import Isolation
from build_env.model.identity import NO_TASK
from build_env.store import digests, mounts
from build_env.store.cas import DAMAGED, GONE, ContentStore
from build_env.store.database import Database
from build_env.store.results import LocalStore
from tests.support.samples import named, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.artifact import Artifact, StoredResult

KEYS = [f"key {number}" for number in range(60)]


def keep(store: LocalStore, result: StoredResult) -> None:
    store.record(result, store.begin(result.task, result.key))


class Filled:
    """A database and what was recorded in it."""

    def __init__(self, content: bytes, results: dict[str, StoredResult]) -> None:
        self.content = content
        self.results = results


def fill(build: Path) -> dict[str, StoredResult]:
    """Some pages of results, and what they say."""
    with closing(LocalStore(build)) as store:
        results = {key: replace(stored(key, facts={"of": key * 20}), task=named(f"task of {key}")) for key in KEYS}
        for result in results.values():
            keep(store, result)
    return results


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    build = tmp_path_factory.mktemp("filled")
    results = fill(build)
    return Filled((build / "store.db").read_bytes(), results)


def use(build: Path, results: dict[str, StoredResult]) -> str:
    """Open what is there, ask it everything, write to it; what it said of being replaced."""
    with closing(LocalStore(build)) as store:
        for key, expected in results.items():
            assert store.find(key, Isolation.FRESH) in (None, expected)
            assert store.latest(expected.task) in (None, expected)
        store.history([result.task for result in results.values()])
        try:
            keep(store, stored("new"))
        except StaleAttempt:  # replaced between the two: the task is tried again
            keep(store, stored("new"))
        assert store.find("new", Isolation.FRESH) is not None
        said = store.replaced
    with closing(LocalStore(build)) as store:
        assert not store.replaced
        assert store.find("new", Isolation.FRESH) is not None
    return said


# ------------------------------------------------------------------------------------------------- the database


@pytest.mark.parametrize("length", [0, 1, 15, 16, 50, 99, 100, 512, 4095, 4096, 4097, 6000, 8192, 12_288, 20_000])
def test_a_truncated_database(tmp_path: Path, filled: Filled, length: int) -> None:
    content, results = filled.content, filled.results
    assert len(content) > 20_000
    (tmp_path / "store.db").write_bytes(content[:length])
    said = use(tmp_path, results)
    assert said.startswith("store.db could not be read (")
    assert said.endswith("): everything is built again")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@example(where=0.0625, count=1, change=128)  # SQLite's own message is no text then
@given(where=st.floats(0, 1, exclude_max=True), count=st.integers(1, 300), change=st.integers(1, 255))
def test_bytes_that_are_others(tmp_path: Path, filled: Filled, where: float, count: int, change: int) -> None:
    content, results = bytearray(filled.content), filled.results
    start = int(where * len(content))
    for place in range(start, min(len(content), start + count)):
        content[place] ^= change
    for name in ("store.db-wal", "store.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "store.db").write_bytes(content)
    use(tmp_path, results)


def test_a_row_that_says_something_else_is_not_believed(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("UPDATE result SET facts = '{\"tag\": \"other\"}' WHERE key = 'key 1'")
        database.execute("UPDATE result SET artifacts = 'no list' WHERE key = 'key 2'")
        database.execute("UPDATE attempt SET state = 'nonsense' WHERE key = 'key 3'")
    with closing(LocalStore(tmp_path)) as store:
        assert store.find("key 1", Isolation.FRESH) is None
        assert store.find("key 2", Isolation.FRESH) is None
        assert store.find("key 3", Isolation.FRESH) is not None
        assert store.history([named("task of key 3")]) == {}
        assert not store.replaced


def test_the_database_of_the_version_before(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(
            """
            CREATE TABLE result (
                key TEXT NOT NULL, isolation INTEGER NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL,
                artifacts TEXT NOT NULL, facts TEXT NOT NULL, task TEXT NOT NULL, inputs TEXT NOT NULL,
                PRIMARY KEY (key, isolation)
            ) WITHOUT ROWID;
            INSERT INTO result VALUES ('key 1', 3, 1.0, 1.0, '[]', '{}', 'task', '{}');
            PRAGMA user_version = 2;
            """
        )
    said = use(tmp_path, {"key 1": stored("key 1")})
    assert said == ("store.db could not be read (it has version 2, this build-env writes 5): everything is built again")


def test_a_database_that_another_run_replaced_is_followed(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path)) as store:
        old = store.begin(named("task"), "key")
        with closing(sqlite3.connect(tmp_path / "store.db")) as database:
            database.execute("PRAGMA user_version = 99")
        with closing(LocalStore(tmp_path)) as other:
            assert "it has version 99" in other.replaced
            with pytest.raises(StaleAttempt, match="is not recorded"):
                store.record(stored("key"), old)
            keep(store, stored("key"))
            assert other.find("key", Isolation.FRESH) is not None


def refuse(error: Exception) -> Callable[[sqlite3.Connection], None]:
    def work(_connection: sqlite3.Connection) -> None:
        raise error

    return work


def coded(code: int, words: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


UNKNOWN = [
    sqlite3.ProgrammingError("Incorrect number of bindings supplied"),
    sqlite3.IntegrityError("UNIQUE constraint failed"),
    coded(sqlite3.SQLITE_CONSTRAINT, "constraint"),
    coded(sqlite3.SQLITE_ERROR, 'near "SELCT": syntax error'),
    coded(sqlite3.SQLITE_INTERRUPT, "interrupted"),
]


@pytest.mark.parametrize("error", UNKNOWN, ids=str)
def test_an_error_that_says_nothing_of_the_file_replaces_nothing(tmp_path: Path, error: sqlite3.Error) -> None:
    fill(tmp_path)
    before = (tmp_path / "store.db").stat().st_ino
    with closing(Database(tmp_path / "store.db")) as database:
        with pytest.raises(type(error), match=str(error)[:10]):
            database.change(refuse(error))
        with pytest.raises(sqlite3.ProgrammingError):
            database.read("SELECT 1 WHERE ?", ())
        assert not database.replaced
    assert (tmp_path / "store.db").stat().st_ino == before


DAMAGE = [
    coded(sqlite3.SQLITE_CORRUPT, "malformed"),
    coded(sqlite3.SQLITE_NOTADB, "no database"),
    coded(sqlite3.SQLITE_SCHEMA, "schema"),
    coded(sqlite3.SQLITE_IOERR_SHORT_READ, "short read"),
    coded(sqlite3.SQLITE_ERROR, "no such table: result"),
    sqlite3.OperationalError("Could not decode to UTF-8 column 'key'"),
]


@pytest.mark.parametrize("error", DAMAGE, ids=str)
def test_an_error_that_says_that_the_file_is_damaged_replaces_it(tmp_path: Path, error: Exception) -> None:
    fill(tmp_path)
    once = iter([error])

    def work(_connection: sqlite3.Connection) -> str:
        for found in once:
            raise found
        return "done"

    with closing(Database(tmp_path / "store.db")) as database:
        assert database.change(work) == "done"
        assert str(error) in database.replaced


def test_a_table_that_is_missing_and_text_that_is_none_are_damage(tmp_path: Path) -> None:
    for harm in ("DROP TABLE result", "UPDATE result SET subject = CAST(x'ff' AS TEXT)"):
        fill(tmp_path)
        with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
            database.execute(harm)
        with closing(Database(tmp_path / "store.db")) as opened:
            assert opened.read("SELECT subject FROM result", ()) == []
            assert opened.replaced


def test_a_closed_database_is_said_and_not_replaced(tmp_path: Path) -> None:
    fill(tmp_path)
    database = Database(tmp_path / "store.db")
    database.close()
    before = (tmp_path / "store.db").stat()
    with pytest.raises(EnvironmentNotReady, match="is closed already"):
        database.read("SELECT 1", ())
    with pytest.raises(EnvironmentNotReady, match="is closed already"):
        database.change(lambda connection: connection.execute("SELECT 1"))
    assert (tmp_path / "store.db").stat() == before


def test_a_disk_that_is_full_is_said_while_reading_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Database(tmp_path / "store.db")) as database:

        class Full:
            def execute(self, _query: str, _values: object) -> None:
                raise coded(sqlite3.SQLITE_FULL, "database or disk is full")

        with monkeypatch.context() as context:
            context.setattr(database, "_connection", Full())
            with pytest.raises(EnvironmentNotReady, match="No space left on device"):
                database.read("SELECT 1", ())


def test_a_database_that_is_busy_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    with (
        closing(LocalStore(tmp_path)) as store,
        closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other,
    ):
        store._database._connection.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EnvironmentNotReady, match="kept busy by another run"):
            store.begin(named("task"), "key")
        other.execute("ROLLBACK")
        keep(store, stored("key"))
        assert not store.replaced
        assert store.find("key 1", Isolation.FRESH) is not None


def test_a_database_below_a_directory_that_takes_no_file_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with pytest.raises(EnvironmentNotReady, match=r"store\.db cannot be used"):
        LocalStore(tmp_path)


# -------------------------------------------------------------------------------------------------- the objects


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def directory_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def file_above(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.write_bytes(b"")


HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), GONE),
    "short": (lambda path: overwrite(path, b"con"), DAMAGED),
    "other bytes": (lambda path: overwrite(path, b"CONTENT"), DAMAGED),
    "a directory": (directory_instead, DAMAGED),
    "its directory a file": (file_above, GONE),
}


@pytest.mark.parametrize("kind", HARM)
@pytest.mark.parametrize("opened", ["before", "after"])
def test_a_damaged_object(tmp_path: Path, kind: str, opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "SLACK", 0)
    harm, fault = HARM[kind]
    with closing(LocalStore(tmp_path)) as store:
        item = store.put("a.deb", b"content")
        keep(store, stored("k", item))
        assert store.find("k", Isolation.FRESH) is not None
        if opened == "before":
            harm(store.path(item))
            check_fault(store, item, fault)
    if opened == "after":
        harm(store.path(item))
        with closing(LocalStore(tmp_path)) as store:
            check_fault(store, item, fault)


def check_fault(store: LocalStore, item: Artifact, fault: str) -> None:
    assert store.find("k", Isolation.FRESH) is None
    assert store.fault(item) == fault
    assert store.latest(NO_TASK) is not None


@pytest.mark.parametrize("kind", HARM)
@pytest.mark.parametrize("way", ["put", "ingest"])
def test_a_damaged_object_that_is_made_again_is_whole(tmp_path: Path, way: str, kind: str) -> None:
    with closing(LocalStore(tmp_path)) as store:
        item = store.put("a.deb", b"content")
        keep(store, stored("k", item))
        HARM[kind][0](store.path(item))
        if way == "put":
            store.put("a.deb", b"content")
        else:
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "a.deb").write_bytes(b"content")
            assert store.ingest(tmp_path / "out") == (item,)
        assert store.path(item).read_bytes() == b"content"
        assert store.find("k", Isolation.FRESH) is not None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(content=st.binary(max_size=40), other=st.binary(max_size=40))
def test_an_object_is_whole_exactly_while_it_has_its_bytes(tmp_path: Path, content: bytes, other: bytes) -> None:
    store = ContentStore(tmp_path, "run")
    item = store.put("a", content)
    assert store.fault(item) == ""
    overwrite(store.path(item), other)
    assert bool(store.fault(item)) == (content != other)


def test_whole_objects_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "SLACK", 0)
    store = ContentStore(tmp_path, "run")
    item = store.put("a", b"content")
    assert store.fault(item) == ""
    assert store._digests.hashed == 1
    store.close()
    again = ContentStore(tmp_path, "other")
    assert again.fault(item) == ""
    assert again._digests.hashed == 0
    # The same size and time: only the change of the inode tells.
    path, before = again.path(item), again.path(item).stat()
    overwrite(path, b"CONTENT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert again.fault(item) == DAMAGED


# -------------------------------------------------------------------------------------------------------- mounts

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw shared:2 - nfs4 server:/home rw
31 30 8:2 / /home/me/local\\040disk rw - xfs /dev/sdb1 rw
32 22 0:50 / /mnt/share rw master:3 propagate_from:2 - cifs //server/share rw
33 32 0:51 / /mnt/share rw - ext4 /dev/sdc1 rw
a line that is none
34 22 0:52 / /mnt/shared rw - 9p host rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", ""),
        ("/work/build", ""),
        ("/home", "nfs4"),
        ("/home/me/project/build", "nfs4"),
        ("/home/me/local disk/build", ""),
        ("/homes/build", ""),
        ("/mnt/share/build", ""),  # mounted over
        ("/mnt/shared/build", "9p"),
    ],
)
def test_the_last_mount_that_holds_a_path_says_what_it_lies_on(path: str, kind: str) -> None:
    assert mounts.network_file_system(mounts.parse_mounts(MOUNTS), path) == kind


@given(st.text(), st.text())
def test_any_list_of_mounts_is_survived(text: str, path: str) -> None:
    mounts.network_file_system(mounts.parse_mounts(text), f"/{path}")


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "mountinfo"
    listed.write_text(MOUNTS + f"40 22 0:60 / {tmp_path} rw - fuse.sshfs server:/ rw\n", encoding="utf-8")
    monkeypatch.setattr(mounts, "_MOUNTS", listed)
    with pytest.raises(EnvironmentNotReady, match=r"network file system \(fuse.sshfs\)") as raised:
        LocalStore(tmp_path / "build")
    assert "local disk" in raised.value.hint
