"""An engine that stops answering: whatever it was doing, a run ends, says why, and the next one clears up."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from typing import TYPE_CHECKING

import docker
import pytest

from tests.support.engine import private_engine
from tests.support.proxy import relay
from tests.support.tiny import SCRIPT, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Running, Tiny

ENDS = 10  # seconds that a run has after Ctrl-C or a time limit
WAITING = 120  # seconds for what takes long on a busy machine
# Says that it runs, then waits for ever.
HANGING = SCRIPT.replace("--build) ", "--build) echo hanging; exec tail -f /dev/null; ")
# When an engine stops, as what is seen on its connections then.
MOMENTS = {
    "making": r"POST \S*/containers/create",
    "starting": r"POST \S*/containers/\w+/start",
    "output": r"hanging(\n|\\n)",
    "results": r"GET \S*/containers/\w+/archive",
    "removal": r"DELETE \S*/containers/",
}
# Those that a limit of time meets: until the room hangs, and when it is killed. It is kept then, so nothing is removed.
LIMITED = {name: MOMENTS[name] for name in ("making", "starting", "output")}
LIMITED["ending"] = r"POST \S*/containers/\w+/kill"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    """A project whose image and source package are there: what is left to do is one room that hangs."""
    with tiny_project(tmp_path, "one") as tiny:
        tiny.write("build-env.toml", f'image_prefix = "{tiny.prefix}"\nretries = 0\n')
        tiny.package("one", HANGING)
        tiny.build("--source").expect(0)
        yield tiny


def ended(run: Running, seconds: float = ENDS) -> int:
    """The exit status of a run that must end now."""
    return run.process.wait(timeout=seconds)


def cleared_up(project: Tiny, *words: str) -> None:
    """The next run, with an engine that is well, leaves nothing of what the last one had to leave."""
    left = {item.id for item in project.containers()}
    project.package("one")
    project.build().expect(0, "done", *words)
    still_there = {item.id for item in project.containers() if "-failed-" not in item.name}
    assert not left & still_there, project.leftovers(failed=1)
    assert not [item for item in project.leftovers(failed=1) if item.startswith("/")]


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("moment", ["making", "starting", "output"])
def test_one_interrupt_ends_a_run(project: Tiny, kind: str, moment: str) -> None:
    with (
        relay(kind, MOMENTS[moment]) as engine,
        project.started(environment={"DOCKER_HOST": engine.address}) as run,
    ):
        assert engine.frozen.wait(WAITING)
        run.signal(signal.SIGINT)
        assert ended(run) == 130
    cleared_up(project, *(["removed 1 room that a killed run left behind"] if moment == "output" else []))


@pytest.mark.parametrize(("kind", "moment"), [("unix", "results"), ("unix", "removal"), ("tcp", "removal")])
def test_an_interrupt_ends_a_run_whose_commands_are_done(project: Tiny, kind: str, moment: str) -> None:
    """It fetches what they made, if that is too much to be told with their output, or puts the room away."""
    large = 'head -c 8M /dev/urandom >"$BUILD_OUT/large"; ' if moment == "results" else ""
    project.package("one", SCRIPT.replace("--build) ", f"--build) {large}"))
    project.build("--source").expect(0)
    with (
        relay(kind, MOMENTS[moment]) as engine,
        project.started(environment={"DOCKER_HOST": engine.address}) as run,
    ):
        assert engine.frozen.wait(WAITING)
        run.signal(signal.SIGINT)
        assert ended(run) == 130
    cleared_up(project)


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_an_interrupt_ends_the_build_of_an_image(project: Tiny, kind: str) -> None:
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\nRUN echo hanging; exec tail -f /dev/null\n")
    with (
        relay(kind, MOMENTS["output"]) as engine,
        project.started(environment={"DOCKER_HOST": engine.address}) as run,
    ):
        assert engine.frozen.wait(WAITING)
        run.signal(signal.SIGINT)
        assert ended(run) == 130
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\n")
    cleared_up(project)


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("moment", LIMITED)
def test_a_limit_of_time_ends_a_run(project: Tiny, kind: str, moment: str) -> None:
    with (
        relay(kind, LIMITED[moment]) as engine,
        project.started("--timeout", "5", environment={"DOCKER_HOST": engine.address}) as run,
    ):
        assert engine.frozen.wait(WAITING)
        assert ended(run, 5 + ENDS) == 1
        assert "stopped after 5 s (--timeout)" in run.end().text
    cleared_up(project)


def test_a_limit_of_time_ends_the_build_of_an_image(project: Tiny) -> None:
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\nRUN echo hanging; exec tail -f /dev/null\n")
    with (
        relay("unix", MOMENTS["output"]) as engine,
        project.started("--timeout", "20", environment={"DOCKER_HOST": engine.address}) as run,
    ):
        assert engine.frozen.wait(WAITING)
        assert ended(run, 20 + ENDS) == 1
        assert "stopped after 20 s (--timeout)" in run.end().text
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\n")
    cleared_up(project)


def test_an_engine_that_falls_silent_with_its_room_is_told(project: Tiny) -> None:
    project.write("build-env.toml", f'image_prefix = "{project.prefix}"\nengine_timeout = 8\nretries = 0\n')
    with relay("unix", MOMENTS["output"]) as engine:
        answer = project.build(environment={"DOCKER_HOST": engine.address})
        answer.expect(4, "did not answer in time while running a room", "restart the engine")
    cleared_up(project, "removed 1 room that a killed run left behind")


def test_kept_rooms_end_as_well(project: Tiny) -> None:
    project.build("--container", "--source").expect(0)
    with (
        relay("unix", MOMENTS["output"]) as engine,
        project.started("--container", environment={"DOCKER_HOST": engine.address}) as run,
    ):
        assert engine.frozen.wait(WAITING)
        run.signal(signal.SIGINT)
        assert ended(run) == 130
    project.package("one")
    project.build("--container").expect(0, "done")


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_an_engine_that_answers_nothing_is_told(project: Tiny, kind: str) -> None:
    project.write("build-env.toml", f'image_prefix = "{project.prefix}"\nengine_timeout = 2\nretries = 0\n')
    with relay(kind) as engine:
        engine.freeze()
        answer = project.build(environment={"DOCKER_HOST": engine.address})
        answer.expect(4, f"the Docker engine at {engine.address} has said nothing for 2 s", "restart the engine")


def test_an_engine_that_stops_answering_is_told(project: Tiny) -> None:
    project.write("build-env.toml", f'image_prefix = "{project.prefix}"\nengine_timeout = 8\nretries = 0\n')
    with relay("unix", MOMENTS["starting"]) as engine:
        answer = project.build(environment={"DOCKER_HOST": engine.address})
        answer.expect(4, f"the engine at {engine.address} did not answer in time while", "restart the engine")
    cleared_up(project)


@pytest.mark.skipif(os.geteuid() != 0, reason="root starts engines")
def test_one_interrupt_ends_a_run_whose_engine_is_stopped(tmp_path: Path) -> None:
    with private_engine("debian:12") as engine, tiny_project(tmp_path, "one") as project:
        project.package("one", HANGING)
        with project.started(environment={"DOCKER_HOST": engine.address}) as run:
            run.await_output("hanging")
            engine.process.send_signal(signal.SIGSTOP)
            run.signal(signal.SIGINT)
            status = ended(run)
        engine.process.send_signal(signal.SIGCONT)
        assert status == 130
        project.package("one")
        # The engine does now what it was asked for while it was stopped; what it was not asked for is left to this run.
        project.build(environment={"DOCKER_HOST": engine.address}).expect(0, "done")
        with closing(docker.APIClient(base_url=engine.address)) as client:
            assert client.containers(all=True) == []
