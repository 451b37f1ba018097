"""Owns random plans for the scheduling benchmark: shapes of graphs with tasks of uneven lengths, nothing to run."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from build_env.model.identity import TaskName
from build_env.model.task import Input, Place, Plan, Stage, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["SHAPES", "dice_of", "random_plan"]

_MEDIAN = {"source": 5.0, "build": 30.0, "verify": 5.0, "deploy": 1.0}
_SPREAD = 0.8
_TARGET = "debian/12"


def dice_of(seed: object) -> Random:
    """Dice that fall the same way for the same seed, so that every run has the same graphs."""
    return Random(str(seed))  # noqa: S311 - no secret comes from them


def random_plan(shape: str, size: int, dice: Random) -> tuple[Plan, dict[TaskName, float]]:
    """A plan of about `size` tasks, and the seconds that each takes."""
    tasks = _SHAPES[shape](max(1, size), dice)
    seconds = {task.name: dice.lognormvariate(0, _SPREAD) * _MEDIAN[task.stage] for task in tasks}
    return Plan(targets={_TARGET: ("amd64",)}, tasks=tuple(tasks)), seconds


def _layered(size: int, dice: Random) -> list[Task]:
    """Every task needs up to three of the layer before."""
    width = max(2, round(size**0.5))
    return [
        _task(
            number,
            dice.sample(range(number // width * width - width, number // width * width), dice.randint(1, min(3, width)))
            if number >= width
            else (),
        )
        for number in range(size)
    ]


def _fork_join(size: int, dice: Random) -> list[Task]:
    """One task, many that need it, one that needs all of these, and again."""
    tasks: list[Task] = []
    while len(tasks) < size:
        fork, width = len(tasks), dice.randint(4, 64)
        tasks.append(_task(fork, [fork - 1] if fork else ()))
        tasks += [_task(fork + 1 + number, [fork]) for number in range(width)]
        tasks.append(_task(len(tasks), range(fork + 1, fork + 1 + width)))
    return tasks


def _chains(size: int, dice: Random) -> list[Task]:
    """Chains of uneven lengths that have nothing to do with each other."""
    tasks: list[Task] = []
    while len(tasks) < size:
        first, length = len(tasks), dice.randint(1, 20)
        tasks += [_task(first + place, [first + place - 1] if place else ()) for place in range(length)]
    return tasks


def _packages(size: int, dice: Random) -> list[Task]:
    """As a target has them: source, then for two architectures build, verify, deploy; builds need earlier builds."""
    tasks: list[Task] = []
    builds: list[tuple[int, int]] = []
    while len(tasks) < size:
        source = len(tasks)
        tasks.append(
            _named(TaskName(target=_TARGET, subject=f"p{source:06}", stage=Stage.SOURCE, architecture="source"))
        )
        needed = dice.sample(builds[-50:], min(len(builds), dice.choice([0, 0, 1, 1, 2])))
        made = []
        for place, architecture in enumerate(("amd64", "arm64")):
            build = len(tasks)
            made.append(build)
            name = tasks[source].name._replace(stage=Stage.BUILD, architecture=architecture)
            tasks.append(_named(name, *(tasks[other] for other in (source, *(other[place] for other in needed)))))
            tasks.append(_named(name._replace(stage=Stage.VERIFY), tasks[build]))
            tasks.append(_named(name._replace(stage=Stage.DEPLOY), tasks[build], tasks[build + 1]))
        builds.append((made[0], made[1]))
    return tasks


def _wide(size: int, dice: Random) -> list[Task]:  # noqa: ARG001 - as all shapes
    """Tasks that have nothing to do with each other."""
    return [_task(number, ()) for number in range(size)]


_SHAPES: dict[str, Callable[[int, Random], list[Task]]] = {
    "layered": _layered,
    "fork-join": _fork_join,
    "chains": _chains,
    "packages": _packages,
    "wide": _wide,
}
SHAPES = tuple(_SHAPES)


def _task(number: int, needs: Iterable[int]) -> Task:
    return Task(name=_name(number), inputs=tuple(Input(task=_name(other), place=Place.PACKAGES) for other in needs))


def _name(number: int) -> TaskName:
    return TaskName(target=_TARGET, subject=f"t{number:06}", stage=Stage.BUILD)


def _named(name: TaskName, *needs: Task) -> Task:
    return Task(name=name, inputs=tuple(Input(task=other.name, place=Place.PACKAGES) for other in needs))
