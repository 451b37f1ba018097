"""Pinned files that the package scripts of both families fetch, from a server of this machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import need_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMON = Path(__file__).resolve().parents[2] / "common"
DEBIAN = {
    "debian/control": "Source: thing\nMaintainer: A <a@b.example>\nStandards-Version: 4.6.2\n\n"
    "Package: thing\nArchitecture: any\nDescription: x\n y\n",
    "debian/changelog": "thing (2-1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n",
    "debian/rules": "#!/usr/bin/make -f\n",
    "debian/source/format": "3.0 (quilt)\n",
}
SPEC = """%global where http://example.invalid
Name: thing
Version: 2
Release: 1
Summary: x
License: MIT
Source0: %{where}/%{name}-%{version}.tar.gz
source1 : https://example.invalid/archive/v%{version}.tar.gz#/data-%{version}.tar.gz
Source2: beside.conf
%if 0
Source3: http://example.invalid/never.tar.gz
%endif
%description
Source4: http://example.invalid/told.tar.gz
%files
"""
# What a file is called, where it lies on the server, and the names of what is made of it.
FAMILIES = {
    "deb": ("thing_2.orig.tar.gz", DEBIAN, "thing_2.orig.tar.gz"),
    "rpm": ("thing-2.tar.gz", {"thing.spec": SPEC, "beside.conf": "", "data-2.tar.gz": "x"}, "thing-2-1.src.rpm"),
}


class Server(SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server with an upstream tarball."""
    (tmp_path / "up/thing-2").mkdir(parents=True)
    (tmp_path / "up/thing-2/greeting").write_text("hello\n", encoding="utf-8")
    (tmp_path / "www").mkdir()
    subprocess.run(["tar", "-C", tmp_path / "up", "-czf", tmp_path / "www/v2.tar.gz", "thing-2"], check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=tmp_path / "www")) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v2.tar.gz"
        server.shutdown()
        thread.join()


def made(root: Path, family: str, *words: str) -> subprocess.CompletedProcess[str]:
    need_programs("dpkg-source", "rpmbuild", "curl")
    name, files, _ = FAMILIES[family]
    for file, text in files.items():
        (root / "src/thing" / file).parent.mkdir(parents=True, exist_ok=True)
        (root / "src/thing" / file).write_text(text, encoding="utf-8")
    for folder in ("work", "out", "downloads"):
        subprocess.run(["mkdir", "-p", root / folder], check=True)
    places = {f"BUILD_{folder.upper()}": str(root / folder) for folder in ("work", "out", "downloads")}
    environment = {
        "PATH": os.environ["PATH"],
        "BUILD_SRC": str(root / "src/thing"),
        "BUILD_PACKAGE": "thing",
        "ARCH": "amd64",
        "SOURCE_DATE_EPOCH": "1759312800",
        "RPM_DIST": ".el9",
        "RPM_RHEL": "9",
        **places,
    }
    argv = ["bash", str(COMMON / family / "build.sh"), "--source", *(f"--fetch={name}={word}" for word in words)]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def digest_of(root: Path) -> str:
    return hashlib.sha256((root / "www/v2.tar.gz").read_bytes()).hexdigest()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_file_is_fetched_once_and_kept(tmp_path: Path, address: str, family: str) -> None:
    digest = digest_of(tmp_path)
    done = made(tmp_path, family, f"{digest}={address}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"was fetched from {address}" in done.stdout + done.stderr
    assert (tmp_path / "out" / FAMILIES[family][2]).is_file()
    (tmp_path / "www/v2.tar.gz").unlink()
    for made_before in (tmp_path / "out").iterdir():
        made_before.unlink()
    again = made(tmp_path, family, f"{digest}={address}")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "comes from the download cache" in again.stdout + again.stderr


@pytest.mark.parametrize("family", FAMILIES)
def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, address: str, family: str) -> None:
    done = made(tmp_path, family, f"{'0' * 64}={address}")
    assert done.returncode == 1
    assert f"{address} is not the file that is pinned" in done.stderr
    assert f"found  {digest_of(tmp_path)}" in done.stderr
    assert not list((tmp_path / "downloads").iterdir())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("place", "status", "said"),
    [("/gone.tar.gz", 1, "the server does not give"), (":1/v2.tar.gz", 75, "is not in the download cache")],
)
def test_a_file_that_cannot_be_had_is_told_with_whose_fault_it_is(
    tmp_path: Path, address: str, family: str, place: str, status: int, said: str
) -> None:
    server = address.rpartition("/")[0] if place.startswith("/") else "http://127.0.0.1"
    done = made(tmp_path, family, f"{digest_of(tmp_path)}={server}{place}")
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_the_remote_sources_of_a_spec_are_those_that_rpm_sees(tmp_path: Path) -> None:
    need_programs("rpmspec")
    (tmp_path / "thing.spec").write_text(SPEC, encoding="utf-8")
    script = f'. "{COMMON}/rpm/lib.sh"; set_target_macros; remote_sources "$0"; source_names "$0"'
    environment = {"PATH": os.environ["PATH"], "RPM_DIST": ".el9", "RPM_RHEL": "9"}
    argv = ["bash", "-euc", script, str(tmp_path / "thing.spec")]
    said = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [
        "thing-2.tar.gz http://example.invalid/thing-2.tar.gz",
        "data-2.tar.gz https://example.invalid/archive/v2.tar.gz#/data-2.tar.gz",
        "beside.conf",
        "data-2.tar.gz",
        "thing-2.tar.gz",
    ]
