"""What a command has in its hands: the disk may be full, reports hear of what ends it, options come before settings."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

import pytest

from build_env.app import session as sessions
from build_env.app.executor import time_limit
from build_env.app.project import open_project
from build_env.app.quick import up_to_date
from build_env.app.session import open_session
from build_env.cli.actions import act
from build_env.core.errors import EnvironmentNotReady, UsageError
from build_env.model.options import BuildOptions
from build_env.plan.select import Request
from build_env.settings import Settings
from build_env.store.results import LocalStore

if TYPE_CHECKING:
    from tests.support.project import MakeProject

OPTIONS = BuildOptions(targets=("here/1",), engine="native")


def full(*_arguments: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("writes", [True, False])
def test_a_full_disk_is_said_wherever_a_command_meets_it(project: MakeProject, *, writes: bool) -> None:
    opened = open_project(project().root)
    with pytest.raises(EnvironmentNotReady, match="No space left"), open_session(opened, OPTIONS, writes=writes):
        full()


def test_the_quick_answer_says_it_too(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_project(project().root)
    (opened.paths.build / "remembered").mkdir(parents=True)
    monkeypatch.setattr(LocalStore, "sweep", full)
    with pytest.raises(EnvironmentNotReady, match="No space left"):
        up_to_date(opened, OPTIONS, Request(), lambda _event: None)


def test_reports_hear_of_a_store_that_cannot_be_opened(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project().root
    monkeypatch.setattr(sessions, "LocalStore", lambda *_, **__: full())
    with pytest.raises(EnvironmentNotReady):
        act(BuildOptions(root=root, targets=("here/1",), engine="native", junit=root / "report.xml"))
    assert "No space left" in (root / "report.xml").read_text(encoding="utf-8")


def test_a_native_build_has_nothing_to_set_up(project: MakeProject) -> None:
    with pytest.raises(UsageError, match="--setup"):
        act(BuildOptions(root=project().root, targets=("here/1",), engine="native", setup=True))


@pytest.mark.parametrize(
    ("option", "setting", "said"),
    [
        (None, 0.0, None),
        (None, 5.0, "stopped after 5 s (timeout in build-env.toml)"),
        (2.0, 5.0, "stopped after 2 s (--timeout)"),
        (0.0, 5.0, None),
    ],
)
def test_the_time_limit(option: float | None, setting: float, said: str | None) -> None:
    settings = Settings(timeout=setting, origins={"timeout": "build-env.toml"})
    limit = time_limit(BuildOptions(targets=("t",), timeout=option), settings)
    assert (limit.exceeded if limit else None) == said
