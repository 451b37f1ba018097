"""What a user is told whom the engine's socket does not let in: never that there is no engine."""

from __future__ import annotations

import grp
import os
import pwd
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from build_env.engines.docker.access import EngineDenied, denied
from build_env.engines.docker.connection import connect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("group", "members", "way_in"),
    [
        ("docker", [], "sudo usermod -aG docker somebody, then log in again"),
        ("engine", ["other"], "sudo usermod -aG engine somebody, then log in again"),
        ("docker", ["somebody"], "log in again, or newgrp docker"),
        ("root", [], "run the same command as root"),
    ],
    ids=["outside", "another group", "not logged in since", "root's"],
)
def test_the_way_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, members: list[str], way_in: str
) -> None:
    facts = SimpleNamespace(gr_name=group, gr_mem=members, gr_gid=0 if group == "root" else 7)
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: facts)
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: SimpleNamespace(pw_name="somebody"))
    error = denied(f"unix://{tmp_path}")
    assert "does not let this user in" in error.message
    assert way_in in error.hint


def test_a_socket_whose_group_cannot_be_seen() -> None:
    assert "usermod -aG docker" in denied("unix:///nowhere/socket").hint


def test_a_socket_that_may_not_be_opened_is_no_missing_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, too, for whom every socket opens: the refusal comes from the socket's own `connect`."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")

    class Guarded(socket.socket):
        def connect(self, _address: object) -> None:
            raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(socket, "socket", Guarded)
    with pytest.raises(EngineDenied, match="does not let this user in"):
        connect()
