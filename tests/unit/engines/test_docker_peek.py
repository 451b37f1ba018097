"""The quick question to an engine: answered by a socket of our own, refused in every unclear case."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from build_env.engines.docker.peek import containers_with, image_identifiers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def answer(data: object, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.0 {status}\r\nServer: test\r\n{headers}\r\n".encode() + json.dumps(data).encode()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, bytes]], list[str]]]:
    """Answer each path with bytes; gives the list of paths that were asked for."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "engine"))
    listener.listen()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'engine'}")
    asked: list[str] = []

    def start(answers: dict[str, bytes]) -> list[str]:
        def work() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    path = connection.recv(65536).split()[1].decode()
                    asked.append(path)
                    connection.sendall(answers.get(path.split("?")[0], answer({}, "404 Not Found")))

        threading.Thread(target=work, daemon=True).start()
        return asked

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_each_image_has_its_identifier_and_one_that_is_missing_none(
    serve: Callable[[dict[str, bytes]], list[str]],
) -> None:
    serve({"/images/debian:12/json": answer({"Id": "sha256:1"})})
    assert image_identifiers(["debian:12", "gone:1"]) == {"debian:12": "sha256:1", "gone:1": ""}


def test_containers_are_asked_for_by_our_labels(serve: Callable[[dict[str, bytes]], list[str]]) -> None:
    named = {"Names": ["/a", "/b"], "Labels": {"build-env.run": "1a2b"}}
    asked = serve({"/containers/json": answer([named, {"Names": None}])})
    assert containers_with(project="p", role="room") == [("/a", "1a2b"), ("/b", "1a2b")]
    assert "all=1" in asked[0]
    assert "build-env.project%3Dp" in asked[0]


@pytest.mark.parametrize(
    "unclear",
    [
        b"",
        b"garbage",
        answer({}, "500 Internal Server Error"),
        answer({}, headers="Transfer-Encoding: chunked\r\n"),
        b"HTTP/1.0 200 OK\r\n\r\n{cut",
        answer("text"),
    ],
    ids=["nothing", "garbage", "error", "chunked", "cut", "text"],
)
def test_an_unclear_answer_is_none(serve: Callable[[dict[str, bytes]], list[str]], unclear: bytes) -> None:
    serve({"/images/debian:12/json": unclear, "/containers/json": unclear})
    assert image_identifiers(["debian:12"]) is None
    assert containers_with(role="room") is None


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "ssh://machine", "unix:///does/not/exist"])
def test_an_engine_that_cannot_be_asked_quickly_is_none(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    assert image_identifiers(["debian:12"]) is None
