"""The caller's SSH agent: the source stage may ask it, no other room sees it, a remote engine never gets it."""

from __future__ import annotations

import os
import re
import signal
import socket
import socketserver
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from build_env.engines.ssh_agent import is_socket, relay
from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

# A request for the keys of an agent, by the protocol's own words: length 1, type 11. perl is in every Debian image.
SCRIPT = """\
#!/bin/sh
set -eu
echo "agent ${SSH_AUTH_SOCK-none}"
echo "entries $(ls -A /build | tr '\\n' ' ')"
[ -z "${SSH_AUTH_SOCK-}" ] || perl -MIO::Socket::UNIX -e '
    my $agent = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}) or die "cannot open: $!";
    print $agent pack("NC", 1, 11); $agent->flush;
    read($agent, my $head, 9) == 9 or die "no answer"; my ($size, $type, $count) = unpack("NCN", $head);
    read($agent, my $keys, $size - 5); print "type $type, $count key: ", $keys =~ /(tests\\@\\w+)/, "\\n";'
case $1 in
--source) echo s >"$BUILD_OUT/$BUILD_PACKAGE.tar" ;;
--build) echo b >"$BUILD_OUT/$BUILD_PACKAGE.deb" ;;
esac
"""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """A real agent of this user with one key."""
    said = subprocess.run(["ssh-agent", "-s", "-a", str(tmp_path / "s")], check=True, capture_output=True, text=True)
    process = re.search(r"SSH_AGENT_PID=(\d+)", said.stdout)
    assert process
    try:
        key = tmp_path / "key"
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests@agent", "-f", str(key)]
        subprocess.run(make, check=True, capture_output=True)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(tmp_path / "s")}
        subprocess.run(["ssh-add", str(key)], check=True, capture_output=True, env=environment)
        yield str(tmp_path / "s")
    finally:
        os.kill(int(process[1]), signal.SIGTERM)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    # A deep place: the name of a socket below it would not fit into the 108 bytes of an address.
    root = tmp_path / ("deep" * 20) / ("deeper" * 10)
    root.mkdir(parents=True)
    with tiny_project(root) as tiny:
        tiny.package("one", SCRIPT)
        yield tiny


def test_the_source_room_asks_the_agent_and_no_other_sees_it(project: Tiny, agent: str) -> None:
    project.build(environment={"SSH_AUTH_SOCK": agent}).expect(0)
    assert "agent /build/ssh-agent\n" in project.log("one", "source")
    assert "type 12, 1 key: tests@agent" in project.log("one", "source")
    for stage in ("build", "verify"):
        log = project.log("one", stage, "amd64")
        assert "agent none\n" in log
        assert "ssh-agent" not in log
    assert project.leftovers() == []


def test_a_result_is_the_same_with_and_without_an_agent(project: Tiny, agent: str) -> None:
    project.build().expect(0)
    assert "agent none\n" in project.log("one", "source")
    project.build(environment={"SSH_AUTH_SOCK": agent}).expect(0, "nothing to do")


def test_a_variable_that_outlived_its_agent_is_passed_over(project: Tiny, tmp_path: Path) -> None:
    project.build(environment={"SSH_AUTH_SOCK": str(tmp_path / "gone")}).expect(0)
    assert "agent none\n" in project.log("one", "source")
    assert not (tmp_path / "gone").exists()


def test_a_remote_engine_gets_no_agent_and_the_log_says_so(project: Tiny, agent: str) -> None:
    with tcp_engine() as address:
        project.build(environment={"SSH_AUTH_SOCK": agent, "DOCKER_HOST": address}).expect(0)
    log = project.log("one", "source")
    assert "the SSH agent is not passed on" in log
    assert address in log
    assert "agent none\n" in log


def test_a_reused_room_gets_no_agent_and_the_log_says_so(project: Tiny, agent: str) -> None:
    project.build("--container", environment={"SSH_AUTH_SOCK": agent}).expect(0)
    log = project.log("one", "source")
    assert "the SSH agent is not passed on" in log
    assert "agent none\n" in log


def test_the_relay_serves_many_at_once_and_closes_with_its_context(agent: str, tmp_path: Path) -> None:
    with relay(agent, tmp_path / "rooms") as path:
        idle = [connect(path) for _ in range(5)]
        for _ in range(3):
            assert ask(path) == 12
        assert is_socket(str(path))
    for client in idle:
        with client:
            assert client.recv(1) == b""
    assert list((tmp_path / "rooms").iterdir()) == []


def test_the_relay_hangs_up_when_the_agent_has_ended(tmp_path: Path) -> None:
    with relay(str(tmp_path / "nobody"), tmp_path) as path:
        assert ask(path) is None


def connect(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    return client


def ask(path: Path) -> int | None:
    """Ask for the keys and return the type of the answer."""
    with connect(path) as client:
        try:
            client.sendall(bytes([0, 0, 0, 1, 11]))
            answer = client.recv(5)
        except OSError:
            return None
        return answer[4] if answer else None


@contextmanager
def tcp_engine() -> Iterator[str]:
    """The engine of this machine under an address of the network, as a remote one is reached."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _ToEngine) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _ToEngine(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect("/var/run/docker.sock")
            answers = threading.Thread(target=_pump, args=(engine, self.request))
            answers.start()
            _pump(self.request, engine)
            answers.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # the other direction has closed both
        return
