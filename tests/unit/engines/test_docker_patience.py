"""How long an engine may be silent, and that no call of the client is without a limit."""

from __future__ import annotations

import ast
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import build_env
from build_env.core.errors import EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.engines.docker.client import Client
from build_env.engines.docker.connection import Connection, OutOfTime, connect
from build_env.engines.docker.patience import FAREWELL, Patience
from build_env.engines.docker.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(build_env.__file__).parent
VERSION = b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"ApiVersion": "1.41"}'


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(clock: Clock) -> Patience:
    return Patience(usual=10, clock=clock)


@pytest.mark.parametrize(
    ("method", "path", "seconds"),
    [
        ("GET", "/version", 10),
        ("post", "/v1.41/containers/create", 10),
        ("DELETE", "/v1.41/containers/abc", 10),
        ("POST", "/v1.41/containers/abc/attach", 10),
        ("POST", "/v1.41/build", 300),
        ("POST", "/v1.41/commit", 100),
        ("POST", "/v1.41/images/create", 100),
        ("PUT", "/v1.41/containers/abc/archive", 100),
    ],
)
def test_each_call_has_a_limit_that_fits_it(patience: Patience, method: str, path: str, seconds: float) -> None:
    assert patience.limit(method, path) == seconds


def test_a_thread_has_what_is_left_and_then_a_little_once(patience: Patience, clock: Clock) -> None:
    with patience.limited(4):
        clock.now += 1
        assert patience.limit("GET", "/version") == 3
        assert not patience.is_up()
        clock.now += 3
        with pytest.raises(TimeoutError):
            patience.left()
        assert patience.is_up()
        assert 0 < patience.left() < FAREWELL
        assert not patience.is_up()
        assert patience.hurried
    assert patience.limit("GET", "/version") == 10


def test_a_hurry_is_for_all_threads(patience: Patience, clock: Clock) -> None:
    patience.hurry()
    left: list[float] = []
    thread = threading.Thread(target=lambda: left.append(patience.limit("POST", "/v1.41/build")))
    thread.start()
    thread.join()
    assert left == [FAREWELL]
    clock.now += FAREWELL
    with pytest.raises(TimeoutError):
        patience.limit("DELETE", "/v1.41/containers/abc")


@pytest.fixture(params=["unix", "tcp"])
def silent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """An engine that tells its version to who asks first, and then nothing."""
    local = request.param == "unix"
    server = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
    server.bind(f"{tmp_path}/s" if local else ("127.0.0.1", 0))
    server.listen()
    accepted: list[socket.socket] = []

    def serve() -> None:
        caller, _ = server.accept()
        accepted.append(caller)
        caller.recv(65536)
        caller.sendall(VERSION)

    thread = threading.Thread(target=serve)
    thread.start()
    yield server
    thread.join()
    for end in (*accepted, server):
        end.close()


def connected(silent: socket.socket, patience: Patience) -> Connection:
    name = silent.getsockname()
    address = f"unix://{name}" if silent.family == socket.AF_UNIX else f"tcp://127.0.0.1:{name[1]}"
    client = Client(patience, 1, base_url=address)
    return Connection(api=client, architecture="amd64", address=address, patience=patience)


CALLS: dict[str, Callable[[Connection], object]] = {
    "inspect": lambda connection: connection.inspect("room"),
    "wait": lambda connection: connection.await_end("room"),  # the SDK's own limit for this is none
    "attach": lambda connection: _under(connection, lambda: connection.attached("room")),
    "load": lambda connection: _under(connection, lambda: list(connection.api.load_image(b""))),
}


def _under(connection: Connection, call: Callable[[], object]) -> None:
    with connection.errors("trying"):
        call()


@pytest.mark.parametrize("call", CALLS)
def test_no_call_waits_for_ever(silent: socket.socket, call: str) -> None:
    connection = connected(silent, Patience(usual=0.05))
    with pytest.raises(InfrastructureError, match="did not answer in time"):
        CALLS[call](connection)
    connection.close()


def test_the_time_of_a_thread_ends_a_call(silent: socket.socket) -> None:
    connection = connected(silent, Patience(usual=60))
    with connection.patience.limited(0.05), pytest.raises(OutOfTime):
        connection.inspect("room")
    connection.close()


def test_another_thread_ends_a_call_that_waits(silent: socket.socket) -> None:
    connection = connected(silent, Patience(usual=60))
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            connection.inspect("room")
        except BaseException as error:  # noqa: BLE001 - told below
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    connection.cancel()
    while thread.is_alive():  # the thread may not have asked yet
        connection.api.sockets.shut()
        thread.join(0.01)
    assert isinstance(raised[0], Interrupted)
    connection.close()


def test_a_silent_stream_is_a_fault_only_when_the_engine_is_silent() -> None:
    ours, theirs = socket.socketpair()
    asked: list[str] = []

    def ask() -> None:
        asked.append("ping")
        if len(asked) == 3:
            raise TimeoutError

    stream = Stream(ours, Patience(usual=0.01), ask)
    with theirs, pytest.raises(TimeoutError):
        list(stream.chunks())
    assert len(asked) == 3
    stream.close()


def test_what_comes_with_the_head_of_an_answer_is_not_lost(tmp_path: Path) -> None:
    frame = b"\x01\0\0\0\0\0\0\x05first"
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{tmp_path}/s")
    server.listen()

    def serve() -> None:
        caller, _ = server.accept()
        with caller:
            caller.recv(65536)
            caller.sendall(VERSION)
            caller.recv(65536)
            head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            caller.sendall(head + frame[:10])
            caller.sendall(frame[10:])

    thread = threading.Thread(target=serve)
    thread.start()
    patience = Patience()
    connection = Connection(
        api=Client(patience, 1, base_url=f"unix://{tmp_path}/s"), architecture="amd64", address="", patience=patience
    )
    stream = connection.attached("room")
    assert list(stream.frames()) == [(False, b"first")]
    answer = stream._opened._response.raw
    stream.close()
    assert answer.closed  # Python 3.13 prints what an answer raises that is closed with its socket gone
    connection.close()
    thread.join()
    server.close()


def test_cancelling_wakes_who_reads_a_stream_and_who_begins_to() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        stream = Stream(ours, Patience(), lambda: None)
        thread = threading.Thread(target=lambda: list(stream.chunks()))
        thread.start()
        stream.cut()
        thread.join()
        assert list(stream.chunks()) == []
        stream.close()


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(EnvironmentNotReady, match=r"no Docker engine answers at tcp://127\.0\.0\.1:1"):
        connect()


def _calls(module: Path) -> set[str]:
    """The names of attributes that a module reads."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_one_module_makes_containers_and_one_package_knows_the_sdk() -> None:
    modules = {path.relative_to(PACKAGE).as_posix(): _calls(path) for path in PACKAGE.rglob("*.py")}
    makers = {name for name, calls in modules.items() if calls & {"create_container", "create_host_config"}}
    assert makers == {"engines/docker/containers.py"}
    assert {name for name, calls in modules.items() if "api" in calls if "engines/docker/" not in name} == set()
