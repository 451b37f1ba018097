"""Builds that do what they can against the tool: each fails alone or is told as it is, and all others are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.tiny import SCRIPT, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path) as tiny:
        tiny.package("good")
        yield tiny


def building(commands: str) -> str:
    return SCRIPT.replace("--build) ", f"--build) {commands}\n")


# Everything that a process can read of the others, and every name that may be a mark in it told as an end.
FORGES = building(r"""
    cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' >"$BUILD_WORK/read" || :
    env >>"$BUILD_WORK/read"
    for mark in $(grep -Eo 'build-env-[a-z0-9-]+' "$BUILD_WORK/read" | sort -u); do
        printf '\n%s %s 0 1\n%s %s %s 1\n%s\n' "$mark" 1 "$mark" 1 9 "$mark"
    done
    echo "the log goes on"
    exit 7
""")
# A pipe may be opened for reading by who owns it: what comes after the build must come after it.
READS_THE_PIPE = building(r"""
    (setsid sh -c 'trap "" HUP TERM INT; exec 2>/dev/null; while :; do head -c 200 /proc/self/fd/1; done' &) || :
    (setsid sh -c 'while :; do echo "said by one that was left"; done' &)
""")
LEAVES = {
    "conflict": ('mkdir -p "$BUILD_OUT/a"; ln "$BUILD_WORK/x" "$BUILD_OUT/a/b"; chmod 0 "$BUILD_OUT/a"', None),
    "newline": ('touch "$BUILD_OUT/a\nb.deb"', "cannot be shown"),
    "no text": (r'touch "$BUILD_OUT/$(printf "\377")"', "cannot be shown"),
    "deep": ('cd "$BUILD_OUT"; for n in $(seq 60); do mkdir d; cd d; done; touch x', "more than 32 directories"),
    "sparse": ('truncate -s 300M "$BUILD_OUT/sparse"', None),
    "links": ('ln -s /etc/passwd "$BUILD_OUT/p"; ln -s . "$BUILD_OUT/loop"', "links as results: out/loop, out/p"),
    "pipe": ('mkfifo "$BUILD_OUT/pipe"', None),
}


@pytest.mark.parametrize("kept", [False, True])
def test_an_end_cannot_be_forged(project: Tiny, *, kept: bool) -> None:
    project.package("bad", FORGES)
    options = ["--container"] if kept else []
    project.build("--keep-going", *options).expect(1, "exit status 7", "the log goes on", "failed  1 task failed")
    assert "the log goes on" in project.log("bad", "build", "amd64")


@pytest.mark.parametrize("kept", [False, True])
def test_what_a_build_leaves_at_work_says_nothing_after_it(project: Tiny, *, kept: bool) -> None:
    project.package("bad", READS_THE_PIPE)
    options = ["--container"] if kept else []
    project.build(*options).expect(0, "done    7 tasks")
    assert project.log("good", "verify", "amd64") == ""


@pytest.mark.parametrize("name", LEAVES)
def test_what_cannot_be_kept_fails_its_package_alone(project: Tiny, name: str) -> None:
    commands, said = LEAVES[name]
    project.package("bad", building(f'echo x >"$BUILD_WORK/x"; {commands}'))
    if said is None:
        project.build("--keep-going").expect(0, "done    7 tasks")
    else:
        project.build("--keep-going").expect(1, said, "failed  1 task failed")


def test_a_pipe_that_a_build_has_changed_loses_no_result(project: Tiny) -> None:
    """As programs do that share their output with an event loop."""
    commands = (
        "perl -e 'use Fcntl; fcntl(STDOUT, F_SETFL, fcntl(STDOUT, F_GETFL, 0) | O_NONBLOCK)';"
        'head -c 300000 /dev/urandom >"$BUILD_OUT/random"'
    )
    project.package("odd", building(commands))
    project.build().expect(0, "done    7 tasks")


def test_a_status_that_means_trouble_elsewhere_is_a_failure_of_a_build(project: Tiny) -> None:
    project.package("bad", building("exit 75"))
    answer = project.build("--keep-going").expect(1, "exit status 75")
    assert "attempt 2" not in answer.text


def test_rooms_at_work_have_a_loopback_each(project: Tiny) -> None:
    show = building('echo "namespace $(readlink /proc/self/ns/net) $(cat /proc/net/tcp | wc -l)"')
    for name in ("one", "two"):
        project.package(name, show)
    project.build().expect(0)
    logs = [project.log(name, "build", "amd64") for name in ("one", "two")]
    namespaces = {line for log in logs for line in log.splitlines() if line.startswith("namespace")}
    assert len(namespaces) == 2


LIMITED = building(
    'echo "pids $(cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null)";'
    'echo "files $(ulimit -n)"; echo "shared $(df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2)"'
)


@pytest.mark.parametrize("kept", [False, True])
def test_a_room_has_the_limits_of_the_settings(project: Tiny, *, kept: bool) -> None:
    project.package("one", LIMITED)
    environment = {"BUILD_ENV_ROOM_PROCESSES": "500", "BUILD_ENV_ROOM_SHARED_MEMORY": "80M"}
    project.build(*(["--container"] if kept else []), environment=environment).expect(0)
    log = project.log("one", "build", "amd64")
    assert "pids 500\n" in log
    assert "files 16384\n" in log
    assert f"shared {80 * 1024}\n" in log


def test_a_package_may_ask_for_other_limits(project: Tiny) -> None:
    definition = "name: two\nroom:\n  processes: 600\n  files: 3000\n  shared_memory: 2M\n"
    project.package("two", LIMITED, definition=definition)
    project.build().expect(0)
    log = project.log("two", "build", "amd64")
    assert "pids 600\n" in log
    assert "files 3000\n" in log
    assert "shared 2048\n" in log


def test_a_bomb_of_processes_ends_with_its_room(project: Tiny) -> None:
    project.package("bad", building("b() { b | b & }; b 2>/dev/null; exit 9"))
    project.build("--keep-going", environment={"BUILD_ENV_ROOM_PROCESSES": "100"}).expect(1, "failed  1 task failed")


def test_output_without_end_is_stopped(project: Tiny) -> None:
    project.package("bad", building("yes"))
    answer = project.build("--keep-going", environment={"BUILD_ENV_ROOM_LOG": "1M"})
    answer.expect(1, "printed more than 1M", "failed  1 task failed")
