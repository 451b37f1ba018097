"""Wrong use of `build-env reproduce`, which needs no engine to be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import MakeProject

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def test_without_an_engine(project: MakeProject) -> None:
    answer = project().run("reproduce", "one", command="build-env", environment=NO_ENGINE)
    assert (answer.returncode, answer.stdout) == (4, "")
    assert "no Docker engine answers" in answer.stderr


def test_what_is_there_is_not_written_over(project: MakeProject) -> None:
    made = project()
    made.write({"kept/file": "text"})
    answer = made.run("reproduce", "one", "--keep", "kept", command="build-env", environment=NO_ENGINE)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "this is there already" in answer.stderr


def test_a_name_that_can_be_none(project: MakeProject) -> None:
    answer = project().run("reproduce", "../one", command="build-env", environment=NO_ENGINE)
    assert (answer.returncode, answer.stdout) == (2, "")
