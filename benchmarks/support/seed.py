"""Records a result for every task of the generated project without running any of its commands.

Walks the plan in order, as a run does, and records through the store what a run would have recorded: under each
task's final key, with one artifact. Durability is switched off, because nothing is lost if the seed is.
Run as `python -m benchmarks.support.seed ROOT TARGET ARCHITECTURES`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.support.tree import STAGES
from build_env.app.build import remember_run, resolve
from build_env.app.project import open_project
from build_env.app.session import open_session
from build_env.model.artifact import Isolation, StoredResult
from build_env.model.options import BuildOptions
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.work.resolve import work_of

if TYPE_CHECKING:
    from build_env.model.identity import TaskName

__all__ = ["seed"]


def seed(root: Path, target: str, architectures: tuple[str, ...]) -> int:
    """Record everything; the number of tasks."""
    options = BuildOptions(targets=(target,), architectures=architectures, engine="native")
    request = Request(stages=frozenset(map(Stage, STAGES)))
    os.fsync = int  # type: ignore[assignment]  # does nothing, as below
    done: dict[TaskName, StoredResult] = {}
    with open_session(open_project(root), options, writes=True) as session:
        resolved = resolve(session, request)
        session.store._database._connection.execute("PRAGMA synchronous = OFF")  # noqa: SLF001 - 4,000 flushes would measure the disk
        for task in resolved.planned.plan:
            work = work_of(task, done, session.store)
            suffix = "deb" if task.stage == Stage.BUILD else "txt"
            artifact = session.store.put(f"{task.subject}_{task.arch}.{suffix}", str(task.name).encode())
            done[task.name] = StoredResult(
                key=work.key,
                task=task.name,
                inputs=work.covered,
                artifacts=(artifact,),
                isolation=Isolation.NATIVE,
                seconds=1.0,
            )
            session.store.record(done[task.name], session.store.begin(task.name, done[task.name].key))
        results = {task: TaskResult(status=Status.DONE, stored=stored) for task, stored in done.items()}
        summary = RunSummary(tasks=resolved.planned.plan.tasks, results=results, seconds=0, longest_chain=0)
        hands = session.executor().hands
        remember_run(session, request, resolved, summary, hands)
    return len(done)


if __name__ == "__main__":
    sys.stdout.write(f"{seed(Path(sys.argv[1]), sys.argv[2], tuple(sys.argv[3].split(',')))}\n")
