"""Apt's view of a channel on disk: what its indexes say, what is never rewritten, what a crash leaves."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from debian.deb822 import Deb822, Release

from build_env.core.errors import EnvironmentNotReady, InputError
from build_env.formats.deb.entries import is_apt_file
from build_env.publish import snapshot as snapshot_module
from build_env.publish.holdings import holds
from tests.support.programs import need_programs
from tests.support.repositories import BOOKWORM, deb, package_file, publish_to, source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from build_env.formats.view import PackageFile, View
    from build_env.publish.signing import Signer
    from tests.support.repositories import Time

    Publish = Callable[..., bool]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def publish(repository: Path, signer: Signer, time: Time) -> Publish:
    def publish(files: Sequence[PackageFile], view: View = BOOKWORM, label: str = "tests") -> bool:
        return publish_to(repository, view, files, signer=signer, clock=time.clock(), label=label)

    return publish


def snapshot(root: Path) -> dict[str, tuple[int, str]]:
    """Every path with its modification time and target or digest."""
    paths = root.rglob("*")
    return {str(path): (path.lstat().st_mtime_ns, str(path.readlink()) if path.is_symlink() else "") for path in paths}


def packages(repository: Path, architecture: str = "amd64") -> list[Deb822]:
    file = repository / f"deb/dists/bookworm/debian-12/main/binary-{architecture}/Packages"
    return list(Deb822.iter_paragraphs(file.read_text()))


def test_packages_are_indexed_by_architecture_and_all_is_in_each(
    publish: Publish, repository: Path, tmp_path: Path
) -> None:
    files = [
        deb(tmp_path, "libgreet1", fields="Source: libgreet (1.0)\n"),
        deb(tmp_path, "libgreet1", architecture="arm64", fields="Source: libgreet (1.0)\n"),
        deb(tmp_path, "greet-tools", architecture="all"),
    ]
    assert publish(files)
    digests = {file.artifact.digest for file in files}
    assert holds(repository, BOOKWORM.name, digests) == digests
    assert [entry["Package"] for entry in packages(repository)] == ["greet-tools", "libgreet1"]
    assert [entry["Architecture"] for entry in packages(repository, "arm64")] == ["all", "arm64"]
    entry = packages(repository)[1]
    assert entry["Filename"] == "pool/main/libg/libgreet/libgreet1_1.0_amd64.deb"
    assert entry["Description"] == "a package of the tests\n long text"
    data = (repository / "deb" / entry["Filename"]).read_bytes()
    assert (entry["SHA256"], entry["Size"]) == (hashlib.sha256(data).hexdigest(), str(len(data)))


def test_release_lists_every_form_of_every_index(publish: Publish, repository: Path, tmp_path: Path) -> None:
    publish([deb(tmp_path, "greet"), deb(tmp_path, "greet", architecture="arm64")])
    suite = repository / "deb/dists/bookworm/debian-12"
    release = Release((suite / "Release").read_text())
    assert release["Date"] == "Fri, 01 Mar 2024 12:00:00 UTC"
    assert release["Acquire-By-Hash"] == "yes"
    assert release["Architectures"] == "amd64 arm64"
    listed = {entry["name"]: entry["sha256"] for entry in release["SHA256"]}
    indexes = [f"main/binary-{arch}/Packages" for arch in ("amd64", "arm64")] + ["main/source/Sources"]
    assert sorted(listed) == sorted(f"{index}{suffix}" for index in indexes for suffix in ("", ".gz", ".xz"))
    for name, digest in listed.items():
        path = suite / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        assert (path.parent / "by-hash/SHA256" / digest).samefile(path)
    plain = (suite / indexes[0]).read_bytes()
    assert gzip.decompress((suite / f"{indexes[0]}.gz").read_bytes()) == plain
    assert lzma.decompress((suite / f"{indexes[0]}.xz").read_bytes()) == plain


def test_both_signatures_verify_with_the_served_key(publish: Publish, repository: Path, tmp_path: Path) -> None:
    publish([deb(tmp_path, "greet")])
    suite, ring = repository / "deb/dists/bookworm/debian-12", tmp_path / "ring.gpg"
    key = (repository / "archive-key.asc").read_bytes()
    ring.write_bytes(subprocess.run(["gpg", "--dearmor"], input=key, check=True, capture_output=True).stdout)
    for arguments in ([suite / "InRelease"], [suite / "Release.gpg", suite / "Release"]):
        subprocess.run(["gpgv", "--keyring", ring, *arguments], check=True, capture_output=True)
    (suite / "Release").write_text((suite / "Release").read_text() + "Other: x\n")
    tampered = subprocess.run(
        ["gpgv", "--keyring", ring, suite / "Release.gpg", suite / "Release"], check=False, capture_output=True
    )
    assert tampered.returncode != 0


def test_publishing_the_same_again_writes_nothing(
    publish: Publish, repository: Path, tmp_path: Path, time: Time
) -> None:
    files = [deb(tmp_path, "greet"), *source(tmp_path, "greet")]
    publish(files)
    before = snapshot(repository)
    time.advance(100)
    assert not publish(files)
    assert snapshot(repository) == before
    assert not publish([])


def test_a_lost_pool_file_is_not_held_and_comes_back(publish: Publish, repository: Path, tmp_path: Path) -> None:
    file = deb(tmp_path, "greet")
    publish([file])
    assert holds(repository, BOOKWORM.name, [file.artifact.digest, "0" * 64]) == {file.artifact.digest}
    path = repository / "deb" / packages(repository)[0]["Filename"]
    path.unlink()
    assert holds(repository, BOOKWORM.name, [file.artifact.digest]) == frozenset()
    assert publish([file])
    assert path.read_bytes() == file.path.read_bytes()


def test_other_bytes_of_the_same_version_never_replace_the_published_file(
    publish: Publish, repository: Path, tmp_path: Path
) -> None:
    old, new = deb(tmp_path / "old", "greet", text="old"), deb(tmp_path / "new", "greet", text="new")
    publish([old])
    first = repository / "deb" / packages(repository)[0]["Filename"]
    publish([new])
    (entry,) = packages(repository)
    assert entry["SHA256"] == new.artifact.digest
    assert entry["Filename"] == f"pool/main/g/greet/{new.artifact.digest[:12]}/greet_1.0_amd64.deb"
    assert first.read_bytes() == old.path.read_bytes()
    assert holds(repository, BOOKWORM.name, [old.artifact.digest, new.artifact.digest]) == {new.artifact.digest}
    assert publish([old])
    assert repository / "deb" / packages(repository)[0]["Filename"] == first


def test_sources_name_the_dsc_and_its_parts(publish: Publish, repository: Path, tmp_path: Path) -> None:
    dsc, tar = source(tmp_path, "greet")
    publish([dsc, tar])
    (entry,) = Deb822.iter_paragraphs((repository / "deb/dists/bookworm/debian-12/main/source/Sources").read_text())
    assert (entry["Package"], entry["Directory"]) == ("greet", "pool/main/g/greet")
    assert "Source" not in entry
    for file in (dsc, tar):
        assert f"{file.artifact.digest} {file.artifact.size} {file.artifact.name}" in entry["Checksums-Sha256"]
        assert (repository / "deb" / entry["Directory"] / file.artifact.name).read_bytes() == file.path.read_bytes()
        assert file.artifact.name in entry["Files"]


def rewritten(dsc: PackageFile, change: Callable[[str], str]) -> PackageFile:
    dsc.path.write_text(change(dsc.path.read_text("utf-8")), "utf-8", newline="")
    return package_file(dsc.path)


def test_fields_of_a_source_may_be_written_in_any_case(publish: Publish, repository: Path, tmp_path: Path) -> None:
    dsc, tar = source(tmp_path, "greet")
    small = rewritten(dsc, lambda text: re.sub(r"(?m)^[A-Za-z0-9-]+:", lambda field: field[0].lower(), text))
    publish([small, tar])
    (entry,) = Deb822.iter_paragraphs((repository / "deb/dists/bookworm/debian-12/main/source/Sources").read_text())
    assert (entry["Package"], entry["Version"]) == ("greet", "1.0")
    for file in (small, tar):
        assert f"{file.artifact.digest} {file.artifact.size} {file.artifact.name}" in entry["Checksums-Sha256"]


@pytest.mark.parametrize("hidden", ["\r", "\x1b[2K", "\u2028"])
def test_a_source_with_characters_that_hide_is_refused(
    hidden: str, publish: Publish, repository: Path, tmp_path: Path
) -> None:
    """A client would read a line that no person sees as a field of its own."""
    dsc, tar = source(tmp_path, "greet")
    with pytest.raises(InputError, match=r"greet_1.0.dsc"):
        publish([rewritten(dsc, lambda text: text.replace("Binary: ", f"Binary: x{hidden}Package: other ")), tar])
    assert not (repository / "deb/dists").exists()


def test_a_changed_source_keeps_all_its_parts_together(publish: Publish, repository: Path, tmp_path: Path) -> None:
    publish(source(tmp_path / "old", "greet", text="old"))
    dsc, tar = source(tmp_path / "new", "greet", text="new")
    publish([dsc, tar])
    (entry,) = Deb822.iter_paragraphs((repository / "deb/dists/bookworm/debian-12/main/source/Sources").read_text())
    assert entry["Directory"] == f"pool/main/g/greet/{dsc.artifact.digest[:12]}"
    assert (repository / "deb" / entry["Directory"] / tar.artifact.name).read_bytes() == tar.path.read_bytes()


def test_dates_increase_and_wait_for_the_next_second(
    publish: Publish, repository: Path, tmp_path: Path, time: Time
) -> None:
    publish([deb(tmp_path, "one")])
    publish([deb(tmp_path, "two")])
    release = Release((repository / "deb/dists/bookworm/debian-12/InRelease").read_text())
    assert time.slept == [1.0]
    assert release["Date"] == "Fri, 01 Mar 2024 12:00:01 UTC"
    assert (repository / "deb/dists/bookworm/debian-12/InRelease").stat().st_mtime == time.value.timestamp()


def test_a_clock_far_behind_is_refused(publish: Publish, tmp_path: Path, time: Time) -> None:
    publish([deb(tmp_path, "one")])
    time.advance(-3600)
    with pytest.raises(EnvironmentNotReady, match="clock"):
        publish([deb(tmp_path, "two")])


def test_old_indexes_stay_by_hash_for_a_day_and_three_generations(
    publish: Publish, repository: Path, tmp_path: Path, time: Time
) -> None:
    directory = repository / "deb/dists/bookworm/debian-12/main/binary-amd64/by-hash/SHA256"
    contents = []
    for number in range(6):
        publish([deb(tmp_path, f"package{number}")])
        contents.append(hashlib.sha256((directory.parent.parent / "Packages").read_bytes()).hexdigest())
        time.advance(60)
    assert all((directory / digest).is_file() for digest in contents)
    time.advance(25 * 3600)
    publish([deb(tmp_path, "last")])
    assert [(directory / digest).is_file() for digest in contents] == [False] * 3 + [True] * 3
    assert len(list((repository / ".publish/generations").iterdir())) == 3


def test_the_label_is_for_ever(publish: Publish, tmp_path: Path) -> None:
    publish([deb(tmp_path, "greet")])
    with pytest.raises(InputError, match="label"):
        publish([deb(tmp_path, "other")], label="x")


def test_a_target_that_builds_for_one_more_gets_its_index(
    repository: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    """Also where all packages are published; one that is not asked for any more keeps its own."""
    files = [deb(tmp_path, "tools", architecture="all"), deb(tmp_path, "greet")]
    for architectures in (["amd64"], ["arm64"], ["amd64"]):
        snapshot_module.publish(
            repository,
            {BOOKWORM: files},
            label="tests",
            signer=signer,
            clock=time.clock(),
            architectures={BOOKWORM: architectures},
        )
    assert [entry["Package"] for entry in packages(repository, "arm64")] == ["tools"]
    assert len(list((repository / ".publish/generations").iterdir())) == 2


def test_only_packages_of_every_architecture_are_found_too(publish: Publish, repository: Path, tmp_path: Path) -> None:
    publish([deb(tmp_path, "greet", architecture="all")])
    assert [entry["Package"] for entry in packages(repository, "all")] == ["greet"]


def test_a_lost_part_of_a_source_comes_back(publish: Publish, repository: Path, tmp_path: Path) -> None:
    files = source(tmp_path, "greet")
    publish(files)
    part = repository / "deb/pool/main/g/greet" / files[1].artifact.name
    part.unlink()
    assert publish(files)
    assert part.read_bytes() == files[1].path.read_bytes()


@pytest.mark.parametrize("moment", ["_write_index", "commit", "begin"])
def test_a_crash_leaves_the_old_state_and_the_next_publish_sweeps(
    moment: str, publish: Publish, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish([deb(tmp_path, "old")])
    before = (repository / "deb/dists/bookworm/debian-12/InRelease").read_bytes()

    def crash(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    file = deb(tmp_path / "lost", "new", text="lost")
    with monkeypatch.context() as patch:
        patch.setattr(snapshot_module, moment, crash)
        with pytest.raises(KeyboardInterrupt):
            publish([file])
    assert (repository / "deb/dists/bookworm/debian-12/InRelease").read_bytes() == before
    assert holds(repository, BOOKWORM.name, [file.artifact.digest]) == frozenset()
    other = deb(tmp_path / "kept", "new", text="kept")
    publish([other])
    assert sorted(path.name for path in (repository / ".publish/generations").iterdir()) == ["00000001", "00000002"]
    (_, entry) = sorted(packages(repository), key=lambda entry: entry["Package"] == "new")
    assert entry["Filename"] == "pool/main/n/new/new_1.0_amd64.deb"
    assert (repository / "deb" / entry["Filename"]).read_bytes() == other.path.read_bytes()


def test_bytes_that_are_not_the_artifact_are_refused(publish: Publish, repository: Path, tmp_path: Path) -> None:
    file = deb(tmp_path, "greet")
    deb(tmp_path, "greet", text="changed after the build")
    with pytest.raises(InputError, match="bytes its build recorded"):
        publish([file])
    assert not (repository / "deb").exists()


def test_two_files_that_are_the_same_package_are_refused(publish: Publish, tmp_path: Path) -> None:
    files = [deb(tmp_path / name, "greet", text=name) for name in ("one", "two")]
    with pytest.raises(InputError, match=r"two different files are greet 1\.0 amd64"):
        publish(files)


@pytest.mark.parametrize("fields", ["Source: ../../x\n", "Source: x/y\n"])
def test_names_in_a_package_cannot_leave_the_pool(publish: Publish, tmp_path: Path, fields: str) -> None:
    with pytest.raises(InputError, match="no valid"):
        publish([deb(tmp_path, "greet", fields=fields)])


def test_what_is_no_package_is_refused(publish: Publish, tmp_path: Path) -> None:
    dsc, tar = source(tmp_path, "greet")
    with pytest.raises(InputError, match=r"greet_1\.0\.tar\.gz"):
        publish([dsc])
    with pytest.raises(InputError, match=r"no source package names greet_1\.0\.tar\.gz"):
        publish([tar])
    (tmp_path / "x.deb").write_bytes(b"!<arch>\nnothing")
    broken = tmp_path / "x.deb"
    with pytest.raises(InputError, match=r"x\.deb is not a package that dpkg takes"):
        publish([type(tar)(path=broken, artifact=tar.artifact.__class__(name="x.deb", digest="0" * 64, size=1))])


def test_logs_and_changes_are_no_files_of_a_repository() -> None:
    names = [
        "a_1.deb",
        "a_1.dsc",
        "a_1.orig.tar.xz",
        "a_1.diff.gz",
        "a_1.tar.xz.asc",
        "a_1.changes",
        "a_1.buildinfo",
        "log",
    ]
    assert [name for name in names if is_apt_file(name)] == names[:5]


def test_a_damaged_record_is_an_environment_error(publish: Publish, repository: Path, tmp_path: Path) -> None:
    publish([deb(tmp_path, "greet")])
    (repository / ".publish/current/channel.json").write_text("{")
    with pytest.raises(EnvironmentNotReady, match="damaged"):
        publish([deb(tmp_path, "other")])


def test_clients_of_every_architecture_of_the_target_find_packages_of_all(
    repository: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    files = [deb(tmp_path, "notes", architecture="all"), deb(tmp_path, "greet")]
    for given, wanted in (([files[0]], ("amd64", "arm64")), ([files[1]], ("arm64", "riscv64"))):
        snapshot_module.publish(
            repository,
            {BOOKWORM: given},
            label="tests",
            signer=signer,
            architectures={BOOKWORM: wanted},
            clock=time.clock(),
        )
    release = Release((repository / "deb/dists/bookworm/debian-12/Release").read_text())
    assert release["Architectures"] == "amd64 arm64 riscv64"
    assert [package["Package"] for package in packages(repository, "amd64")] == ["greet", "notes"]
    assert [package["Package"] for package in packages(repository, "arm64")] == ["notes"]
    assert [package["Package"] for package in packages(repository, "riscv64")] == ["notes"]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_what_is_published_is_preferred_with_the_file_beside_it(
    publish: Publish, repository: Path, tmp_path: Path, version: str
) -> None:
    """Without it apt takes the higher version, or the first one of its sources."""
    need_programs("apt-get")
    distribution = tmp_path / "distribution"
    deb(distribution, "greet", version, text="of the distribution")
    (distribution / "Packages").write_text(index_of(distribution))
    publish([deb(tmp_path, "greet", text="ours, of another size")], label="Us, and others")
    asked = [offered(tmp_path, repository, distribution, preferred=preferred) for preferred in (False, True)]
    assert asked[0].startswith(f"file:{distribution}/")
    assert asked[1].startswith(f"file:{repository}/deb/pool/")


def index_of(directory: Path) -> str:
    """What an archive says of its one package, read by dpkg."""
    (file,) = directory.glob("*.deb")
    control = subprocess.run(["dpkg-deb", "--field", file], capture_output=True, text=True, check=True).stdout
    data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return f"{control.rstrip()}\nFilename: ./{file.name}\nSize: {len(data)}\nSHA256: {digest}\n"


def offered(scratch: Path, repository: Path, distribution: Path, *, preferred: bool) -> str:
    """Where apt would fetch greet from, on a client whose state lies in a directory."""
    root = scratch / f"client-{preferred}"
    for name in ("lists/partial", "cache/archives/partial", "etc/preferences.d", "etc/sources.list.d"):
        (root / name).mkdir(parents=True)
    (root / "status").touch()
    suite = "bookworm/debian-12"
    lines = f"deb [trusted=yes] file:{distribution} ./\ndeb [trusted=yes] file:{repository}/deb {suite} main\n"
    (root / "etc/sources.list").write_text(lines)
    if preferred:
        shutil.copy(repository / f"deb/dists/{suite}/build-env.pref", root / "etc/preferences.d")
    places = {"State": root, "State::lists": root / "lists", "State::status": root / "status"}
    places |= {"Cache": root / "cache", "Etc": root / "etc"}
    options = [f"-oDir::{name}={path}" for name, path in places.items()]
    options += ["-oAPT::Architecture=amd64", "-oAPT::Architectures::=amd64", "-oAPT::Sandbox::User=root"]
    subprocess.run(["apt-get", *options, "-qq", "update"], check=True, capture_output=True)
    command = ["apt-get", *options, "-qq", "--print-uris", "install", "greet"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().strip("'")


def test_what_is_published_can_be_read_by_everybody(publish: Publish, repository: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        publish([deb(tmp_path, "greet"), *source(tmp_path, "greet")])
    finally:
        assert os.umask(before) == 0o077, "the caller's own mask holds again"
    served = [path for path in (repository, *repository.rglob("*")) if not path.is_symlink()]
    unreadable = [path for path in served if path.stat().st_mode & 0o055 != (0o055 if path.is_dir() else 0o044)]
    assert unreadable == []
