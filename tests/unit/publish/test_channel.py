"""A channel on disk: several views, one switch, and what a publish of one view costs the others."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from build_env.core.errors import InputError
from build_env.formats.view import KEY_FILE, View
from build_env.publish import snapshot as snapshot_module
from build_env.publish.generation import current_generation
from build_env.publish.holdings import check_channel, evidence, holds, published_digests
from build_env.publish.signing import ensure_project_key
from build_env.publish.snapshot import client_lines, publish
from tests.support import toy
from tests.support.repositories import BOOKWORM, deb, package_file, publish_to, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.publish.signing import Signer
    from tests.support.repositories import Time

TRIXIE = View(format="deb", target="debian/13", suite="trixie")
DERIVED = View(format="deb", target="ours/12", suite="bookworm")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "repositories/main"


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A channel that everybody may read: what pytest makes is closed to others."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory).resolve() / "main"


def stamps(directory: Path) -> dict[str, tuple[int, int]]:
    """Every file with its inode and time, links followed."""
    found = {}
    for current, _, names in os.walk(directory, followlinks=True):
        for name in names:
            path = Path(current, name)
            found[str(path)] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found


def facts(path: Path) -> tuple[int, ...]:
    """What changes with a file, and not when it is read."""
    status = path.lstat()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def follow(signer: Signer, home: Path) -> Signer:
    """Another key, signed by that of `signer`: how a key is changed."""
    shutil.copytree(signer.home, home, ignore=shutil.ignore_patterns("S.*", "*.lock"))
    other = ensure_project_key(home, "Other <other@example.invalid>")
    with other.session() as environment:
        words = ("--batch", "--yes", "--default-key", signer.fingerprint, "--quick-sign-key", other.fingerprint)
        subprocess.run(["gpg", *words], env=dict(environment), check=True, capture_output=True)
    return other


def test_all_views_switch_at_once(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    deposits = {view: [deb(tmp_path / view.slug, "greet", text=view.slug)] for view in (BOOKWORM, TRIXIE)}
    publish(root, deposits, label="tests", signer=signer, clock=time.clock())
    current = current_generation(root)
    assert current
    assert current.path.name == "00000001"
    for view in (BOOKWORM, TRIXIE):
        assert (root / f"deb/dists/{view.suite}/{view.slug}/InRelease").is_file()
    assert published_digests(root.parent) == {files[0].artifact.digest for files in deposits.values()}


def test_views_of_one_suite_do_not_collide(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    """The same version with other bytes, in two targets with the same codename."""
    files = {view: deb(tmp_path / view.slug, "greet", text=view.slug) for view in (BOOKWORM, DERIVED)}
    for view, file in files.items():
        publish_to(root, view, [file], signer=signer, clock=time.clock())
    for view, file in files.items():
        index = root / f"deb/dists/bookworm/{view.slug}/main/binary-amd64/Packages"
        assert file.artifact.digest in index.read_text()
        assert holds(root, view.name, [each.artifact.digest for each in files.values()]) == {file.artifact.digest}


def test_what_is_the_same_in_two_views_is_in_the_pool_once(
    root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    file = deb(tmp_path, "greet", architecture="all")
    for view in (BOOKWORM, TRIXIE):
        assert publish_to(root, view, [file], signer=signer, clock=time.clock())
    assert len(list((root / "deb/pool").rglob("*.deb"))) == 1


def test_a_publish_leaves_other_views_and_their_evidence_as_they_are(
    root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    file = deb(tmp_path, "greet")
    publish_to(root, BOOKWORM, [file], signer=signer, clock=time.clock())
    suite = root / "deb/dists/bookworm/debian-12"
    before = stamps(suite)
    proofs = [(path, facts(path)) for path in evidence(root, BOOKWORM.name, [file.artifact.digest])]
    for number in range(5):
        publish_to(root, TRIXIE, [deb(tmp_path, f"package{number}")], signer=signer, clock=time.clock())
    assert stamps(suite) == before
    assert [(path, facts(path)) for path in evidence(root, BOOKWORM.name, [file.artifact.digest])] == proofs
    indexes = root / ".publish/indexes"
    assert [len(list((indexes / view.name).iterdir())) for view in (BOOKWORM, TRIXIE)] == [1, 3]


def test_results_of_a_stand_in_are_a_view_of_their_own(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    file = deb(tmp_path, "greet")
    publish_to(root, replace(BOOKWORM, stand_in=True), [file], signer=signer, clock=time.clock())
    assert (root / "deb/dists/bookworm/debian-12+stand-in/InRelease").is_file()
    assert not holds(root, BOOKWORM.name, [file.artifact.digest])


def test_targets_that_would_be_read_at_one_place_are_refused(
    root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    publish_to(root, BOOKWORM, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
    other = replace(BOOKWORM, target="debian-12")
    with pytest.raises(InputError, match="belongs to another view"):
        publish_to(root, other, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())


def test_another_key_is_refused_until_the_one_that_clients_trust_has_signed_it(
    root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    file = deb(tmp_path, "greet")
    publish_to(root, BOOKWORM, [file], signer=signer, clock=time.clock())
    other = ensure_project_key(tmp_path / "other", "Other <other@example.invalid>")
    with pytest.raises(InputError, match="trust another key") as caught:
        publish_to(root, BOOKWORM, [file, deb(tmp_path, "more")], signer=other, clock=time.clock())
    assert f"--quick-sign-key {other.fingerprint}" in caught.value.hint
    assert (root / KEY_FILE).read_bytes() == signer.public_key()


def test_another_key_signs_every_view_anew(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    files = {view: deb(tmp_path, "greet") for view in (BOOKWORM, TRIXIE)}
    for view, file in files.items():
        publish_to(root, view, [file], signer=signer, clock=time.clock())
    before = (root / "deb/dists/bookworm/debian-12/InRelease").read_bytes()
    other = follow(signer, tmp_path / "other")
    assert publish_to(root, TRIXIE, [files[TRIXIE]], signer=other, clock=time.clock())
    assert (root / "deb/dists/bookworm/debian-12/InRelease").read_bytes() != before
    assert (root / KEY_FILE).read_bytes() == other.public_key()


DAMAGED = {
    "package": "deb/pool/main/g/greet/greet_1.0_amd64.deb",
    "inline signature": "deb/dists/bookworm/debian-12/InRelease",
    "list": "deb/dists/bookworm/debian-12/main/binary-amd64/Packages.xz",
    "key": KEY_FILE,
}


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
@pytest.mark.parametrize("what", DAMAGED)
def test_what_is_damaged_is_not_held_and_is_put_back(
    what: str, how: str, root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    file, other = deb(tmp_path, "greet"), deb(tmp_path, "other")
    publish_to(root, BOOKWORM, [file, other], signer=signer, clock=time.clock())
    assert list(check_channel(root, lambda _path: None)) == []
    path = (root / DAMAGED[what]).resolve()
    good = path.read_bytes()
    path.unlink()
    if how != "gone":
        path.write_bytes(good[:-3] if how == "cut" else bytes([good[0] ^ 1]) + good[1:])
    assert len(list(check_channel(root, lambda _path: None))) >= 1
    assert holds(root, BOOKWORM.name, [file.artifact.digest]) == frozenset()
    assert publish_to(root, BOOKWORM, [file], signer=signer, clock=time.clock())
    assert list(check_channel(root, lambda _path: None)) == []
    assert (root / DAMAGED[what]).is_file()
    digests = {file.artifact.digest, other.artifact.digest}
    assert holds(root, BOOKWORM.name, digests) == digests


def test_a_link_that_leads_elsewhere_is_put_back(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    file = deb(tmp_path, "greet")
    publish_to(root, BOOKWORM, [file], signer=signer, clock=time.clock())
    link = root / "deb/dists/bookworm/debian-12"
    link.unlink()
    assert list(check_channel(root, lambda _path: None)) == [("deb/dists/bookworm/debian-12", False)]
    assert publish_to(root, BOOKWORM, [file], signer=signer, clock=time.clock())
    assert (link / "InRelease").is_file()


def test_a_damaged_list_of_the_past_is_not_carried_on(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    publish_to(root, BOOKWORM, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
    index = root / "deb/dists/bookworm/debian-12/main/binary-amd64"
    digest = hashlib.sha256((index / "Packages").read_bytes()).hexdigest()
    (index / "by-hash/SHA256" / digest).write_text("damaged")
    publish_to(root, BOOKWORM, [deb(tmp_path, "other")], signer=signer, clock=time.clock())
    assert not (index / "by-hash/SHA256" / digest).exists()
    assert list(check_channel(root, lambda _path: None)) == []


def test_a_record_that_is_damaged_is_told(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    publish_to(root, BOOKWORM, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
    (root / ".publish/current" / BOOKWORM.name / "state.json").write_text("{}")
    assert list(check_channel(root, lambda _path: None)) == [(f".publish/current/{BOOKWORM.name}/state.json", True)]
    (root / ".publish/current/channel.json").write_text("{")
    assert list(check_channel(root, lambda _path: None)) == [(".publish/current", True)]


def test_what_a_crash_placed_is_found_without_looking_through_the_pools(
    root: Path, signer: Signer, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to(root, BOOKWORM, [deb(tmp_path, "old")], signer=signer, clock=time.clock())

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(snapshot_module, "begin", crash)
        with pytest.raises(KeyboardInterrupt):
            publish_to(root, BOOKWORM, [deb(tmp_path, "lost")], signer=signer, clock=time.clock())
    assert (root / "deb/pool/main/l/lost/lost_1.0_amd64.deb").is_file()
    publish_to(root, TRIXIE, [deb(tmp_path, "new")], signer=signer, clock=time.clock())
    assert sorted(path.name for path in (root / "deb/pool/main").rglob("*.deb")) == [
        "new_1.0_amd64.deb",
        "old_1.0_amd64.deb",
    ]
    assert not (root / ".publish/placing").exists()


def test_lines_for_clients_are_given_for_views_that_are_there(
    open_root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    root = open_root
    publish_to(root, BOOKWORM, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
    lines = client_lines(root, [BOOKWORM, TRIXIE])
    assert lines[1] == f"deb [signed-by={root}/{KEY_FILE}] file://{root}/deb bookworm/debian-12 main"
    assert lines[3:] == (
        f"install -Dm644 {root}/deb/dists/bookworm/debian-12/build-env.pref /etc/apt/preferences.d/build-env.pref",
    )


def test_each_target_has_lines_of_its_own(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    """Those for one are whole: nobody has to see which of them hold for another, too."""
    for view in (BOOKWORM, TRIXIE):
        publish_to(root, view, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
    lines = client_lines(root, [BOOKWORM, TRIXIE, BOOKWORM])
    assert lines == (*client_lines(root, [BOOKWORM]), *client_lines(root, [TRIXIE]))
    assert len(lines) == 2 * len(client_lines(root, [BOOKWORM]))


def check_that_the_key_is_copied(root: Path) -> None:
    _, copying, _, line, *_ = client_lines(root, [BOOKWORM])
    command, mode, key, keyring = shlex.split(copying)
    assert (command, mode, key) == ("install", "-Dm644", f"{root}/{KEY_FILE}")
    assert line == f"deb [signed-by={keyring}] file://{quote(str(root))}/deb bookworm/debian-12 main"


def test_a_key_in_a_closed_home_is_copied(open_root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    """apt reads as a user of its own, for which such a key is none."""
    publish_to(open_root, BOOKWORM, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
    open_root.parent.chmod(0o750)
    check_that_the_key_is_copied(open_root)


def test_a_path_that_a_line_for_apt_cannot_hold_is_not_put_into_one(
    open_root: Path, signer: Signer, time: Time, tmp_path: Path
) -> None:
    for name in ("with space", "with]bracket", "with,comma"):
        root = open_root / name
        publish_to(root, BOOKWORM, [deb(tmp_path, "greet")], signer=signer, clock=time.clock())
        check_that_the_key_is_copied(root)


@pytest.mark.parametrize("view", [replace(BOOKWORM, suite="../x"), replace(BOOKWORM, target="a/../../x")])
def test_a_view_cannot_leave_the_channel(root: Path, signer: Signer, time: Time, view: View) -> None:
    with pytest.raises(InputError, match="not a name"):
        publish_to(root, view, [], signer=signer, clock=time.clock())


def test_a_format_from_elsewhere_is_published(root: Path, signer: Signer, time: Time, tmp_path: Path) -> None:
    view = View(format=toy.TOY.name, target="here/1", suite="shelf")
    (tmp_path / "one.toy").write_text("one saw\n")
    publish_to(root, view, [package_file(tmp_path / "one.toy")], signer=signer, clock=time.clock())
    shelf = root / "toy/here-1/shelf"
    assert (shelf / "index.txt").read_text() == "one.toy\ttoy/files\tone saw\n"
    assert (root / "toy/files/one.toy").read_text() == "one saw\n"
    assert client_lines(root, [view]) == (f"toybox add file://{root}/toy/here-1/shelf",)


def test_all_that_a_switch_leads_to_is_on_the_disk_before_it(
    root: Path, signer: Signer, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut after the switch would lose if it were not synced: files, and the directories that name them."""
    synced: set[int] = set()
    missed: list[str] = []
    really, rename = os.fsync, Path.rename

    def note(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        really(descriptor)

    def switch(self: Path, target: Path) -> Path:
        if target.name == "current":
            known = [path for path in root.rglob("*") if not path.is_symlink() and "incoming" not in path.parts]
            missed.extend(str(path) for path in known if path.stat().st_ino not in synced and path.name != "lock")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "rename", switch)
    for view in (BOOKWORM, TRIXIE):
        publish_to(root, view, [deb(tmp_path, "greet"), *source(tmp_path, "greet")], signer=signer, clock=time.clock())
    assert missed == []
