"""Names of logs: written from tasks; the store has them, nobody reads them back."""

from __future__ import annotations

import pytest

from build_env.model.task import Stage
from build_env.work.registry import kind_of
from tests.support.runs import make_task


@pytest.mark.parametrize(
    ("stage", "subject", "arch", "name"),
    [
        (Stage.SOURCE, "greet-1.2", "source", "debian-12/greet-1.2.source.log"),
        (Stage.BUILD, "greet", "amd64", "debian-12/greet.amd64.build.log"),
        (Stage.IMAGE, "debian-12-build-arm64", "", "debian-12/debian-12-build-arm64.image.log"),
    ],
)
def test_a_log_is_called_by_what_a_person_looks_for(stage: Stage, subject: str, arch: str, name: str) -> None:
    assert kind_of(stage).log_name(make_task(stage, subject, arch)) == name
