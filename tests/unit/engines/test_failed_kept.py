"""Which rooms of failed tasks stay: the newest of each of the last tasks, and none of a task that is good again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from build_env.engines.docker.connection import LABEL
from build_env.engines.docker.leftovers import drop_failed, failed_name, failed_rooms
from tests.support.samples import A, B, C, D

if TYPE_CHECKING:
    from build_env.engines.docker.connection import Connection
    from build_env.model.identity import TaskName


class Rooms:
    """The containers of a project, as a connection tells and removes them."""

    def __init__(self, *tasks: TaskName) -> None:
        self.made = [self._container(number, task) for number, task in enumerate(tasks)]

    def containers(self, **_labels: str) -> list[dict[str, Any]]:
        return self.made

    def remove(self, container: str) -> None:
        self.made = [item for item in self.made if item["Id"] != container]

    @property
    def left(self) -> list[tuple[TaskName, int]]:
        """The rooms by task and age, the newest first."""
        return [(room.task, room.created) for room in failed_rooms(cast("Connection", self), "p")]

    @staticmethod
    def _container(number: int, task: TaskName) -> dict[str, Any]:
        labels = {f"{LABEL}.{part}": value for part, value in task._asdict().items()}
        name = f"/{failed_name(f'id{number}', 1)}"
        return {"Id": f"c{number}", "Names": [name], "State": "exited", "Created": number, "Labels": labels}


@pytest.mark.parametrize(
    ("tasks", "good", "left"),
    [
        ((A, B, C), set(), [(C, 2), (B, 1), (A, 0)]),
        ((A, B, C, D), set(), [(D, 3), (C, 2), (B, 1)]),
        ((B, A, A, A), set(), [(A, 3), (B, 0)]),
        ((A, B, A), {A}, [(B, 1)]),
        ((A, B, C, D), {D}, [(C, 2), (B, 1), (A, 0)]),
        ((), {A}, []),
    ],
)
def test_rooms_that_stay(tasks: tuple[TaskName, ...], good: set[TaskName], left: list[tuple[TaskName, int]]) -> None:
    rooms = Rooms(*tasks)
    drop_failed(cast("Connection", rooms), "p", most=3, good=good)
    assert rooms.left == left
