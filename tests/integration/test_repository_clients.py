"""Unmodified apt and dnf, all signature checks on, reading a channel over HTTP while these are published to."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from build_env.formats.rpm.repository import DNF
from build_env.formats.view import KEY_FILE
from build_env.publish.model import Clock
from build_env.publish.signing import Signer, ensure_project_key
from tests.support.repositories import BOOKWORM, CENTOS, deb, publish_to, rpm
from tests.support.servers import Client, client, image_with, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PUBLISHES = 100
_LOOP = """
count=0 failed=0
while [ ! -e /tmp/stop ] && [ $count -lt 5000 ]; do
    count=$((count + 1))
    if ! {command} >/tmp/output 2>&1; then failed=$((failed + 1)); cat /tmp/output >>/tmp/errors; fi
done
head -c 4000 /tmp/errors 2>/dev/null
echo "reads $count failed $failed"
"""
_APT_UPDATE = "apt-get -q -o APT::Update::Error-Mode=any update"
_DNF_CACHE = "dnf -q --refresh makecache"
# dnf fetches `repomd.xml` and then its signature: two files, so a switch exactly between the two requests is seen by
# the client, refused safely, and over with its next read. Measured here: 0.3 ms wide. Nothing else may ever fail.
_BETWEEN_TWO_FILES = "repomd.xml GPG signature verification error: Bad GPG signature"
_MOST_BETWEEN_TWO_FILES = 3


def past_clock() -> Clock:
    """A clock in the past that moves by itself: publishes need not wait for the next second."""
    moment = [datetime.now(UTC) - timedelta(hours=1)]

    def sleep(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    return Clock(now=lambda: moment[0], sleep=sleep)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return ensure_project_key(tmp_path_factory.mktemp("key") / "gnupg", "Tests <tests@example.invalid>")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    return path


@pytest.fixture
def address(repository: Path) -> Iterator[str]:
    with serve(repository) as url:
        yield url


def set_up_apt(reader: Client, address: str, key: bytes) -> None:
    reader.write("/etc/apt/keyrings/tests.asc", key)
    reader.write("/etc/apt/sources.list", b"")
    line = f"deb [signed-by=/etc/apt/keyrings/tests.asc] {address}/deb bookworm/debian-12 main\n"
    reader.expect("rm -f /etc/apt/sources.list.d/*")
    reader.write("/etc/apt/sources.list.d/tests.list", line.encode())


def set_up_dnf(reader: Client, address: str) -> None:
    lines = [
        "[tests]",
        "name=tests",
        f"baseurl={address}/rpm/centos-8+stand-in",
        "enabled=1",
        "gpgcheck=1",
        "repo_gpgcheck=1",
        "skip_if_unavailable=0",
        f"gpgkey={address}/archive-key.asc",
    ]
    reader.expect("mkdir -p /etc/dnf/vars && echo 8 >/etc/dnf/vars/releasever")
    reader.write("/etc/yum.repos.d/tests.repo", "\n".join([*lines, ""]).encode())
    reader.expect("dnf -y -q makecache")


def read_while_publishing(reader: Client, command: str, publish: Callable[[int], None]) -> tuple[int, str]:
    """Publish `PUBLISHES` times while the client reads in a loop; return the number of reads and all errors."""
    answers: list[str] = []
    loop = threading.Thread(target=lambda: answers.append(reader.run(_LOOP.replace("{command}", command)).text))
    loop.start()
    try:
        for number in range(1, PUBLISHES + 1):
            publish(number)
    finally:
        reader.run("touch /tmp/stop")
        loop.join(timeout=120)
    errors, _, summary = answers[0].rstrip().rpartition("reads ")
    reads, failed = summary.split(" failed ")
    assert (failed == "0") == (not errors.strip()), answers[0]
    return int(reads), errors.strip()


@pytest.mark.parametrize("image", ["debian:12", "debian:13"])
def test_apt_reads_without_an_error_while_a_hundred_publishes_happen(
    image: str, repository: Path, address: str, signer: Signer, tmp_path: Path
) -> None:
    clock = past_clock()

    def publish(number: int) -> None:
        file = deb(tmp_path / "files", "greet", f"1.{number}", text=f"number {number}")
        publish_to(repository, BOOKWORM, [file], signer=signer, clock=clock)

    publish(0)
    with client(image) as reader:
        set_up_apt(reader, address, signer.public_key())
        reader.expect(_APT_UPDATE)
        reads, failures = read_while_publishing(reader, _APT_UPDATE, publish)
        assert not failures
        assert reads > PUBLISHES // 10
        reader.expect(f"{_APT_UPDATE} && apt-get -q -y install greet")
        assert reader.expect("cat /usr/share/greet/text") == f"number {PUBLISHES}"


@pytest.mark.parametrize("image", ["debian:12", "debian:13"])
def test_apt_refuses_what_was_tampered_with(
    image: str, repository: Path, address: str, signer: Signer, tmp_path: Path
) -> None:
    file = deb(tmp_path / "files", "greet", text="good")
    publish_to(repository, BOOKWORM, [file], signer=signer)
    suite = repository / "deb/dists/bookworm/debian-12"
    with client(image) as reader:
        set_up_apt(reader, address, signer.public_key())
        reader.expect(_APT_UPDATE)
        package = repository / "deb/pool/main/g/greet/greet_1.0_amd64.deb"
        good = package.read_bytes()
        package.chmod(0o644)
        package.write_bytes(bytes([good[0]]) + good[1:-1] + bytes([good[-1] ^ 1]))
        refused = reader.run("apt-get -q -y install greet")
        assert (refused.status, "Hash Sum mismatch" in refused.text) == (100, True), refused.text
        package.write_bytes(good)
        release = suite / "InRelease"
        release.write_text(release.read_text().replace("Label: tests", "Label: tasts"))
        reader.expect("rm -rf /var/lib/apt/lists/*")
        assert reader.run(_APT_UPDATE).status == 100
        publish_to(repository, BOOKWORM, [deb(tmp_path / "files", "other")], signer=signer)
        reader.expect(f"{_APT_UPDATE} && apt-get -q -y install greet")


def test_apt_refuses_another_key(repository: Path, address: str, signer: Signer, tmp_path: Path) -> None:
    publish_to(repository, BOOKWORM, [deb(tmp_path, "greet")], signer=signer)
    other = ensure_project_key(tmp_path / "other", "Other <other@example.invalid>")
    with client("debian:12") as reader:
        set_up_apt(reader, address, other.public_key())
        assert reader.run(_APT_UPDATE).status == 100


@pytest.mark.parametrize("image", ["debian:12", "debian:13"])
def test_dnf_reads_while_a_hundred_publishes_happen(
    image: str, repository: Path, address: str, signer: Signer, tmp_path: Path
) -> None:
    clock = past_clock()
    files = [
        rpm(tmp_path / "files", "greet", f"1.{number}", text=f"number {number}") for number in range(PUBLISHES + 1)
    ]

    def publish(number: int) -> None:
        publish_to(repository, CENTOS, [files[number]], signer=signer, clock=clock)

    publish(0)
    with client(image_with(image, "dnf", "rpm")) as reader:
        set_up_dnf(reader, address)
        reads, failures = read_while_publishing(reader, _DNF_CACHE, publish)
        unexpected = [line for line in failures.splitlines() if _BETWEEN_TWO_FILES not in line]
        assert not unexpected
        assert len(failures.splitlines()) <= _MOST_BETWEEN_TWO_FILES
        assert reads > PUBLISHES // 10
        reader.expect("dnf -q -y --refresh install greet")
        assert reader.expect("cat /usr/share/greet/text") == f"number {PUBLISHES}\n"


def test_dnf_refuses_what_was_tampered_with(repository: Path, address: str, signer: Signer, tmp_path: Path) -> None:
    publish_to(repository, CENTOS, [rpm(tmp_path, "greet")], signer=signer)
    with client(image_with("debian:12", "dnf", "rpm")) as reader:
        set_up_dnf(reader, address)
        (package,) = (repository / "rpm/centos-8+stand-in/Packages").iterdir()
        good = package.read_bytes()
        package.chmod(0o644)
        package.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        refused = reader.run("dnf -y install greet")
        assert refused.status == 1, refused.text
        package.write_bytes(good)
        index = repository / "rpm/centos-8+stand-in/repodata/repomd.xml"
        text = index.read_text()
        index.write_text(text.replace("<revision>", "<revision>1"))
        refused = reader.run("dnf -y --refresh install greet")
        assert (refused.status, "GPG" in refused.text) == (1, True), refused.text
        index.write_text(text)
        reader.expect("dnf -y --refresh install greet")
        assert reader.run("rpm -q greet").status == 0


def test_several_suites_are_read_from_one_tree(repository: Path, address: str, signer: Signer, tmp_path: Path) -> None:
    """Two targets with one codename, one of them with packages of every architecture only."""
    derived = replace(BOOKWORM, target="derived/12+1")
    publish_to(repository, BOOKWORM, [deb(tmp_path / "one", "greet", text="first")], signer=signer)
    other = deb(tmp_path / "two", "greet", "1.1", architecture="all", text="second")
    publish_to(repository, derived, [other], signer=signer)
    with client("debian:12") as reader:
        set_up_apt(reader, address, signer.public_key())
        reader.expect(f"{_APT_UPDATE} && apt-get -q -y install greet")
        assert reader.expect("cat /usr/share/greet/text") == "first"
        reader.expect(f"sed -i 's,bookworm/[^ ]*,bookworm/{derived.slug},' /etc/apt/sources.list.d/tests.list")
        reader.expect(f"{_APT_UPDATE} && apt-get -q -y install greet")
        assert reader.expect("cat /usr/share/greet/text") == "second"


@pytest.mark.parametrize("suite", ["centos-8", "testing"])
def test_dnf_installs_with_the_line_that_people_are_told(
    suite: str, repository: Path, address: str, signer: Signer, tmp_path: Path
) -> None:
    view = replace(CENTOS, suite=suite)
    publish_to(repository, view, [rpm(tmp_path, "greet")], signer=signer)
    _, line = DNF.client_lines(view, address, repository / KEY_FILE)
    with client(image_with("debian:12", "dnf", "rpm")) as reader:
        reader.expect("mkdir -p /etc/dnf/vars && echo 8 >/etc/dnf/vars/releasever")
        reader.expect(line.replace("dnf ", "dnf -y ", 1).replace("PACKAGE", "greet"))
        assert reader.run("rpm -q greet").status == 0
