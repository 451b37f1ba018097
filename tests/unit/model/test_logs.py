"""Names of logs: written from tasks, read back from files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.model.logs import LogName, log_file, read_log_name
from build_env.model.task import Stage
from tests.support.runs import make_task

STAGES = [Stage.SOURCE, Stage.BUILD, Stage.VERIFY, Stage.DEPLOY]
SUBJECTS = st.from_regex(r"[a-z0-9][a-z0-9+._-]{0,8}", fullmatch=True)


@given(
    subject=SUBJECTS,
    arch=st.sampled_from(["amd64", "all", "armhf"]),
    stage=st.sampled_from(STAGES),
    others=st.sets(SUBJECTS, max_size=3),
)
def test_what_is_written_is_read_back(subject: str, arch: str, stage: Stage, others: set[str]) -> None:
    arch = "" if stage is Stage.SOURCE else arch
    known = {subject, *others} - {f"{subject}.{arch}"}  # nobody could tell these two apart
    directory, _, name = log_file(make_task(stage, subject, arch)).partition("/")
    assert directory == "debian-12"
    assert read_log_name(name, known) == LogName(subject=subject, arch=arch, stage=stage)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gone.amd64.build.log", LogName(subject="gone", arch="amd64", stage=Stage.BUILD)),
        ("gone-1.2.source.log", LogName(subject="gone-1.2", arch="", stage=Stage.SOURCE)),
        ("debian-12-build-arm64.image.log", LogName(subject="debian-12-build-arm64", arch="", stage=Stage.IMAGE)),
    ],
)
def test_logs_of_packages_that_are_gone_are_read_by_their_dots(name: str, found: LogName) -> None:
    assert read_log_name(name, ()) == found


@pytest.mark.parametrize("name", ["greet.amd64.build", "greet.amd64.biuld.log", "build.log", ".build.log", "greet.log"])
def test_other_files_are_no_logs(name: str) -> None:
    assert read_log_name(name, {"greet"}) is None
