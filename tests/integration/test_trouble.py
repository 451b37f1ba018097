"""Trouble with the real command: a clear error, the right exit code, no traceback, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import private_engine
from tests.support.tiny import REPOSITORY, SCRIPT, tiny_project, tool_environment
from tests.support.tree import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root starts engines and mounts disks")
# Says that it runs, then waits for ever.
HANGING = SCRIPT.replace("--build) ", "--build) echo hanging; exec tail -f /dev/null; ")
HANGING_INSTALL = """

def run_build(env: Env, package: Package) -> None:
    env.use("common/install")
    env.install(ImageKind.BUILD, "common/install/install.sh")
    env.run_command_build(env.path_package_script(package), "--build")
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path, "one") as tiny:
        yield tiny


# ---------------------------------------------------------------------------------------------- the user's own


def test_a_failing_step_of_a_dockerfile(project: Tiny) -> None:
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\nRUN echo before; exit 7\n")
    answer = project.build().expect(1, "FAIL  image", "step of the Dockerfile failed", "returned a non-zero code: 7")
    assert "| before" in answer.text
    assert "not run because of" in answer.text
    assert project.leftovers() == []


def test_a_script_that_fails(project: Tiny) -> None:
    project.package("one", SCRIPT.replace("--build) ", "--build) echo last words; exit 3; "))
    answer = project.build().expect(1, "FAIL  build    one amd64", "exit status 3", "| last words", "log   build/logs/")
    log = next(line.split()[-1] for line in answer.text.splitlines() if line.split()[:1] == ["log"])
    assert "last words" in (project.root / log).read_text()
    assert project.leftovers(failed=1) == []
    project.package("one")
    project.build().expect(0, "done")


def test_a_script_that_is_no_program(project: Tiny) -> None:
    project.write("src/one/build.sh", SCRIPT, mode=0o644)
    project.build().expect(1, "exit status 126")


def test_a_script_that_hangs(project: Tiny) -> None:
    project.package("one", HANGING)
    project.build("--source").expect(0)  # so that the limit is for the build alone, however busy the machine is
    project.build("--timeout", "2").expect(1, "FAIL  build", "stopped after 2 s (--timeout)")
    assert project.leftovers(failed=1) == []
    assert [item for item in project.containers() if item.status == "running"] == []


def test_a_script_that_hangs_in_a_kept_room(project: Tiny) -> None:
    project.package("one", HANGING)
    project.build("--container", "--source").expect(0)
    project.build("--container", "--timeout", "2").expect(1, "FAIL  build", "stopped after 2 s (--timeout)")
    project.package("one")
    project.build("--container").expect(0, "done")


def test_a_tree_that_changes_while_its_stage_runs_changes_nothing_of_it(project: Tiny) -> None:
    gate = project.root / "gate"
    gate.mkdir()
    os.mkfifo(gate / "open")
    project.package("one", HANGING.replace("exec tail -f /dev/null", "cat /gate/open"))
    project.configure(_GATE)
    with project.started() as run:
        run.await_output("hanging")
        project.write("src/one/new", "edited meanwhile")
        (gate / "open").write_text("go on")
        answer = run.end()
    answer.expect(0, '"status": "done"')  # its room was filled from the snapshot
    project.package("one")
    project.build().expect(0, "done")
    assert project.leftovers() == []


# A pipe on which a script waits for the test.
_GATE = """

from build_env.hooks import Mount


def env_load_docker(env: Env) -> tuple[Mount, ...]:
    return (Mount(source="gate", destination="/gate"),)
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *((name, "cannot be a package name") for name in ("a b", "-one", "")),
        *((place, "does not exist") for place in ("../one", "one/..")),
        (".", "there is no package in"),
    ],
)
def test_a_name_that_is_none(project: Tiny, name: str, said: str) -> None:
    project.build("--", name).expect(2, said)
    assert project.leftovers() == []


def test_a_directory_that_is_no_project(project: Tiny, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    project.build("--root", str(empty)).expect(2, "is no project root", "build-env.toml")
    assert list(empty.iterdir()) == []


HOOKS = {
    "writes": ("    open('written', 'w').close()", 2, "writes written"),
    "prints": ("    print('a word of the hook')", 0, ""),
    "fails": ("    raise ValueError('no')", 2, "ValueError: no"),
    "starts": ("    import subprocess; subprocess.run(['true'])", 2, "subprocess.Popen"),
    "ends": ("    raise SystemExit(0)", 2, "tried to end the program"),
}


@pytest.mark.parametrize("kind", HOOKS)
def test_a_hook_that(project: Tiny, kind: str) -> None:
    body, status, words = HOOKS[kind]
    call = 'env.run_command_source(env.path_package_script(package), "--source")'
    project.configure(f"\n\ndef run_source(env: Env, package: Package) -> None:\n{body}\n    {call}\n")
    answer = project.build().expect(status, words)
    if status:
        assert f"targets/tiny/1/packages.conf.py:{line_of(project, body)}" in answer.text
    else:
        assert "a word of the hook" in project.log("one", "source")
    assert not (project.root / "written").exists()
    assert project.leftovers() == []


def line_of(project: Tiny, text: str) -> int:
    lines = (project.root / "targets/tiny/1/packages.conf.py").read_text().splitlines()
    return lines.index(text) + 1


# ------------------------------------------------------------------------------------------- the machine's own


def test_two_runs_at_once(project: Tiny) -> None:
    """The second one sweeps nothing that belongs to the first."""
    project.package("two")
    project.package("one", HANGING)
    with project.started("one") as run:
        run.await_output("hanging")
        rooms = {item.id for item in project.containers(role="room")}
        answer = project.build("two").expect(0, "done")
        assert "left behind" not in answer.text
        assert rooms <= {item.id for item in project.containers(role="room")}
        assert [
            item for item in rooms if item in {item.id for item in project.containers() if item.status == "running"}
        ]
        project.build("two").expect(0, "nothing to do")
        run.signal(signal.SIGINT)
        run.end().expect(130)
    assert project.leftovers() == []
    project.package("one")
    project.build("one", "two").expect(0, "done")
    assert project.leftovers() == []


def test_the_engine_keeps_what_a_living_run_has_when_another_was_killed(project: Tiny) -> None:
    project.package("two", HANGING)
    project.package("one", HANGING)
    with project.started("one") as living, project.started("two") as killed:
        living.await_output("hanging")
        killed.await_output("hanging")
        killed.signal(signal.SIGKILL)
        killed.end()
        project.package("three")
        project.build("three").expect(0, "removed 1 room that a killed run left behind")
        tasks = {item.labels["build-env.task"] for item in project.containers(role="room")}
        assert [task for task in tasks if ":one:" in task]
        assert not [task for task in tasks if ":two:" in task]
        living.signal(signal.SIGINT)
        living.end().expect(130)
    assert project.leftovers() == []


def test_a_file_of_the_store_that_is_damaged(project: Tiny) -> None:
    project.build().expect(0, "done")
    for path in (project.root / "build" / "store" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(bytes(path.stat().st_size))
    project.build("--dry-run").expect(0, "what it made is damaged")
    project.build().expect(0, "done")
    project.build().expect(0, "nothing to do")
    assert project.leftovers() == []


@pytest.mark.parametrize("length", [0, 7, 5000])
def test_a_database_that_is_cut_short(project: Tiny, length: int) -> None:
    project.build().expect(0, "done")
    database = project.root / "build" / "store.db"
    database.write_bytes(database.read_bytes()[:length])
    project.build().expect(0, "store.db could not be read (", "everything is built again", "done")
    project.build().expect(0, "nothing to do")


def test_no_engine(project: Tiny, tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/nowhere"
    project.build(environment={"DOCKER_HOST": nowhere}).expect(4, f"no Docker engine answers at {nowhere}", "next")
    assert project.leftovers() == []


def test_a_base_of_the_wrong_architecture(project: Tiny) -> None:
    with (project.root / "build-env.toml").open("a") as settings:
        settings.write('[base_images]\n"debian:12" = "debian:12-arm64"\n')
    project.build().expect(4, "debian:12-arm64, which is for arm64, not for amd64")
    assert project.leftovers() == []


def test_a_base_that_nobody_has(project: Tiny) -> None:
    project.configure(base="nobody.invalid/has-this:1")
    project.build().expect(4, "the base image nobody.invalid/has-this:1 for amd64 cannot be had", "base map")
    assert project.leftovers() == []


MOMENTS = {"image": "waiting in the image", "layer": "waiting in the layer", "room": "hanging"}
STOPPED = '"status": "interrupted"'


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_while_it_makes(project: Tiny, moment: str, number: signal.Signals) -> None:
    hang_in(project, moment)
    with project.started() as run:
        run.await_output(MOMENTS[moment])
        builders = running_in(project)
        run.signal(number)
        run.end().expect(130, '"event": "run-finished"', STOPPED)
    assert project.leftovers() == []
    await_end(builders)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_stopped_in_a_kept_room(project: Tiny, number: signal.Signals) -> None:
    project.package("one", HANGING)
    with project.started("--container") as run:
        run.await_output("hanging")
        run.signal(number)
        run.end().expect(130, STOPPED)
    assert "tail" not in str([item.top() for item in project.containers() if item.status == "running"])
    project.package("one")
    project.build("--container").expect(0, "done")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_it_makes(project: Tiny, moment: str) -> None:
    """Nothing can clean up after SIGKILL: the next run does."""
    hang_in(project, moment)
    with project.started() as run:
        run.await_output(MOMENTS[moment])
        builders = running_in(project)
        run.signal(signal.SIGKILL)
        assert run.end().status == -signal.SIGKILL
    assert project.leftovers() != [] or moment == "image"
    hang_in(project, "nothing")
    answer = project.build().expect(0, "done")
    assert ("that a killed run left behind" in answer.text) == (moment != "image")
    assert project.leftovers() == []
    await_end(builders)


def test_killed_with_files_half_written(project: Tiny) -> None:
    project.write("build/rooms/out-killed/half.deb", "half")
    project.write("build/rooms/native-killed/deep/file", "half", mode=0o400)
    project.write("build/store/temporary/killed", "half")
    project.build().expect(0, "done")
    assert project.leftovers() == []


@needs_root
def test_an_engine_that_dies(project: Tiny) -> None:
    project.package("one", SCRIPT.replace("--source) ", "--source) echo hanging; exec tail -f /dev/null; "))
    project.configure(_OFFLINE)
    with private_engine("debian:12") as engine:
        with project.started(environment={"DOCKER_HOST": engine.address}) as run:
            run.await_output("hanging")
            engine.kill()
            answer = run.end()
        answer.expect(4, engine.address, "was lost while running a room", "start the engine again")
        project.build(environment={"DOCKER_HOST": engine.address}).expect(4, "no Docker engine answers")
    project.package("one")
    project.build().expect(0, "done")
    assert project.leftovers() == []
    assert_as_undisturbed(project)


_OFFLINE = """

def run_source(env: Env, package: Package) -> None:
    env.run_command_source(env.path_package_script(package), "--source", network=False)
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Tiny]:
    """A project on a disk of 8 MB."""
    root = tmp_path / "small"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(root)], check=True)
    try:
        with tiny_project(root, "one") as tiny:
            yield tiny
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


@needs_root
@pytest.mark.parametrize("left", [0, 4096, 40_960, 262_144])
def test_a_full_disk(small: Tiny, left: int) -> None:
    free = os.statvfs(small.root)
    fill = small.root / "fill"
    fill.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - left)))
    answer = small.build()
    assert "Traceback" not in answer.text
    assert "defect" not in answer.text
    assert answer.status in {0, 4} if left > 100_000 else answer.status == 4, answer.text
    fill.unlink()
    small.build().expect(0, "done")
    assert small.leftovers() == []
    assert_as_undisturbed(small)


@needs_root
def test_a_result_that_does_not_fit(small: Tiny) -> None:
    small.package("one", SCRIPT.replace("--build) ", '--build) yes large | head -c 12000000 >"$BUILD_OUT/big.deb"; '))
    small.build().expect(4, "No space left on device", "free some space")
    subprocess.run(["mount", "-o", "remount,size=64m", str(small.root)], check=True)
    small.build().expect(0, "done")
    assert small.leftovers() == []
    assert_as_undisturbed(small)


# ---------------------------------------------------------------------------------------------------- helpers


def assert_as_undisturbed(project: Tiny) -> None:
    """What is there must be what the same command makes of nothing."""
    found = outcome(project.root)
    project.discard()
    shutil.rmtree(project.root / "build")
    project.build().expect(0, "done")
    assert found == outcome(project.root)


def hang_in(project: Tiny, moment: str) -> None:
    """Let the run wait for ever at that moment: while it makes an image, a layer, or in a room."""
    waits = f"RUN echo {MOMENTS[moment]}; tail -f /dev/null {project.prefix}\n" if moment == "image" else ""
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\n" + waits)
    waits = f"echo {MOMENTS[moment]}; exec tail -f /dev/null\n" if moment == "layer" else ""
    project.write("common/install/install.sh", "#!/bin/sh\n" + waits, mode=0o755)
    project.package("one", HANGING if moment == "room" else SCRIPT)
    project.configure(HANGING_INSTALL)


def running_in(project: Tiny) -> list[str]:
    """The containers in which the engine builds an image of `project`: only their commands tell."""
    argv = ["docker", "ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}"]
    listed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split()[0] for line in listed if f"tail -f /dev/null {project.prefix}" in line]


def await_end(containers: list[str]) -> None:
    """Wait until they have ended: the engine stops a build by itself when nobody listens any more."""
    for identifier in containers:
        subprocess.run(["docker", "wait", identifier], check=False, capture_output=True)


def test_the_launcher_says_that_a_directory_is_no_project(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(REPOSITORY / "build-all"), "greet"],
        cwd=tmp_path,
        env=tool_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "no project here" in done.stderr
