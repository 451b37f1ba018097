"""A secret of the caller is in no room, log, image, container or artifact: everything written is searched."""

from __future__ import annotations

import json
import secrets
import tarfile
from typing import TYPE_CHECKING, Any

import docker
import pytest

from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

# Searches whatever the room's user can read; the word is split so that the script itself does not hold it.
SCRIPT = """\
#!/bin/sh
set -eu
word={head}{gap}{tail}
if env | grep -q "$word"; then echo "found in the environment"; fi
if grep -rqs "$word" /build --exclude=build.sh; then echo "found below /build"; fi
if grep -qs "$word" /proc/[0-9]*/environ /proc/[0-9]*/cmdline; then echo "found in a process"; fi
echo "searched"
case $1 in
--source) tar -C /build -cf "$BUILD_OUT/$BUILD_PACKAGE.tar" src common in; env >"$BUILD_OUT/environment.tar.txt" ;;
--build) tar -C /build -cf "$BUILD_OUT/$BUILD_PACKAGE.deb" src common in; env >"$BUILD_OUT/environment.deb" ;;
esac
"""


@pytest.fixture
def secret() -> str:
    return f"sentinel{secrets.token_hex(12)}"


@pytest.fixture
def project(tmp_path: Path, secret: str) -> Iterator[Tiny]:
    with tiny_project(tmp_path) as tiny:
        script = SCRIPT.format(head=secret[:10], gap="''", tail=secret[10:])
        tiny.package("one", script, definition=f"name: one\nsummary: {secret}\n")
        tiny.write("src/one/package.py", f"TOKEN = '{secret}'\n")
        tiny.write("src/one/build.yaml", f"# {secret}\n")
        tiny.write("src/one/rpm/one.spec", f"# {secret}\n")
        tiny.write("common/unused/token", secret)
        tiny.write(".build-env/token", secret)
        tiny.write(".netrc", secret)
        tiny.environment = {"TOKEN": secret, "HTTP_TOKEN": secret, "BUILD_TOKEN": secret, "LC_TOKEN": secret}
        yield tiny


@pytest.mark.parametrize("words", [(), ("--container",)], ids=["fresh", "reused"])
def test_no_room_sees_it_and_nothing_written_holds_it(project: Tiny, secret: str, words: tuple[str, ...]) -> None:
    answer = project.build(*words).expect(0)
    assert secret not in answer.text
    for stage, arch in (("source", ""), ("build", "amd64"), ("verify", "amd64")):
        log = project.log("one", stage, arch)
        assert "searched" in log
        assert "found" not in log
    assert list(holders(project.root / "build", secret)) == []
    assert secret not in json.dumps(engine_facts(project))


def test_a_failed_room_that_is_kept_does_not_hold_it(project: Tiny, secret: str) -> None:
    script = (project.root / "src/one/build.sh").read_text()
    project.write("src/one/build.sh", script.replace("--build) ", "--build) exit 9; "), mode=0o755)
    assert secret not in project.build().expect(1, "exit status 9").text
    (kept,) = project.containers()
    chunks, _ = kept.get_archive("/build")
    assert secret.encode() not in b"".join(chunks)
    assert secret not in json.dumps(engine_facts(project))


def test_the_search_finds_what_is_there(project: Tiny, secret: str) -> None:
    """The tests above can fail: a secret in a file that the room does see is found everywhere."""
    project.write("src/one/seen", secret)
    project.build().expect(0)
    assert "found below /build" in project.log("one", "build", "amd64")
    assert list(holders(project.root / "build", secret)) != []


def holders(directory: Path, secret: str) -> Iterator[Path]:
    """The files below `directory` that hold the secret, also inside of tar archives."""
    for path in sorted(directory.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if secret in str(path) or secret.encode() in path.read_bytes():
            yield path
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                if any(secret.encode() in _content(archive, member) for member in archive):
                    yield path


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isfile() else None
    return file.read() if file else b""


def engine_facts(project: Tiny) -> list[Any]:
    """All that the engine tells of the project's containers and images: configuration, labels, history."""
    facts: list[Any] = [item.attrs for item in project.containers()]
    connection = docker.from_env()
    try:
        images = [connection.images.get(name) for name in project.images()]
        assert images
        facts += [[image.attrs, image.history()] for image in images]
    finally:
        connection.close()
    return facts
