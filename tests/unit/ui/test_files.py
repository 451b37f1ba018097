"""Where a text goes: files with their mode, through links, into devices, pipes and the streams of the process."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, UsageError
from build_env.ui.files import check_directory, check_place, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_a_directory_is_made_or_told_to_be_none(tmp_path: Path) -> None:
    check_directory(tmp_path / "new/one", "--results")
    assert (tmp_path / "new/one").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--results .*file: this is no directory"):
        check_directory(tmp_path / "file", "--results")
    with pytest.raises(UsageError, match=r"--results /proc/none.*cannot be written"):
        check_directory(Path("/proc/none"), "--results")


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o444, 0o664])
@pytest.mark.usefixtures("umask")
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    write_whole(path, "new", "-o")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.usefixtures("umask")
def test_a_new_file_has_the_mode_that_the_mask_leaves(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "new", "-o")
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch(mode=0o640)
    os.chown(path, 1234, 2345)
    write_whole(path, "new", "-o")
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (1234, 2345, 0o640)


@pytest.mark.parametrize("there", [True, False])
def test_links_are_written_through(tmp_path: Path, *, there: bool) -> None:
    target, link = tmp_path / "in" / "target", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to("in/target")
    check_place(link, "-o")
    write_whole(link, "new", "-o")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_the_name_of_a_stream_is_the_stream(tmp_path: Path, form: str) -> None:
    with (tmp_path / "a").open("w+") as file:
        path = Path(form.format(file.fileno()))
        if form == "link":
            path = tmp_path / "link"
            path.symlink_to(f"/dev/fd/{file.fileno()}")
        file.write("first\n")
        file.flush()
        inode = (tmp_path / "a").stat().st_ino
        check_place(path, "-o")
        write_whole(path, "second\n", "-o")
        file.write("third\n")
    assert (tmp_path / "a").read_text() == "first\nsecond\nthird\n"
    assert (tmp_path / "a").stat().st_ino == inode


def test_a_stream_that_is_not_there_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="/dev/fd/999: the file cannot be written"):
        write_whole(Path("/dev/fd/999"), "x", "-o")


def test_a_full_device_is_the_machine_s_fault() -> None:
    with pytest.raises(EnvironmentNotReady, match="-o /dev/full: the file cannot be written: No space left"):
        write_whole(Path("/dev/full"), "x", "-o")
    assert not Path("/dev/full").is_file()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_place(pipe, "-o")
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "x", "-o")
    reader.join()
    assert found == ["x"]
    assert pipe.is_fifo()


def test_links_that_lead_nowhere_are_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(tmp_path / "a", "x", "-o")


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "\x1b[31m").mkdir()
    with pytest.raises(UsageError) as caught:
        check_place(tmp_path / "\x1b[31m", "-o")
    assert r"/\x1b[31m: this is a directory" in caught.value.message
