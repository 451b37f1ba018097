"""Native rooms, for real."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import Interrupted, TaskError
from build_env.engines.native import NativeRooms
from build_env.model.command import Command, ImageKind, Role
from build_env.model.room import RoomSpec, TimeLimit

if TYPE_CHECKING:
    from pathlib import Path


def spec(tmp_path: Path, script: str, *, role: Role = Role.RUN) -> RoomSpec:
    command = Command(kind=ImageKind.BUILD, argv=("sh", "-c", script), role=role)
    return RoomSpec(
        image="",
        commands=(command,),
        environment={"ARCH": "amd64", "BUILD_PACKAGE": "one"},
        entries=(),
        collect=tmp_path / "collect",
        labels={},
    )


def test_output_comes_line_by_line_and_results_are_collected(tmp_path: Path) -> None:
    lines: list[str] = []
    script = 'echo one; echo two >&2; mkdir "$BUILD_OUT/sub"; echo x >"$BUILD_OUT/sub/a"'
    outcome = NativeRooms(rooms=tmp_path / "rooms").run(spec(tmp_path, script), lines.append)
    assert (outcome.status, lines) == (0, ["one", "two"])
    found = [path for path in (tmp_path / "collect").rglob("*") if not path.is_dir() or path.is_symlink()]
    assert found == [tmp_path / "collect" / "sub" / "a"]
    assert list((tmp_path / "rooms").iterdir()) == []


def test_links_among_results_are_refused(tmp_path: Path) -> None:
    script = 'echo >"$BUILD_OUT/a"; ln -s a "$BUILD_OUT/b.deb"; ln -s . "$BUILD_OUT/here"'
    with pytest.raises(TaskError, match=r"links as results: out/b\.deb, out/here"):
        NativeRooms(rooms=tmp_path / "rooms").run(spec(tmp_path, script), lambda _: None)


def test_the_status_of_a_failure_is_told_and_nothing_is_collected(tmp_path: Path) -> None:
    outcome = NativeRooms(rooms=tmp_path / "rooms").run(spec(tmp_path, 'echo >"$BUILD_OUT/a"; exit 7'), lambda _: None)
    assert (outcome.status, outcome.message) == (7, "exit status 7")
    assert not (tmp_path / "collect").exists()
    assert list((tmp_path / "rooms").iterdir()) == []


def test_variables_are_listed_and_never_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    lines: list[str] = []
    NativeRooms(rooms=tmp_path / "rooms").run(spec(tmp_path, "env"), lines.append)
    names = {line.partition("=")[0] for line in lines}
    expected = {"ARCH", "BUILD_PACKAGE", "BUILD_SRC", "BUILD_IN", "BUILD_WORK", "BUILD_OUT", "PATH", "HOME"}
    assert expected <= names
    assert "SECRET_OF_THE_CALLER" not in names


def test_downloads_are_given_and_taken(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "old").write_text("old", encoding="utf-8")
    script = 'cp "$BUILD_DOWNLOADS/old" "$BUILD_DOWNLOADS/new"'
    NativeRooms(rooms=tmp_path / "rooms").run(replace(spec(tmp_path, script), downloads=cache), lambda _: None)
    assert (cache / "new").read_text(encoding="utf-8") == "old"


def test_a_hanging_command_is_killed_at_the_time_limit(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # Nobody ever writes: only the limit ends it.
    outcome = NativeRooms(rooms=tmp_path / "rooms").run(
        replace(spec(tmp_path, f"cat {fifo}"), limit=TimeLimit(seconds=0.05, origin="--timeout")), lambda _: None
    )
    assert (outcome.status, outcome.message) == (124, "stopped after 0.05 s (--timeout)")


def test_cancel_kills_what_runs_and_refuses_what_comes(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    rooms = NativeRooms(rooms=tmp_path / "rooms")
    started = threading.Event()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            rooms.run(spec(tmp_path, f"echo ready; cat {fifo}"), lambda _: started.set())
        except Interrupted as error:
            raised.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    assert started.wait(timeout=20)
    rooms.cancel()
    worker.join(timeout=20)
    assert len(raised) == 1
    with pytest.raises(Interrupted):
        rooms.run(spec(tmp_path, "true"), lambda _: None)
    assert list((tmp_path / "rooms").iterdir()) == []


@pytest.mark.parametrize("allowed", [True, False])
def test_install_commands_run_only_when_allowed(tmp_path: Path, *, allowed: bool) -> None:
    if os.getuid() and allowed:
        pytest.skip("needs root")
    lines: list[str] = []
    install = spec(tmp_path, "echo installing", role=Role.INSTALL)
    assert NativeRooms(rooms=tmp_path / "rooms", install=allowed).run(install, lines.append).status == 0
    assert lines == (["installing"] if allowed else [])


def test_the_memory_of_the_largest_process_is_told(tmp_path: Path) -> None:
    """`tail` holds what has no line ends; this much is more than the tests themselves take."""
    size = 600_000_000
    script = f"head -c {size} /dev/zero | tail -n 1 >/dev/null"
    outcome = NativeRooms(rooms=tmp_path / "rooms").run(spec(tmp_path, script), lambda _: None)
    assert size <= outcome.peak_memory < 2 * size


def test_less_memory_than_the_tool_has_is_not_known(tmp_path: Path) -> None:
    outcome = NativeRooms(rooms=tmp_path / "rooms").run(spec(tmp_path, "exit 3"), lambda _: None)
    assert (outcome.status, outcome.peak_memory) == (3, 0)
