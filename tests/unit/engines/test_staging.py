"""What goes into a room and comes out of it as an archive."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.canonical import digest_bytes
from build_env.core.errors import InfrastructureError, TaskError
from build_env.core.trees import Trees, read_manifest
from build_env.engines import collecting
from build_env.engines.collecting import unpack
from build_env.engines.output import LONGEST, LineSplitter
from build_env.engines.staging import end_of_archive, member, pack
from build_env.model.room import RoomEntry, RoomSpec, Variation


class Objects:
    """A directory of objects, as the store has one."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory

    def path(self, digest: str) -> Path:
        return self.directory / digest

    def keep(self, data: bytes) -> str:
        digest = digest_bytes(data)
        self.path(digest).write_bytes(data)
        return digest

    def file(self, path: Path, destination: str) -> RoomEntry:
        return RoomEntry(digest=self.keep(path.read_bytes()), destination=destination)

    def tree(self, path: Path, destination: str, leave_out: tuple[str, ...] = ()) -> RoomEntry:
        manifest = Trees(root=path).listing(path, leave_out).manifest()
        for entry in read_manifest(manifest):
            if entry.kind == "file":
                self.keep((path / entry.name).read_bytes())
        return RoomEntry(digest=self.keep(manifest), destination=destination, tree=True)


def packed(tmp_path: Path, *, downloads: Path | None = None) -> dict[str, tarfile.TarInfo]:
    tree = tmp_path / "tree"
    (tree / "deb").mkdir(parents=True)
    (tree / "rpm").mkdir()
    (tree / "script").write_text("x", encoding="utf-8")
    (tree / "script").chmod(0o700)
    (tree / "plain").write_text("content", encoding="utf-8")
    (tree / "plain").chmod(0o666)
    (tree / "link").symlink_to("outside")
    os.mkfifo(tree / "pipe")
    objects = Objects(tmp_path / "objects")
    entries = (objects.tree(tree, "src/greet", ("rpm",)), objects.file(tree / "plain", "in/source/plain"))
    spec = RoomSpec(
        image="",
        commands=(),
        environment={},
        entries=entries,
        collect=tmp_path,
        labels={},
        epoch=42,
        downloads=downloads,
        object_path=objects.path,
    )
    with tarfile.open(fileobj=io.BytesIO(b"".join(pack(spec, owner=5, group=6)))) as archive:
        return {member.name: member for member in archive}


def test_a_room_has_exactly_what_was_declared(tmp_path: Path) -> None:
    names = {name.removeprefix("build").removeprefix("/") for name in packed(tmp_path)}
    assert names == {
        *("", "common", "in", "src", "out", "work", "in/source", "in/source/plain"),
        *("src/greet", "src/greet/deb", "src/greet/script", "src/greet/plain", "src/greet/link"),
    }


def test_modes_owners_and_times_are_not_those_of_the_checkout(tmp_path: Path) -> None:
    members = packed(tmp_path)
    assert {member.mtime for member in members.values()} == {42}
    assert members["build/src/greet/script"].mode == 0o755
    assert members["build/src/greet/plain"].mode == 0o644
    assert members["build/src/greet/link"].linkname == "outside"
    owners = {name: (member.uid, member.gid) for name, member in members.items() if member.uid}
    assert owners == {"build/out": (5, 6), "build/work": (5, 6)}


def test_downloads_go_in_and_belong_to_the_builder(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "a.tar").write_bytes(b"a")
    members = packed(tmp_path, downloads=cache)
    assert members["build/downloads/a.tar"].uid == members["build/downloads"].uid == 5


def stream(*members: tuple[str, bytes, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@given(st.integers(1, 700))
def test_regular_files_come_out_whatever_the_chunks(size: int) -> None:
    import tempfile  # noqa: PLC0415 - fixtures of pytest do not go with hypothesis

    data = stream(("out/a", tarfile.REGTYPE, b"A" * 1000), ("out/sub/b", tarfile.REGTYPE, b"B"))
    with tempfile.TemporaryDirectory() as directory:
        unpack((data[start : start + size] for start in range(0, len(data), size)), {"out": Path(directory)})
        assert (Path(directory) / "a").read_bytes() == b"A" * 1000
        assert (Path(directory) / "sub" / "b").read_bytes() == b"B"


def test_links_among_results_are_refused(tmp_path: Path) -> None:
    """A package beside them arrived: that a second one was lost would be found out by whoever looks for it."""
    members = (("out/a.deb", tarfile.REGTYPE, b"A"), *((f"out/{n}.deb", tarfile.SYMTYPE, b"") for n in range(9)))
    with pytest.raises(TaskError, match=r"links as results: out/0\.deb, out/1\.deb, out/2\.deb$"):
        unpack([stream(*members)], {"out": tmp_path})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("out/../../evil", tarfile.REGTYPE),
        ("out//etc/evil", tarfile.REGTYPE),
        ("out/a/../../evil", tarfile.REGTYPE),
        ("out", tarfile.REGTYPE),
        ("downloads/link", tarfile.SYMTYPE),
        ("out/pipe", tarfile.FIFOTYPE),
        ("out/device", tarfile.CHRTYPE),
    ],
)
def test_hostile_members_are_passed_over(tmp_path: Path, name: str, kind: bytes) -> None:
    inner = tmp_path / "deep" / "inner"
    inner.mkdir(parents=True)
    if name == "out//etc/evil":
        name = f"out/{tmp_path}/evil"
    unpack([stream((name, kind, b"")), b""], {"out": inner, "downloads": inner})
    assert [path for path in tmp_path.rglob("*") if not path.is_dir() or path.is_symlink()] == []


def test_a_broken_archive_is_trouble_of_the_engine(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="broken archive"):
        unpack([b"no archive" * 100], {"out": tmp_path})


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))), st.integers(1, 9))
def test_lines_do_not_depend_on_the_chunks(lines: list[str], size: int) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    found: list[str] = []
    splitter = LineSplitter(found.append)
    for start in range(0, len(data), size):
        splitter.feed(data[start : start + size])
    splitter.close()
    assert found == lines


def test_an_unfinished_line_and_bytes_that_are_no_text_are_shown() -> None:
    found: list[str] = []
    splitter = LineSplitter(found.append)
    splitter.feed(b"a\r\n\xffb")
    splitter.close()
    assert found == ["a", "\ufffdb"]


def test_backwards_means_siblings_from_the_last_and_directories_before_their_content(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("a/x", "a/y", "b", "c/z"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name, encoding="utf-8")
    objects = Objects(tmp_path / "objects")
    entries = (objects.tree(tree, "src/one"), objects.file(tree / "b", "in/b"))

    def names(variation: Variation) -> list[str]:
        spec = RoomSpec(
            image="",
            commands=(),
            environment={},
            entries=entries,
            collect=tmp_path,
            labels={},
            object_path=objects.path,
            variation=variation,
        )
        with tarfile.open(fileobj=io.BytesIO(b"".join(pack(spec, owner=5, group=6)))) as archive:
            return [name.removeprefix("build/") for name in archive.getnames() if "one/" in name or name.endswith("/b")]

    straight, back = names(Variation()), names(Variation(reversed_order=True))
    assert straight == [*(f"src/one/{name}" for name in ("a", "a/x", "a/y", "b", "c", "c/z")), "in/b"]
    assert back == ["in/b", *(f"src/one/{name}" for name in ("c", "b", "a", "c/z", "a/y", "a/x"))]


@pytest.mark.parametrize("size", [100, 70_000, 200_000])
def test_a_long_line_is_told_in_pieces_and_nothing_of_it_is_lost(size: int) -> None:
    text = "aé😀" * size
    found: list[str] = []
    splitter = LineSplitter(found.append)
    data = text.encode()
    for start in range(0, len(data), 30_000):
        splitter.feed(data[start : start + 30_000])
    splitter.close()
    assert "".join(found) == text
    assert all(len(line.encode()) <= LONGEST for line in found)


def test_a_long_line_is_looked_at_once() -> None:
    """Counted in bytes that are held: what is held is looked at again with each chunk."""
    held: list[int] = []
    splitter = LineSplitter(lambda _line: None)
    for _ in range(256):
        splitter.feed(b"x" * 4096)
        held.append(len(splitter._rest))
    assert max(held) <= LONGEST


def test_a_long_line_that_is_drawn_over_is_cut_between_its_states() -> None:
    found: list[str] = []
    splitter = LineSplitter(found.append)
    splitter.feed(b"".join(b"%08d\r" % number for number in range(20_000)) + b"\n")
    assert "\r".join(found).split("\r") == [f"{number:08}" for number in range(20_000)]
    assert len(found) > 1


def test_output_without_an_end_is_stopped() -> None:
    splitter = LineSplitter(lambda _line: None, most=1 << 20)
    splitter.feed(bytes(1 << 20))
    with pytest.raises(TaskError, match="printed more than 1M"):
        splitter.feed(b"x")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("out/a", "out/a/b"), "cannot be kept"),
        (("out/a/b", "out/a"), "cannot be kept"),
        (("out/" + "n" * 300,), "cannot be kept"),
        (("out/" + "d/" * 1500 + "x",), "more than 32 directories"),
        (("out/a\nb",), "cannot be shown"),
        (("out/\udcff",), "cannot be shown"),
    ],
)
def test_a_result_that_cannot_be_kept_is_the_fault_of_the_package(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        unpack([stream(*((name, tarfile.REGTYPE, b"x") for name in names))], {"out": tmp_path})


def test_too_many_results_are_the_fault_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "_MOST_FILES", 3)
    with pytest.raises(TaskError, match="more than 3 files"):
        unpack([stream(*((f"out/{number}", tarfile.REGTYPE, b"") for number in range(4)))], {"out": tmp_path})


def test_a_sparse_result_stays_sparse(tmp_path: Path) -> None:
    size = (8 << 20) + 5
    unpack([stream(("out/a", tarfile.REGTYPE, bytes(size)))], {"out": tmp_path})
    facts = (tmp_path / "a").stat()
    assert facts.st_size == size
    assert facts.st_blocks * 512 < size / 4


def test_a_file_with_two_names_is_there_once(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("out/a")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
        other = tarfile.TarInfo("out/b")
        other.type, other.linkname = tarfile.LNKTYPE, "out/a"
        archive.addfile(other)
    unpack([buffer.getvalue()], {"out": tmp_path})
    assert (tmp_path / "b").read_bytes() == b"x"
    assert (tmp_path / "a").samefile(tmp_path / "b")


def test_names_that_are_no_text_enter_a_room_as_they_are(tmp_path: Path) -> None:
    info = tarfile.TarInfo(os.fsdecode(b"src/caf\xe9"))
    data = member(info) + end_of_archive()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [os.fsencode(name) for name in archive.getnames()] == [b"src/caf\xe9"]
    listed = subprocess.run(["tar", "-t", "--quoting-style=literal"], input=data, capture_output=True, check=True)
    assert listed.stdout == b"src/caf\xe9\n"
