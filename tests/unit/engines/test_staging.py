"""What goes into a room and comes out of it as an archive."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.canonical import digest_bytes
from build_env.core.errors import InfrastructureError
from build_env.core.trees import Trees, read_manifest
from build_env.engines.output import LineSplitter
from build_env.engines.staging import pack, unpack
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
    with tarfile.open(fileobj=io.BytesIO(pack(spec, owner=5, group=6))) as archive:
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


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("out/../../evil", tarfile.REGTYPE),
        ("out//etc/evil", tarfile.REGTYPE),
        ("out/a/../../evil", tarfile.REGTYPE),
        ("out", tarfile.REGTYPE),
        ("out/link", tarfile.SYMTYPE),
        ("out/pipe", tarfile.FIFOTYPE),
        ("out/device", tarfile.CHRTYPE),
    ],
)
def test_hostile_members_are_passed_over(tmp_path: Path, name: str, kind: bytes) -> None:
    inner = tmp_path / "deep" / "inner"
    inner.mkdir(parents=True)
    if name == "out//etc/evil":
        name = f"out/{tmp_path}/evil"
    unpack([stream((name, kind, b"")), b""], {"out": inner})
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
        with tarfile.open(fileobj=io.BytesIO(pack(spec, owner=5, group=6))) as archive:
            return [name.removeprefix("build/") for name in archive.getnames() if "one/" in name or name.endswith("/b")]

    straight, back = names(Variation()), names(Variation(reversed_order=True))
    assert straight == [*(f"src/one/{name}" for name in ("a", "a/x", "a/y", "b", "c", "c/z")), "in/b"]
    assert back == ["in/b", *(f"src/one/{name}" for name in ("c", "b", "a", "c/z", "a/y", "a/x"))]
