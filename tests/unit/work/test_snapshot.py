"""Source trees in the store: taken once, by content, and never another tree than that of the plan."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import TaskError
from build_env.core.trees import Trees, read_manifest
from build_env.model.action import Tree
from build_env.model.artifact import Artifact
from build_env.store.results import LocalStore
from build_env.work.snapshot import LocalTrees, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with closing(LocalStore(tmp_path / "build")) as made:
        yield made


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "src/one/deb").mkdir(parents=True)
    (tmp_path / "src/one/deb/rules").write_text("make")
    (tmp_path / "src/one/one.c").write_text("int one;")
    (tmp_path / "src/one/definition.yaml").write_text("version: 1")
    left_out = ("definition.yaml",)
    digest = Trees(root=tmp_path).digest(tmp_path / "src/one", left_out)
    return Tree(path="src/one", destination="src/one", digest=digest, leave_out=left_out)


def content(store: LocalStore, digest: str) -> bytes:
    return store.path(Artifact(name="", digest=digest, size=0)).read_bytes()


def test_everything_is_in_the_store_and_the_entry_names_it_by_digest(
    tmp_path: Path, store: LocalStore, tree: Tree
) -> None:
    entry = snapshot(Trees(root=tmp_path), tree, store)
    assert (entry.digest, entry.destination, entry.tree) == (tree.digest, "src/one", True)
    files = {
        item.name: content(store, item.value)
        for item in read_manifest(content(store, entry.digest))
        if item.kind == "file"
    }
    assert files == {"deb/rules": b"make", "one.c": b"int one;"}


def test_another_tree_than_that_of_the_plan_is_refused(tmp_path: Path, store: LocalStore, tree: Tree) -> None:
    (tmp_path / "src/one/one.c").write_text("long one;")
    with pytest.raises(TaskError, match="src/one changed since the run was planned"):
        snapshot(Trees(root=tmp_path), tree, store)


def test_what_was_taken_is_what_later_tasks_get_whatever_becomes_of_the_checkout(
    tmp_path: Path, store: LocalStore, tree: Tree
) -> None:
    first = snapshot(Trees(root=tmp_path), tree, store)
    (tmp_path / "src/one/one.c").write_text("long one;")
    assert snapshot(Trees(root=tmp_path), tree, store) == first


def test_a_damaged_part_is_taken_again(tmp_path: Path, store: LocalStore, tree: Tree) -> None:
    digest = snapshot(Trees(root=tmp_path), tree, store).digest
    part = next(item.value for item in read_manifest(content(store, digest)) if item.name == "one.c")
    path = store.path(Artifact(name="", digest=part, size=0))
    path.chmod(0o644)
    path.write_text("cut")
    snapshot(Trees(root=tmp_path), tree, store)
    assert content(store, part) == b"int one;"


def test_a_part_that_becomes_a_result_is_made_to_outlive_a_power_cut(
    tmp_path: Path, store: LocalStore, tree: Tree
) -> None:
    snapshot(Trees(root=tmp_path), tree, store)
    artifact = store.put("one.c", b"int one;")
    assert store.path(artifact).stat().st_mode & 0o777 == 0o444


def test_a_room_that_makes_no_result_needs_no_store(tmp_path: Path, tree: Tree) -> None:
    (tmp_path / "scratch").mkdir()
    trees = LocalTrees(Trees(root=tmp_path), tmp_path / "scratch")
    entry = trees.entry(tmp_path / tree.path, "src/one")
    names = {item.name: item for item in read_manifest(trees.path(entry.digest).read_bytes())}
    assert trees.path(names["one.c"].value) == tmp_path / "src/one/one.c"
