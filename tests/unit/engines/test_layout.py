"""The script of a room, run by a real shell."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from build_env.engines.layout import limiting_script, room_environment, room_script
from build_env.model.command import Command, ImageKind

if TYPE_CHECKING:
    from collections.abc import Mapping

# A shell gets no NUL and only what can be written as UTF-8.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NOTE = "note: the engine lets each process have 60 files open, not 70 (room_files)"


def command(*argv: str, cwd: str = ".", environment: Mapping[str, str] | None = None) -> Command:
    return Command(kind=ImageKind.BUILD, argv=argv, cwd=cwd, environment=environment or {})


def run(*commands: Command, root: str = "/") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/bin/sh", "-c", room_script(commands, root)], capture_output=True, check=False)


@settings(max_examples=40)
@given(st.lists(WORDS, max_size=4), WORDS)
def test_words_and_variables_arrive_as_they_are(words: list[str], value: str) -> None:
    show = "import os, sys; sys.stdout.buffer.write('\\0'.join([*sys.argv[1:], os.environ['V']]).encode())"
    done = run(command("python3", "-c", show, *words, environment={"V": value}))
    assert done.stdout.decode() == "\0".join([*words, value])
    assert done.returncode == 0


@pytest.mark.parametrize("status", [1, 3, 77, 255])
def test_the_status_of_the_first_command_that_fails_ends_the_script(status: int) -> None:
    done = run(command("echo", "one"), command("sh", "-c", f"exit {status}"), command("echo", "never"))
    assert (done.returncode, done.stdout) == (status, b"one\n")
    assert f"command 2 of 3 failed: sh -c 'exit {status}'".encode() in done.stderr


def test_a_program_that_is_not_there_fails() -> None:
    assert run(command("no-such-program")).returncode == 127


def test_a_command_changes_nothing_for_the_next() -> None:
    done = run(
        command("sh", "-c", "cd /tmp; A=1; exit 0", environment={"B": "1"}, cwd="/usr"),
        command("sh", "-c", "pwd; echo ${A-none} ${B-none}"),
    )
    assert done.stdout == b"/\nnone none\n"


def test_relative_places_begin_at_the_build_root() -> None:
    script = room_script(
        [command("common/deb/build.sh", cwd="src/greet"), command("make"), command("/bin/x")], "/build"
    )
    assert "cd /build/src/greet && exec /build/common/deb/build.sh" in script
    assert "cd /build && exec make" in script
    assert "exec /bin/x" in script


@pytest.mark.parametrize(("asked", "said"), [(50, ["50 50"]), (0, ["60 60"]), (70, [NOTE, "60 60"])])
def test_a_room_has_as_many_open_files_as_it_may(asked: int, said: list[str]) -> None:
    script = room_script([command("sh", "-c", "echo $(ulimit -n) $(ulimit -Hn)")], "/")
    # root may raise a limit as long as it has all its capabilities
    bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    argv = [*bare, "/bin/sh", "-c", f"ulimit -n 60; exec /bin/sh -c {shlex.quote(limiting_script(asked) + script)}"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines() == said


def test_exported_variables_are_set_in_the_script() -> None:
    script = room_script([command("sh", "-c", "echo $X")], "/", exported={"X": "it's"})
    assert subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout == b"it's\n"


def test_the_environment_says_where_everything_is() -> None:
    environment = room_environment("/build", {"BUILD_PACKAGE": "greet", "ARCH": "arm64"}, downloads=True)
    assert environment["BUILD_SRC"] == "/build/src/greet"
    assert environment["BUILD_DOWNLOADS"] == "/build/downloads"
    assert environment["ARCH"] == "arm64"
    assert "BUILD_DOWNLOADS" not in room_environment("/build", {})


def test_a_room_may_have_another_umask() -> None:
    assert "umask 022\n" in room_script([], "/")
    assert "umask 007\n" in room_script([], "/", umask=0o007)
