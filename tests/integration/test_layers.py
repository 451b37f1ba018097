"""Layers of build dependencies, from a real apt repository that changes and goes away."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import ipaddress
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import docker
import pytest

from tests.support.servers import serve
from tests.support.tiny import REPOSITORY, SCRIPT, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

WORD = "pass3word"
# The build image has the index of the mirror at hand and of nothing else.
DOCKERFILE = """\
FROM {{ base_image }}
RUN rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* && \\
    echo 'deb [trusted=yes] MIRROR ./' >/etc/apt/sources.list && apt-get update
"""
INSTALL = """\
#!/bin/bash
set -euo pipefail
. "${0%/*}/lib.sh"
offer_archives
run_apt install "$1"
clean_apt
"""
INSTALLING = """

def run_build(env: Env, package: Package) -> None:
    env.use("common/install")
    env.install(ImageKind.BUILD, "common/install/install.sh", f"tool-{package.name}")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
# One installs two packages: one of our own, whose script tells what it can reach, and one of the mirror.
SHIPPED = """

def run_build(env: Env, package: Package) -> None:
    if package.name == "one":
        env.use("common/deb")
        env.install(ImageKind.BUILD, "common/deb/build.sh", "--download")
        env.install(ImageKind.BUILD, "common/deb/build.sh", "--install", network=False)
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
NEEDS = "Source: build-depends\\nArchitecture: any\\nVersion: 0\\nBuild-Depends: own, tool-one\\n"
ONE = f"""\
#!/bin/sh
set -eu
case $1 in
--source) printf '{NEEDS}' >"$BUILD_OUT/build-depends.dsc" ;;
--build) cat /usr/share/tool-one /usr/share/reached; touch "$BUILD_OUT/one.deb" ;;
esac
"""
OWN = """\
#!/bin/bash
set -eu
[ "$1" = --build ] || exit 0
mkdir -p "$BUILD_WORK/own/DEBIAN"
cd "$BUILD_WORK/own"
printf '%s\\n' 'Package: own' 'Version: 1' 'Architecture: all' 'Maintainer: t <t@t>' 'Description: t' >DEBIAN/control
cat >DEBIAN/postinst <<'SCRIPT'
#!/bin/bash
if (: </dev/tcp/HOST/80) 2>/dev/null; then echo reached it; else echo reached nothing; fi >/usr/share/reached
ls /build/proxies >>/usr/share/reached 2>/dev/null
echo poison | tee /build/archives/*.deb /build/out/poison.deb
SCRIPT
chmod 755 DEBIAN/postinst
dpkg-deb --root-owner-group --build . "$BUILD_OUT/own_1_all.deb"
"""
BUILD = SCRIPT.replace("--build) ", '--build) cat "/usr/share/tool-$BUILD_PACKAGE"; ')


class Mirror:
    """A flat apt repository in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir()

    def put(self, name: str, version: str) -> None:
        """Offer that version of a package, and no other one."""
        tree = self.directory.parent / f"tree-{name}"
        shutil.rmtree(tree, ignore_errors=True)
        facts = f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
        for path, text in {
            "DEBIAN/control": f"{facts}Maintainer: t <t@t>\nDescription: t\n",
            f"usr/share/{name}": f"{name} {version}\n",
        }.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text, encoding="utf-8")
        for old in self.directory.glob(f"{name}_*.deb"):
            old.unlink()
        subprocess.run(
            ["dpkg-deb", "--build", "--root-owner-group", tree, self.directory], check=True, capture_output=True
        )
        self._index()

    def _index(self) -> None:
        text = ""
        for path in sorted(self.directory.glob("*.deb")):
            control = subprocess.run(["dpkg-deb", "--field", path], check=True, capture_output=True, text=True).stdout
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            text += f"{control}Filename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n\n"
        (self.directory / "Packages.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    found = Mirror(tmp_path / "mirror")
    found.put("tool-one", "1")
    found.put("tool-two", "1")
    return found


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    (tmp_path / "project").mkdir()
    with tiny_project(tmp_path / "project") as tiny:
        for name in ("one", "two"):
            tiny.package(name, BUILD)
        library = (REPOSITORY / "common/deb/lib.sh").read_text(encoding="utf-8")
        tiny.write("common/install/lib.sh", library)
        tiny.write("common/install/install.sh", INSTALL, mode=0o755)
        tiny.configure(INSTALLING)
        yield tiny


def reads_from(project: Tiny, address: str) -> None:
    project.write("Dockerfiles/tiny.Dockerfile.j2", DOCKERFILE.replace("MIRROR", address))


def test_refresh_builds_again_exactly_what_used_a_package_that_changed(project: Tiny, mirror: Mirror) -> None:
    with serve(mirror.directory) as address:
        reads_from(project, address)
        project.build().expect(0)
        mirror.put("tool-two", "2")
        project.build().expect(0, "nothing to do")
        answer = project.build("--refresh").expect(0, "ok    build    two amd64")
        assert "build    one" not in answer.text
        assert "tool-two 2" in project.log("two", "build", "amd64")
        project.build().expect(0, "up to date")
        project.build("--refresh").expect(0)
        assert "tool-two 2" in project.log("two", "build", "amd64")


def test_why_names_the_installed_package_that_changed(project: Tiny, mirror: Mirror) -> None:
    with serve(mirror.directory) as address:
        reads_from(project, address)
        project.build().expect(0)
        mirror.put("tool-two", "2")
        # The build fails, so that its last result is the one with the old package.
        project.write(
            "src/two/build.sh", BUILD.replace("set -eu", 'set -eu\n[ "$1" = --source ] || exit 3'), mode=0o755
        )
        project.build("--refresh").expect(1, "build    two amd64")
        project.write("src/two/build.sh", BUILD, mode=0o755)
        answer = project.build("--dry-run")
    assert "installed package tool-two (all) changed (1 → 2)" in answer.text


def test_a_lost_layer_is_made_again_without_the_mirror(project: Tiny, mirror: Mirror) -> None:
    with serve(mirror.directory) as address:
        reads_from(project, address)
        project.build().expect(0)
        shutil.rmtree(mirror.directory)
    lose_layers(project)
    project.build().expect(0, "nothing to do")
    project.write("src/one/changed", "")
    answer = project.build().expect(0, "ok    build    one amd64")
    assert "build    two" not in answer.text
    assert "made again from 1 packages that were kept" in project.log("one", "build", "amd64")
    assert "tool-one 1" in project.log("one", "build", "amd64")


def test_every_result_names_the_exact_packages_of_its_room(project: Tiny, mirror: Mirror) -> None:
    with serve(mirror.directory) as address:
        reads_from(project, address)
        project.build().expect(0)
    listings = [
        path.read_text(encoding="utf-8")
        for path in (project.root / "build/store/objects").rglob("*")
        if path.is_file()
        if path.read_bytes().startswith(b"adduser ")
    ]
    assert any("tool-one 1 all\n" in text for text in listings)
    assert not any("tool-one 1 all\n" in text and "tool-two 1 all\n" in text for text in listings)


def lose_layers(project: Tiny) -> None:
    connection = docker.from_env()
    try:
        for tag in project.images("/layer:"):
            connection.images.remove(tag, force=True)
    finally:
        connection.close()


def test_a_temporary_command_has_its_layer_also_where_rooms_are_kept(project: Tiny, mirror: Mirror) -> None:
    project.configure(INSTALLING.replace("run_command_build(", "docker_image_run(ImageKind.BUILD, "))
    with serve(mirror.directory) as address:
        reads_from(project, address)
        project.build("--container", "one").expect(0)
        assert "tool-one 1" in project.log("one", "build", "amd64")
        project.build("--container", "one").expect(0, "nothing to do")


def test_scripts_of_packages_reach_no_network_and_change_nothing_that_was_fetched(
    project: Tiny, mirror: Mirror
) -> None:
    mirror.put("build-essential", "1")  # which apt has every build depend on
    with serve(mirror.directory) as address:
        reads_from(project, address)
        shutil.rmtree(project.root / "src")
        project.package("own", OWN.replace("HOST", str(urlsplit(address).hostname)))
        project.package("one", ONE, definition="requires: [own]\n")
        project.configure(SHIPPED)
        project.build(environment={"https_proxy": "http://127.0.0.1:9"}).expect(0)
        fetched = (mirror.directory / "tool-one_1_all.deb").read_bytes()
    log = project.log("one", "build", "amd64")
    assert "tool-one 1" in log
    assert "reached nothing" in log
    assert "proxies" not in log
    objects = [path.read_bytes() for path in (project.root / "build/store/objects").rglob("*") if path.is_file()]
    assert fetched in objects
    assert b"poison\n" not in objects


class _Proxy(BaseHTTPRequestHandler):
    """Fetches what it is asked for, if the one who asks has the password."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(f"user:{WORD}".encode()).decode()
        if self.headers.get("Proxy-Authorization") != wanted:
            self.send_error(407)
            return
        self.asked.append(self.path)
        connection = http.client.HTTPConnection(urlsplit(self.path).netloc, timeout=60)
        connection.request("GET", urlsplit(self.path).path)
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of a proxy that rooms reach; what it was asked for is in `_Proxy.asked`."""
    connection = docker.from_env()
    subnet = connection.networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    gateway = str(next(ipaddress.ip_network(subnet).hosts()))
    connection.close()
    _Proxy.asked.clear()
    with ThreadingHTTPServer((gateway, 0), _Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://user:{WORD}@{gateway}:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("origin", ["environment", "settings"])
def test_layers_are_fetched_through_the_proxy_and_nothing_remembers_its_password(
    project: Tiny, mirror: Mirror, proxy: str, origin: str
) -> None:
    unset = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"), "")
    given = {"environment": {"http_proxy": proxy}, "settings": {"BUILD_ENV_PROXIES": f"http={proxy}"}}
    with serve(mirror.directory) as address:
        reads_from(project, address)
        project.build("--build", "one", environment={**unset, **given[origin]}).expect(0)
        assert any(path.endswith("/tool-one_1_all.deb") for path in _Proxy.asked)
        assert any("Packages" in path for path in _Proxy.asked), "the index of the image came another way"
        other = project.build("--build", "one", environment=unset).expect(0)
    assert "nothing to do" in other.text or "up to date" in other.text, "the proxy is in a key"
    connection = docker.from_env()
    try:
        engine: Any = connection.api
        remembered = [str((engine.history(tag), engine.inspect_image(tag))) for tag in project.images()]
    finally:
        connection.close()
    assert len(remembered) == len(project.images()) > 1
    assert not any(WORD in text for text in remembered)
    secret = WORD.encode()
    files = [path for path in (project.root / "build").rglob("*") if path.is_file()]
    assert not [path for path in files if secret in path.read_bytes()]
