"""`build-env doctor`, as far as it needs no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import MakeProject


def test_a_target_that_is_named_counts_before_there_is_a_package_for_it(project: MakeProject) -> None:
    made = project({"build-env.toml": ""})
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock"}
    named = made.run("doctor", "--target", "centos/9", command="build-env", environment=nowhere)
    assert "rpmsign" in named.stdout
    assert "rpmsign" not in made.run("doctor", command="build-env", environment=nowhere).stdout
