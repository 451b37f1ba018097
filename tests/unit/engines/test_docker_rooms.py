"""Containers of rooms with an engine that is a double: what an engine's trouble leaves behind, and what it hides."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import re
import socket
import tarfile
import threading
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker.errors
import pytest

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.engines.docker.client import Sockets
from build_env.engines.docker.connection import Connection
from build_env.engines.docker.containers import Container
from build_env.engines.docker.fresh import FreshContainers
from build_env.engines.docker.images import DockerImages
from build_env.engines.docker.inventory import label_of
from build_env.engines.docker.rooms import DockerRooms
from build_env.model.command import Command, ImageKind, Role
from build_env.model.image import ImageInventory
from build_env.model.room import RoomSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = {"project": "p", "run": "1a2b", "role": "layer", "task": "t", "key": "k"}


@dataclass
class Api:
    """An engine that makes containers; each method named in `broken` is refused."""

    broken: set[str] = field(default_factory=set)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    removed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    printed: bytes = b"a 1 all\n\nabc  -\n"
    status: int = 0
    committed: list[str] = field(default_factory=list)
    built: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    removals_refused: int = 0
    sockets: Sockets = field(default_factory=Sockets)

    def _refuse(self, name: str) -> None:
        if name in self.broken:
            raise docker.errors.APIError(f"{name} is broken")

    def create_host_config(self, **options: object) -> dict[str, object]:
        return options

    def create_container(self, image: str, command: object, **options: Any) -> dict[str, str]:  # noqa: ANN401
        self._refuse("create_container")
        identifier = f"container{next(self.numbers)}"
        self.made[identifier] = {"image": image, "command": command, **options}
        return {"Id": identifier}

    def put_archive(self, container: str, _path: str, archive: Iterator[bytes]) -> None:
        self.made[container]["archive"] = b"".join(archive)

    def start(self, container: str) -> None:
        self._refuse("start")
        self.running.add(container)

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"State": {"Running": container in self.running}}

    def remove_container(self, container: str, **_options: object) -> None:
        if self.removals_refused:
            self.removals_refused -= 1
            raise docker.errors.APIError("tried to kill container, but did not receive an exit event")
        del self.made[container]
        self.running.discard(container)
        self.removed.release()

    def ping(self) -> None:
        """It answers."""

    def rename(self, _container: str, _name: str) -> None:
        self._refuse("rename")

    def wait(self, _container: str) -> dict[str, int]:
        return {"StatusCode": self.status}

    def containers(self, **_options: object) -> list[dict[str, Any]]:
        self._refuse("containers")
        return []

    def attach_socket(self, _container: str, _wanted: object) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            kind = 2 if self.status else 1
            theirs.sendall(bytes([kind, 0, 0, 0]) + len(self.printed).to_bytes(4, "big") + self.printed)
        return ours

    def build(self, **options: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        self._refuse("build")
        self.built.append({**options, "context": b"".join(options["fileobj"])})
        return iter(())

    def inspect_image(self, _reference: str) -> dict[str, Any]:
        labels = self.built[-1].get("labels") if self.built else {}
        return {"Id": f"sha256:{len(self.built)}", "Architecture": "amd64", "Config": {"Labels": labels}}

    def commit(self, _container: str, *, changes: list[str], **_options: object) -> None:
        self.committed.extend(changes)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def connection(api: Api) -> Connection:
    return Connection(api=api, architecture="amd64", address="unix:///engine")


def spec() -> RoomSpec:
    return RoomSpec(image="image", commands=(), environment={}, entries=(), collect=Path(), labels=RUN)


ROOM = Container(image="image", command=["true"], labels=RUN)


@pytest.mark.parametrize("refused", [1, 2])
def test_a_removal_that_a_busy_engine_refuses_is_tried_again(api: Api, connection: Connection, refused: int) -> None:
    containers = FreshContainers(connection=connection, project="p")
    with containers.made(ROOM):
        api.removals_refused = refused
    containers.close()
    assert api.made == {}


def test_a_removal_that_is_always_refused_is_said(api: Api, connection: Connection) -> None:
    api.removals_refused = 1000
    with pytest.raises(InfrastructureError, match="did not receive an exit event"):
        connection.remove("container0")
    assert api.removals_refused > 990


@pytest.mark.parametrize("broken", ["rename", "containers"])
def test_an_engine_that_cannot_keep_a_failed_room_does_not_hide_the_failure(
    api: Api, connection: Connection, broken: str
) -> None:
    containers = FreshContainers(connection=connection, project="p")
    api.broken.add(broken)
    with containers.made(ROOM) as container:
        containers.keep_failed(container, 1)
    containers.close()
    assert (container in api.made) == (broken == "containers")


def images_of(connection: Connection) -> DockerImages:
    return DockerImages(
        connection=connection, rooms=DockerRooms(connection=connection, project="p"), project="p", run="1a2b"
    )


def build(images: DockerImages) -> None:
    images.build(
        dockerfile="FROM base\nRUN apt-get update\n",
        context=None,
        object_path=lambda _digest: Path(),
        tag="t/i:1",
        arguments={},
        labels={},
        platform="",
        output=lambda _line: None,
    )


def test_steps_are_done_once_within_a_run_and_never_taken_from_another_one(api: Api, connection: Connection) -> None:
    images = images_of(connection)
    build(images)
    assert not api.built[0]["nocache"]
    assert (
        b'FROM base\nLABEL "build-env.project"="p" "build-env.role"="image" "build-env.run"="1a2b"'
        in api.built[0]["context"]
    )
    api.broken.add("build")
    with pytest.raises(InfrastructureError):
        build(images)
    api.broken.clear()
    build(images)
    assert [asked["nocache"] for asked in api.built if "nocache" in asked] == [False, True], "the index may be too old"
    build(images)
    assert not api.built[-2]["nocache"]
    build(replace(images, run=""))
    assert api.built[-2]["nocache"], "a worker has no run that could tell its steps from older ones"


def test_an_image_says_itself_what_is_in_it(api: Api, connection: Connection) -> None:
    images = images_of(connection)
    build(images)
    assert api.built[1]["context"].startswith(b"Dockerfile")
    (label,) = re.findall(rb'FROM t/i:1\nLABEL "build-env.inventory"="(\S+)"', api.built[1]["context"])
    api.built[-1]["labels"] = {"build-env.inventory": label.decode()}
    api.broken.add("create_container")
    assert images.inventory("t/i:1") == ImageInventory(packages="a 1 all\n", index="abc")


@pytest.mark.parametrize("label", ["", "&", "YWJj", base64.b64encode(zlib.compress(b"i\na 1 all\n")[:-4]).decode()])
def test_an_image_whose_label_says_nothing_is_asked(api: Api, connection: Connection, label: str) -> None:
    api.built.append({"labels": {"build-env.inventory": label}})
    assert images_of(connection).inventory("t/i:1").packages == "a 1 all\n"


def test_a_list_that_is_too_long_for_a_label_is_left_out() -> None:
    lines = "".join(f"{hashlib.sha256(str(number).encode()).hexdigest()} 1 all\n" for number in range(4000))
    assert label_of(ImageInventory(packages=lines, index="abc")) == ""
    assert label_of(ImageInventory(packages=lines[:4000], index="abc"))


def test_images_are_stopped_without_a_word_when_the_engine_is_gone(api: Api, connection: Connection) -> None:
    api.broken.add("containers")
    images_of(connection).cancel()


def test_who_looks_at_an_image_is_known_as_this_run(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    def wait(container: str) -> dict[str, int]:
        seen.append(api.made[container]["labels"])
        return {"StatusCode": 0}

    monkeypatch.setattr(api, "wait", wait)
    images = images_of(connection)
    assert images.inventory("image").packages == "a 1 all\n"
    images.rooms.close()
    own = {"build-env.project": "p", "build-env.run": "1a2b", "build-env.role": "image"}
    assert seen == [{**own, "build-env.inventory": ""}]
    assert api.made == {}


def test_an_image_that_cannot_be_looked_at_is_said(api: Api, connection: Connection) -> None:
    api.status, api.printed = 127, b"sha256sum: not found"
    images = images_of(connection)
    with pytest.raises(EnvironmentNotReady, match=r"packages of image cannot be listed: sha256sum"):
        images.inventory("image")
    images.rooms.cancel()
    with pytest.raises(Interrupted):
        images.inventory("image")


def test_passwords_of_proxies_are_nowhere_where_a_layer_remembers_its_room(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def start(container: str) -> None:
        seen.append(api.made[container])
        raise docker.errors.APIError("far enough")

    monkeypatch.setattr(api, "start", start)
    install = Command(kind=ImageKind.BUILD, argv=("install",), role=Role.INSTALL, network=True)
    room = replace(spec(), commands=(install,), proxies={"http_proxy": "http://user:secret word@proxy:1"})
    with pytest.raises(InfrastructureError, match="far enough"):
        images_of(connection).rooms.run_install(room, lambda _line: None, pytest.fail)
    (container,) = seen
    host = container["host_config"]
    assert (host["cap_drop"], host["security_opt"]) == (["ALL"], ["no-new-privileges"])
    assert len(host["cap_add"]) == 8  # docs/security.md says which kind of room has how many
    assert "NET_RAW" not in host["cap_add"]
    with tarfile.open(fileobj=io.BytesIO(container.pop("archive"))) as archive:
        file = archive.getmember("build/proxies")
        content = archive.extractfile(file)
        assert content
        assert content.read() == b"export http_proxy='http://user:secret word@proxy:1'\n"
        assert (file.mode, file.uid) == (0o600, 0)
    assert "secret" not in str(container)
    assert ". /build/proxies && rm -f /build/proxies" in str(container)


def test_what_installs_without_network_runs_after_what_was_fetched_has_left_the_room(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done: list[object] = []

    def start(container: str) -> None:
        made = api.made[container]
        host = made["host_config"]
        done.append((made["command"][-1].count("exec /bin/fetch"), host["network_mode"], host["volumes_from"]))

    def get_archive(container: str, path: str) -> tuple[Iterator[bytes], None]:
        done.append((container, path))
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for name in ("archives/a.deb", "out/packages.txt", "out/archives/a.deb", "out/more"):
                if name.startswith(Path(path).name):
                    archive.addfile(tarfile.TarInfo(name))
        return (chunk for chunk in [data.getvalue()]), None

    monkeypatch.setattr(api, "start", start)
    monkeypatch.setattr(api, "get_archive", get_archive, raising=False)
    fetch = Command(kind=ImageKind.BUILD, argv=("/bin/fetch",), role=Role.INSTALL, network=True)
    install = replace(fetch, argv=("/bin/install",), network=False)
    room = replace(spec(), commands=(fetch, install), collect=tmp_path, proxies={"http_proxy": "http://secret"})
    kept: list[str] = []
    outcome = images_of(connection).rooms.run_install(room, lambda _line: None, kept.append)
    assert outcome.status == 0
    assert done == [
        (1, "bridge", None),
        ("container0", "/build/archives"),
        (0, "none", ["container0"]),
        ("container1", "/build/out"),
    ]
    assert kept == ["container1"]
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["archives/a.deb", "packages.txt"]


def test_a_layer_carries_no_label_of_the_run_that_made_it(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    images = images_of(connection)
    monkeypatch.setattr(images.rooms, "run_install", lambda _spec, _output, keep: keep("container"))
    (tmp_path / "packages.txt").write_text("a 1 all\n", encoding="utf-8")
    images.commit_layer(replace(spec(), collect=tmp_path), "layer:1", lambda _line: None)
    (labels,) = [change for change in api.committed if change.startswith("LABEL ")]
    assert '"build-env.role"="layer-image"' in labels
    assert f'"build-env.inventory"="{label_of(ImageInventory(packages="a 1 all", index=""))[:8]}' in labels
    for name in ("run", "key", "target", "subject", "stage", "architecture"):
        assert f'"build-env.{name}"=""' in labels
