"""What a collection keeps and removes, for any history of a store, and what a kill in the middle of it leaves."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from build_env.core.canonical import digest_bytes
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.store.collect import KEPT_ATTEMPTS, remove_garbage, survey_store
from build_env.store.reachable import Record, Roots, reachable
from build_env.store.results import LocalStore
from build_env.store.verify import check_store, object_files
from tests.support.samples import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.model.identity import TaskName

TASKS = tuple(
    map(
        named,
        (
            "d/12:one:build:amd64",
            "d/12:one:source:source",
            "d/12:gone:build:amd64",
            "old/1:one:build:amd64",
            "nonsense",
        ),
    )
)
NOW = 2_000_000_000.0  # later than all files are made: what lies in the store is old
TREE = Artifact(name="tree", digest="", size=0)
LAYERS = ("layer-a", "layer-b")


def living(name: TaskName) -> bool:
    return name.target == "d/12" and name.subject != "gone" and name.stage not in {"image", "layer"}


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Results in the order of their recording; their content is drawn from few values, so that much is shared."""
    return [
        {
            "task": draw(st.sampled_from(TASKS)),
            "isolation": draw(st.sampled_from((Isolation.FRESH, Isolation.NATIVE))),
            "age": draw(st.integers(min_value=-50, max_value=50).map(lambda age: age or 1)),
            "artifacts": draw(st.lists(st.integers(0, 5), max_size=3, unique=True)),
            "tree": draw(st.integers(0, 3)),
            "layer": draw(st.sampled_from(("", *LAYERS))),
            "image": draw(st.integers(0, 2)),
        }
        for _ in range(draw(st.integers(0, 9)))
    ]


def fill(build: Path, history: Sequence[Mapping[str, Any]]) -> list[Record]:
    """A store with these results, a result for each layer and image, and an object of its own that nothing names."""
    records: list[Record] = []
    with closing(LocalStore(build)) as store:

        def keep(result: StoredResult, finished: float) -> None:
            store.record(result, store.begin(result.task, result.key))
            records.append(Record(result=result, finished=finished))

        for number in range(3):
            image = store.put("image.json", f"image {number}".encode())
            keep(
                made(named(f"d/12:image:{number}"), f"image-{number}", [image], {}, {"image": "i", "tag": "t"}),
                NOW - 90,
            )
        for number, layer in enumerate(LAYERS):
            kept = store.put("archives/x.deb", layer.encode())
            inputs = {"image image.json": digest_bytes(f"image {number}".encode())}
            keep(made(named(f"d/12:layer:{number}"), layer, [kept], inputs, {"layer": layer}), NOW - 90)
        for number, item in enumerate(history):
            artifacts = [store.put(f"{part}.deb", f"artifact {part}".encode()) for part in item["artifacts"]]
            tree = store.put("tree", f"tree {item['tree']}".encode())
            made_in = digest_bytes(f"image {item['image']}".encode())
            inputs = {"tree src/one": tree.digest, "image image.json": made_in}
            result = made(item["task"], f"key-{number}", artifacts, inputs, {"layer": item["layer"]})
            keep(replace(result, isolation=item["isolation"]), NOW - item["age"] - number / 100)
        store.put("loose", b"loose")
    with sqlite3.connect(build / "store.db") as database:
        database.executemany(
            "UPDATE result SET finished = ? WHERE key = ?", [(record.finished, record.result.key) for record in records]
        )
    return records


def made(
    task: TaskName, key: str, artifacts: Sequence[Any], inputs: Mapping[str, str], facts: Mapping[str, str]
) -> StoredResult:
    return StoredResult(
        key=key,
        artifacts=tuple(artifacts),
        isolation=Isolation.FRESH,
        seconds=1.0,
        facts=facts,
        task=task,
        inputs=inputs,
    )


def wanted(records: Sequence[Record], keys: frozenset[str], published: frozenset[str]) -> set[str]:
    """The keys of results that must stay, one reason after the other."""
    plain = [record for record in records if not record.result.key.startswith(("image", "layer"))]
    stay = {record.result.key for record in records if record.finished >= NOW or record.result.key in keys}
    stay |= {
        record.result.key
        for record in records
        if not published.isdisjoint(artifact.digest for artifact in record.result.artifacts)
    }
    for task in TASKS[:2]:
        for rank in Isolation:
            own = [item for item in plain if (item.result.task, item.result.isolation) == (task, rank)]
            stay |= {max(own, key=lambda item: item.finished).result.key} if own else set()
    stay |= {
        item.result.facts["layer"] for item in records if item.result.key in stay and item.result.facts.get("layer")
    }
    images = {item.result.inputs.get("image image.json") for item in records if item.result.key in stay}
    return stay | {item.result.key for item in records if any(one.digest in images for one in item.result.artifacts)}


@settings(max_examples=60, deadline=None)
@given(
    history=histories(),
    keys=st.frozensets(st.sampled_from(("key-0", "key-3", "layer-a", "unknown")), max_size=2),
    published=st.frozensets(st.sampled_from((0, 1)), max_size=1),
    killed=st.none() | st.integers(0, 6),
)
def test_what_is_needed_stays_and_nothing_else(
    history: list[dict[str, Any]], keys: frozenset[str], published: frozenset[int], killed: int | None
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        build = Path(directory)
        records = fill(build, history)
        digests = frozenset(digest_bytes(f"artifact {number}".encode()) for number in published)
        roots = Roots(since=NOW, living=living, keys=keys, published=digests)
        if killed is not None:
            interrupted(build, roots, killed)
        else:
            remove_garbage(build, survey_store(build, roots), NOW)
        stay = wanted(records, keys, digests)
        with closing(LocalStore(build)) as store:
            for record in records:
                found = store.find(record.result.key, record.result.isolation)
                assert found == (record.result if record.result.key in stay else None), record
                for name, digest in record.result.inputs.items():
                    if found and name.startswith("tree"):
                        assert digest_bytes(store.path(replace(TREE, digest=digest)).read_bytes()) == digest
        damage = check_store(build, lambda _done, _all: None)
        assert not damage.found
        remove_garbage(build, survey_store(build, roots), NOW)
        again = survey_store(build, roots)
        assert (again.results, again.objects) == ((), ())
        assert check_store(build, lambda _done, _all: None).unreferenced == 0


def interrupted(build: Path, roots: Roots, after: int) -> None:
    """A collection that is killed when it has removed so many objects."""

    class Killed(Exception):
        pass

    garbage = survey_store(build, roots)

    def objects() -> Any:  # noqa: ANN401 - stands for a tuple of paths
        for number, path in enumerate(garbage.objects):
            if number == after:
                raise Killed
            yield path

    with contextlib.suppress(Killed):
        remove_garbage(build, replace(garbage, objects=objects()), NOW)


def test_objects_that_came_lately_stay_whatever_their_file_says(tmp_path: Path) -> None:
    """The files of a result have the times that a build gave them."""
    file = tmp_path / "old.deb"
    file.write_bytes(b"old")
    os.utime(file, (1, 1))
    with closing(LocalStore(tmp_path / "build")) as store:
        directory = tmp_path / "out"
        directory.mkdir()
        file.rename(directory / "old.deb")
        store.ingest(directory)
    roots = Roots(since=(tmp_path / "build").stat().st_ctime - 60, living=living)
    assert survey_store(tmp_path / "build", roots).objects == ()
    assert len(survey_store(tmp_path / "build", replace(roots, since=NOW)).objects) == 1


def test_the_last_attempts_of_each_task_stay(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path)) as store:
        for task in (TASKS[0], named("gone")):
            for _ in range(KEPT_ATTEMPTS + 3):
                store.begin(task, "key")
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute("UPDATE attempt SET state = 'done'")
        running = database.execute("SELECT id FROM attempt WHERE subject = 'gone' ORDER BY began LIMIT 1").fetchone()[0]
        database.execute("UPDATE attempt SET state = 'running' WHERE id = ?", (running,))
        before = database.execute("SELECT id FROM attempt ORDER BY began DESC").fetchall()
    late = Roots(since=0.0, living=living)
    assert survey_store(tmp_path, late).attempts == ()
    roots = replace(late, since=NOW)
    garbage = survey_store(tmp_path, roots)
    assert len(garbage.attempts) == 3 + 2  # one of the older ones is at work
    remove_garbage(tmp_path, garbage, NOW)
    assert survey_store(tmp_path, roots).attempts == ()
    with sqlite3.connect(tmp_path / "store.db") as database:
        left = database.execute("SELECT id FROM attempt").fetchall()
    assert len(left) == len(before) - 5
    assert (running,) in left


def test_without_a_database_there_are_only_objects(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path)) as store:
        store.put("x", b"x")
    (tmp_path / "store.db").unlink()
    garbage = survey_store(tmp_path, Roots(since=NOW, living=living))
    assert (len(garbage.objects), garbage.results) == (1, ())
    remove_garbage(tmp_path, garbage, NOW)
    assert not (tmp_path / "store.db").exists()
    assert list(object_files(tmp_path)) == []


def test_the_last_result_is_that_of_its_rank() -> None:
    """A fresh result stays although a native one is newer: who asks for a fresh one has no use for that."""
    fresh = made(TASKS[0], "fresh", (), {}, {})
    native = replace(fresh, key="native", isolation=Isolation.NATIVE)
    records = [Record(result=fresh, finished=1.0), Record(result=native, finished=2.0)]
    kept = reachable(records, Roots(since=NOW, living=living))
    assert kept == {("fresh", int(Isolation.FRESH)), ("native", int(Isolation.NATIVE))}
