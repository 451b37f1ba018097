"""Owns what a picture of a plan holds: a node per task or per package, in groups, and the edges between them. Pure.

An edge points from what is made first to what needs it, as the work goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from build_env.core.canonical import plain
from build_env.ui.text import clean
from build_env.ui.words import targets_words
from build_env.work.registry import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.model.identity import TaskName
    from build_env.model.task import Plan, Task

__all__ = ["Edge", "Group", "Node", "Picture", "graph_data", "one_line", "packages_picture", "tasks_picture"]

_VERDICTS = ("run", "maybe", "hit")  # of a package the first that one of its tasks has


@dataclass(frozen=True, kw_only=True)
class Node:
    """A task or a package: `lines` is what a person reads in it, `verdict` is hit, run or maybe."""

    id: str
    lines: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Nodes that are drawn together, with their title; without a title they stand alone."""

    title: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """`source` is made before `target`; `loose` tells that it only has to have ended."""

    source: str
    target: str
    loose: bool = False


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Everything that is drawn."""

    title: str
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]


def tasks_picture(plan: Plan, verdicts: Mapping[TaskName, str]) -> Picture:
    """A node per task, grouped by package."""
    groups = tuple(
        Group(title=title, nodes=tuple(_task_node(task, verdicts[task.name]) for task in tasks))
        for title, tasks in _grouped(plan)
    )
    return Picture(title=_title(plan), groups=groups, edges=tuple(_edges(plan)))


def packages_picture(plan: Plan, verdicts: Mapping[TaskName, str]) -> Picture:
    """A node per package, with an edge where a task of one needs a task of the other."""
    grouped = _grouped(plan)
    home = {str(task.name): title for title, tasks in grouped for task in tasks}
    loose: dict[tuple[str, str], bool] = {}
    for edge in _edges(plan):
        ends = home[edge.source], home[edge.target]
        if ends[0] != ends[1]:
            loose[ends] = loose.get(ends, True) and edge.loose
    nodes = tuple(_package_node(title, [verdicts[task.name] for task in tasks]) for title, tasks in grouped)
    edges = tuple(Edge(source=source, target=target, loose=value) for (source, target), value in loose.items())
    return Picture(title=_title(plan), groups=(Group(title="", nodes=nodes),), edges=edges)


def graph_data(picture: Picture) -> dict[str, object]:
    """The picture as JSON data."""
    nodes = [{**plain(node), "group": group.title} for group in picture.groups for node in group.nodes]
    return {"title": picture.title, "nodes": nodes, "edges": plain(picture.edges)}


def one_line(text: str) -> str:
    """`text` on one line, without characters that no picture can show."""
    return clean(" ".join(text.split()))


def _title(plan: Plan) -> str:
    return targets_words(plan.targets)


def _grouped(plan: Plan) -> list[tuple[str, list[Task]]]:
    """The tasks by package, in the order in which packages first appear; each group in the plan's order."""
    first: dict[str, int] = {}
    for task in plan:
        first.setdefault(_home(task), len(first))
    ordered = sorted(plan, key=lambda task: first[_home(task)])
    return [(title, list(tasks)) for title, tasks in groupby(ordered, key=_home)]


def _home(task: Task) -> str:
    """The package, or words with a space for what belongs to none: no package is called so."""
    if task.name.of_package:
        return task.subject
    return f"{kind_of(task.stage).others} {task.target}"


def _edges(plan: Plan) -> Iterator[Edge]:
    for task in plan:
        needed = dict.fromkeys(entry.task for entry in task.inputs)
        yield from (Edge(source=str(other), target=str(task.name)) for other in needed)
        yield from (
            Edge(source=str(other), target=str(task.name), loose=True) for other in task.after if other not in needed
        )


def _task_node(task: Task, verdict: str) -> Node:
    return Node(id=str(task.name), lines=(f"{task.stage} {task.label}", verdict), verdict=verdict)


def _package_node(title: str, verdicts: list[str]) -> Node:
    counts = {verdict: verdicts.count(verdict) for verdict in _VERDICTS}
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    return Node(id=title, lines=(title, told), verdict=next(verdict for verdict, number in counts.items() if number))
