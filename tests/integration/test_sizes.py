"""What packages may be large in, at a sixteenth of what `benchmarks/sizes.py` takes: a run's memory does not grow.

Each size is a multiple of the bound, so that whatever was held whole would be seen.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.large import CASES, DEPLOYING
from tests.support.memory import MEBIBYTE, measured
from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.memory import Needed
    from tests.support.tiny import Tiny

SCALE = 16
BOUND = 40 * MEBIBYTE  # above what the tool needs for a package of nothing
OF_BYTES = [case for case in CASES if case.name != "files"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    with tiny_project(tmp_path_factory.mktemp("sizes"), "first") as tiny:
        yield tiny


@pytest.fixture(scope="module")
def idle(project: Tiny) -> int:
    """The memory that a run with a package of nothing takes."""
    needed = measured(project.arguments("first"), project.root)
    needed.answer.expect(0)
    return needed.peak


@pytest.fixture(scope="module")
def built(project: Tiny, idle: int) -> Needed:
    """All packages that are large in bytes are built in one run, and those that are packages are published."""
    assert idle
    for case in OF_BYTES:
        case.write(project, case.size // SCALE)
    project.configure(DEPLOYING.replace("    env", '    if package.name in {"control", "result"}:\n        env'))
    return measured(project.arguments("--keep-going"), project.root)


def test_memory_does_not_grow_with_sources_results_logs_lines_and_control_files(built: Needed, idle: int) -> None:
    built.answer.expect(1, "control cannot be published", "control area of more than 16 MiB", "failed  1 task failed")
    assert built.peak - idle < BOUND


def test_what_is_sparse_stays_sparse_in_the_store_and_where_it_is_published(built: Needed, project: Tiny) -> None:
    assert built.answer.status
    size = next(case.size for case in CASES if case.name == "result") // SCALE
    there = [path for path in (project.root / "build").rglob("*") if path.is_file() and path.stat().st_size > size]
    places = {path.relative_to(project.root / "build").parts[0] for path in there if not path.is_symlink()}
    assert places == {"store", "deploy", "repositories"}
    for path in there:
        assert path.stat().st_blocks * 512 < 2 * MEBIBYTE, path


@pytest.mark.parametrize("name", ["log", "line"])
def test_a_log_is_read_piece_by_piece(built: Needed, project: Tiny, name: str, tmp_path: Path) -> None:
    assert built.answer.status
    command = [sys.executable, "-P", "-m", "build_env.cli.main", "log"]
    small = measured([*command, "first"], project.root)
    needed = measured([*command, name], project.root, output=tmp_path / "printed")
    needed.answer.expect(0)
    size = next(case.size for case in CASES if case.name == name) // SCALE
    assert (tmp_path / "printed").stat().st_size >= size
    assert needed.peak - small.peak < BOUND


@pytest.mark.full
def test_memory_for_many_small_files(project: Tiny, idle: int) -> None:
    (case,) = (case for case in CASES if case.name == "files")
    case.write(project, case.size // SCALE)
    needed = measured(project.arguments("--build", "files"), project.root)
    needed.answer.expect(0)
    assert needed.peak - idle < BOUND
