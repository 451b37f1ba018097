"""Every stage of a small target through a worker that is another process, with a store and an engine of its own."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.app.build import resolve
from build_env.app.project import open_project
from build_env.app.session import open_session
from build_env.model.options import BuildOptions
from build_env.plan.select import Request
from build_env.schedule.foresee import foresee
from tests.support.engine import private_engine
from tests.support.tiny import TARGET, tiny_project
from tests.support.tree import outcome
from tests.support.worker import SubprocessWorker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

INSTALLS = """

def run_build(env: Env, package: Package) -> None:
    env.install(ImageKind.BUILD, "/bin/sh", "-c", "echo installed >/usr/local/marker")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    (tmp_path / "project").mkdir()
    with tiny_project(tmp_path / "project", "one", "two") as made:
        made.configure(INSTALLS)
        yield made


def results(root: Path) -> set[tuple[str, ...]]:
    return {(task, key, artifacts) for task, key, _, artifacts, *_ in outcome(root).results}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hide a directory and start an engine")
def test_a_worker_without_a_checkout_makes_the_same_of_every_stage(project: Tiny, tmp_path: Path) -> None:
    project.build("--jobs", "1").expect(0, "done")
    here = results(project.root)
    shutil.rmtree(project.root / "build")
    (tmp_path / "worker").mkdir()
    options = BuildOptions(targets=(TARGET,), engine="docker", jobs=1)
    with (
        private_engine("debian:12") as engine,
        open_session(open_project(project.root), options, writes=True) as session,
    ):
        planned = resolve(session, Request()).planned
        executor = session.executor()
        worker = SubprocessWorker(
            store=session.store,
            directory=tmp_path / "worker",
            hidden=project.root,
            engine=engine.address,
            names=project.prefix,
            images=executor.rooms.worker.images,
        )
        rooms = replace(executor.rooms, worker=worker)  # type: ignore[arg-type]  # as `Worker`, elsewhere
        executor = replace(executor, hands=replace(executor.hands, rooms=rooms))
        answers, hits = foresee(planned.plan, executor)
        assert not hits
        summary = session.run_plan(planned.plan, executor, lambda _event: None, answers, hits)
        failed = {str(name): result.message for name, result in summary.results.items() if not result.ok}
        assert failed == {}
        assert str(project.root) not in "".join(worker.orders), "an order names no path of the checkout"
    assert results(project.root) == here
