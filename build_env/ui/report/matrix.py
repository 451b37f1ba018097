"""Owns the table of packages by target and architecture: what became of each stage. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.ui.text import clean
from build_env.work.registry import kind_of, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from build_env.ui.record import TaskRecord

__all__ = ["Matrix", "Row", "make_matrix"]

_SHARED = frozenset({"", "all", "noarch", "source"})


@dataclass
class Row:
    """A package: for each column the tasks that the package has there, by stage."""

    name: str
    cells: list[list[TaskRecord]]


@dataclass
class Matrix:
    """`targets` are (name, number of columns), `columns` (target, architecture), `others` tasks of no package."""

    targets: list[tuple[str, int]] = field(default_factory=list)
    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    others: list[TaskRecord] = field(default_factory=list)


def make_matrix(records: Iterable[TaskRecord], targets: Mapping[str, tuple[str, ...]]) -> Matrix:
    """Tasks that serve every architecture (sources, packages of architecture all) appear in each of their target."""
    tasks = list(records)
    columns = _columns(tasks, targets)
    rows: dict[str, Row] = {}
    matrix = Matrix(columns=[(clean(target), clean(arch)) for target, arch in columns])
    for record in tasks:
        if not kind_of(record.task.stage).of_packages:
            matrix.others.append(record)
            continue
        subject = record.task.subject
        row = rows.setdefault(subject, Row(name=clean(subject), cells=[[] for _ in columns]))
        for cell, column in zip(row.cells, columns, strict=True):
            if _belongs(record, column):
                cell.append(record)
    for row in rows.values():
        for cell in row.cells:
            cell.sort(key=lambda record: rank(record.task.stage))
    matrix.rows = [rows[name] for name in sorted(rows)]
    names = dict.fromkeys(target for target, _ in columns)
    matrix.targets = [(clean(name), sum(target == name for target, _ in columns)) for name in names]
    return matrix


def _columns(tasks: list[TaskRecord], targets: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    columns = {(target, arch): None for target, archs in targets.items() for arch in archs}
    for record in tasks:
        if kind_of(record.task.stage).of_packages and record.task.arch not in _SHARED:
            columns[record.task.target, record.task.arch] = None
    for record in tasks:
        if kind_of(record.task.stage).of_packages and all(target != record.task.target for target, _ in columns):
            columns[record.task.target, "all"] = None
    names = dict.fromkeys(target for target, _ in columns)
    return [column for name in names for column in columns if column[0] == name]


def _belongs(record: TaskRecord, column: tuple[str, str]) -> bool:
    target, arch = column
    return record.task.target == target and (record.task.arch == arch or record.task.arch in _SHARED)
