"""An rpm repository on disk; RPM files are made by the host's rpmbuild, so these count as integration tests."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, InputError
from build_env.formats.rpm import RPM
from build_env.formats.rpm.metadata import write_metadata
from build_env.formats.rpm.names import NAMES, check_declared
from build_env.formats.rpm.repository import DNF
from build_env.formats.view import PackageFile
from build_env.model.artifact import Artifact
from build_env.publish import snapshot as snapshot_module
from build_env.publish.holdings import holds
from build_env.publish.signing import ensure_project_key
from tests.support.repositories import CENTOS, package_file, publish_to, rpm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from build_env.publish.signing import Signer
    from tests.support.repositories import Time

    Publish = Callable[..., bool]

pytestmark = pytest.mark.integration


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    return tmp_path / "channel"


@pytest.fixture
def repository(channel: Path) -> Path:
    return channel / "rpm/centos-8+stand-in"


@pytest.fixture
def publish(channel: Path, signer: Signer, time: Time) -> Publish:
    def publish(files: Sequence[PackageFile], *, stand_in: bool = True) -> bool:
        return publish_to(channel, replace(CENTOS, stand_in=stand_in), files, signer=signer, clock=time.clock())

    return publish


def located(repository: Path) -> dict[str, str]:
    """Location → checksum of every package in the metadata at `repository`."""
    reader = importlib.import_module("createrepo_c").RepositoryReader.from_path(str(repository))
    return {package.location_href: package.pkgId for package in reader.iter_packages()}


def test_binaries_and_sources_are_two_signed_repositories(publish: Publish, repository: Path, tmp_path: Path) -> None:
    binary, source = rpm(tmp_path, "greet"), rpm(tmp_path, "greet", kind="-bs")
    assert publish([binary, source])
    for place, name in ((repository, binary.artifact.name), (repository / "source", source.artifact.name)):
        ((location, checksum),) = located(place).items()
        assert location == f"Packages/{name}"
        assert hashlib.sha256((place / location).read_bytes()).hexdigest() == checksum
        files = {path.suffix for path in (place / "repodata").iterdir()}
        assert files == {".gz", ".xml", ".asc"}
    assert holds(repository.parent.parent, CENTOS.name, [binary.artifact.digest]) == {binary.artifact.digest}


def test_packages_and_metadata_verify_with_the_served_key(publish: Publish, repository: Path, tmp_path: Path) -> None:
    publish([rpm(tmp_path, "greet")])
    key, ring = repository.parent.parent / "archive-key.asc", tmp_path / "ring.gpg"
    dearmoured = subprocess.run(["gpg", "--dearmor"], input=key.read_bytes(), check=True, capture_output=True)
    ring.write_bytes(dearmoured.stdout)
    index = repository / "repodata/repomd.xml"
    subprocess.run(["gpgv", "--keyring", ring, f"{index}.asc", index], check=True, capture_output=True)
    keys = ["rpmkeys", "--dbpath", str(tmp_path / "database")]
    subprocess.run([*keys, "--import", key], check=True, capture_output=True)
    (package,) = (repository / "Packages").iterdir()
    done = subprocess.run([*keys, "--checksig", package], check=True, capture_output=True, text=True)
    assert done.stdout.strip().endswith("digests signatures OK")


def test_the_same_bytes_are_signed_once(
    publish: Publish, repository: Path, tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = rpm(tmp_path / "old", "greet", text="old"), rpm(tmp_path / "new", "greet", text="new")
    assert publish([old])
    time.advance(10)
    assert not publish([old])
    publish([new])
    (location,) = located(repository)
    assert location.startswith("Packages/")
    assert location.count("/") == 2
    signed: list[object] = []
    spying = replace(RPM, repository=replace(DNF, sign=lambda files, _signer: signed.extend(files)))
    monkeypatch.setattr(snapshot_module, "format_called", lambda _name: spying)
    publish([old])
    assert signed == []
    assert list(located(repository)) == ["Packages/greet-1.0-1.noarch.rpm"]
    assert holds(repository.parent.parent, CENTOS.name, [old.artifact.digest, new.artifact.digest]) == {
        old.artifact.digest
    }


def test_the_input_file_is_not_touched(publish: Publish, tmp_path: Path) -> None:
    file = rpm(tmp_path, "greet")
    before = file.path.read_bytes()
    publish([file])
    assert file.path.read_bytes() == before


def test_metadata_repeats_for_the_same_packages_and_time(
    tmp_path: Path, signer: Signer, make_time: Callable[[], Time]
) -> None:
    file = rpm(tmp_path, "greet")
    bytes_of = []
    for name in ("one", "two"):
        publish_to(tmp_path / name, CENTOS, [], signer=signer, clock=make_time().clock())
        directory = tmp_path / name / "metadata"
        write_metadata(directory, {"Packages/x.rpm": file.path}, revision=5)
        file.path.touch()
        bytes_of.append({path.name: path.read_bytes() for path in (directory / "repodata").iterdir()})
    assert bytes_of[0] == bytes_of[1]
    empty = [(tmp_path / name / "rpm/centos-8+stand-in/repodata/repomd.xml").read_bytes() for name in ("one", "two")]
    assert empty[0] == empty[1]


@pytest.mark.parametrize("stand_in", [True, False])
def test_stand_in_results_and_real_ones_never_share_a_view(publish: Publish, tmp_path: Path, *, stand_in: bool) -> None:
    with pytest.raises(InputError, match="other kind"):
        publish([rpm(tmp_path, "greet", stand_in=not stand_in)], stand_in=stand_in)


def test_another_key_is_refused(publish: Publish, channel: Path, tmp_path: Path, time: Time) -> None:
    publish([rpm(tmp_path, "greet")])
    other = ensure_project_key(tmp_path / "other", "Other <other@example.invalid>")
    with pytest.raises(InputError, match="another key"):
        publish_to(channel, CENTOS, [], signer=other, clock=time.clock())


def test_old_metadata_stays_readable(publish: Publish, repository: Path, tmp_path: Path, time: Time) -> None:
    names = []
    for number in range(5):
        publish([rpm(tmp_path, f"package{number}")])
        names.append({path.name for path in (repository / "repodata").glob("*primary*")})
        time.advance(25 * 3600)
    assert names[4] > names[3] - names[0]
    assert len(names[4]) == 4


def test_a_crash_before_the_switch_changes_nothing(
    publish: Publish, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish([rpm(tmp_path, "old")])
    before = (repository / "repodata/repomd.xml").read_bytes()

    def crash(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    file = rpm(tmp_path, "new")
    with monkeypatch.context() as patch:
        patch.setattr(snapshot_module, "commit", crash)
        with pytest.raises(KeyboardInterrupt):
            publish([file])
    assert (repository / "repodata/repomd.xml").read_bytes() == before
    publish([file])
    assert sorted(located(repository)) == ["Packages/new-1.0-1.noarch.rpm", "Packages/old-1.0-1.noarch.rpm"]
    assert len(list((repository / "Packages").iterdir())) == 2


def test_what_is_no_rpm_is_refused(publish: Publish, tmp_path: Path) -> None:
    broken = tmp_path / "x.rpm"
    broken.write_bytes(b"nothing")
    for name, message in (("x.rpm", "not a readable RPM"), ("x.deb", "not for an rpm"), ("../x.rpm", "not a name")):
        with pytest.raises(InputError, match=message):
            publish([PackageFile(path=broken, artifact=Artifact(name=name, digest="0" * 64, size=7))])


def test_an_rpm_is_called_after_its_header(publish: Publish, tmp_path: Path) -> None:
    sound = rpm(tmp_path, "one")
    with pytest.raises(InputError, match=r"it is one-1\.0-1\.noarch\.rpm"):
        publish([replace(sound, artifact=replace(sound.artifact, name="two-1.0-1.noarch.rpm"))])
    assert {"bash", "glibc", "rpm"} <= RPM.essential


def test_a_list_of_packages_is_none_itself(publish: Publish, tmp_path: Path) -> None:
    sound = rpm(tmp_path, "one")
    listing = tmp_path / "object"
    listing.write_text(f"{sound.path}\n")
    with pytest.raises(InputError, match="not a readable RPM"):
        publish([replace(sound, path=listing)])


def test_the_path_of_an_object_is_not_told(publish: Publish, tmp_path: Path) -> None:
    broken = tmp_path / "object"
    broken.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.rpm") as refused:
        publish([PackageFile(path=broken, artifact=Artifact(name="x.rpm", digest="0" * 64, size=7))])
    assert str(broken) not in "".join(refused.value.lines())


def test_a_missing_rpmsign_says_how_to_install_it(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rpm(tmp_path, "greet")

    monkeypatch.setattr("build_env.core.processes._SEARCH_PATH", str(tmp_path))
    with pytest.raises(EnvironmentNotReady) as caught:
        publish([file])
    assert "apt-get install rpm" in caught.value.hint


def declaring(directory: Path, *names: str) -> PackageFile:
    """The list that a source stage writes."""
    (directory / NAMES).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return package_file(directory / NAMES)


def test_an_rpm_of_the_own_source_under_a_declared_name_is_taken(tmp_path: Path) -> None:
    binary, source = rpm(tmp_path, "greet"), rpm(tmp_path, "greet", kind="-bs")
    check_declared([binary, source], [source, declaring(tmp_path, "greet", "libgreet")])
    check_declared([binary], [])  # no source package was made
    debug = rpm(tmp_path, "greet-debuginfo")
    check_declared([debug], [declaring(tmp_path, "greet")])


def test_an_rpm_of_another_source_or_name_is_refused(tmp_path: Path) -> None:
    binary, source = rpm(tmp_path, "greet"), rpm(tmp_path, "other", kind="-bs")
    with pytest.raises(InputError, match=r"its source is greet-1\.0-1\.src\.rpm, but it was built from other-1\.0-1"):
        check_declared([binary], [source])
    with pytest.raises(InputError, match="does not declare: libgreet, other"):
        check_declared([binary], [declaring(tmp_path, "other", "libgreet")])
