"""What is said of an engine that cannot be reached."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady
from build_env.engines.docker.connection import connect

if TYPE_CHECKING:
    from pathlib import Path


def test_an_engine_that_listens_and_says_nothing_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(f"{tmp_path}/engine.sock")
        engine.listen()
        with pytest.raises(EnvironmentNotReady, match=r"engine\.sock has said nothing for 0\.05 s"):
            connect(timeout=0.05)
    with pytest.raises(EnvironmentNotReady, match=r"no Docker engine answers at unix://.*engine\.sock"):
        connect()
