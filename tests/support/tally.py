"""A kind of task from outside build-env: after each build it counts what came out.

It is copied into projects of tests as `common/tally.py`; a target that imports it has the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.action import Action
from build_env.model.artifact import StoredResult
from build_env.model.task import Input, Place, Task
from build_env.work.kind import Done, Kind
from build_env.work.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from build_env.model.identity import TaskName
    from build_env.model.target import Target
    from build_env.model.work import Work
    from build_env.work.kind import Hands

__all__ = ["Tally", "TallyAction"]


@dataclass(frozen=True, kw_only=True)
class TallyAction(Action):
    """Count in `unit`."""

    unit: str

    @property
    def words(self) -> tuple[str, ...]:
        return (f"count {self.unit}",)


class Tally(Kind):
    """Counts the artifacts of a build."""

    name = "tally"
    rank = 3.5
    usual_seconds = 0.1
    of_packages = True

    def planned(self, target: Target, tasks: Mapping[TaskName, Task]) -> Iterable[Task]:
        unit = str(target.variables.get("TALLY", ""))  # other targets of the process have none
        for task in tasks.values():
            if unit and task.stage == "build":
                yield Task(
                    name=task.name._replace(stage=self.name),
                    static_inputs={"stage": self.name, "unit": unit},
                    inputs=(Input(task=task.name, place=Place.BUILD),),
                    action=TallyAction(unit=unit),
                )

    def counts(self, place: Place, name: str) -> bool:
        return place is Place.BUILD and bool(name)

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:
        assert not anew
        assert isinstance(work.task.action, TallyAction)
        number = sum(len(entry.artifacts) for entry in work.inputs)
        write(f"counted {number} {work.task.action.unit}")
        artifact = hands.store.put("tally.txt", f"{number}\n".encode())
        return Done(
            stored=StoredResult(key=work.key, artifacts=(artifact,), isolation=hands.rooms.isolation, seconds=0.0)
        )


register(Tally())
