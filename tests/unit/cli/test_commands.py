"""The real commands in small projects that need no container engine."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.project import SCRIPT, native_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import MakeProject, Project

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
OTHER_TARGET = 'PACKAGES = ["one"]\nMETAPACKAGES = ["both"]\nDEPENDS = ["two"]\n'


@pytest.fixture
def sample(project: MakeProject) -> Project:
    return project({**native_project(), "targets/there/2/packages.conf.py": OTHER_TARGET})


def failing(name: str) -> dict[str, str]:
    return {f"src/{name}/build.sh": "#!/bin/sh\necho broken\nexit 3\n"}


def test_bare_build_all_lists_and_suggests(sample: Project) -> None:
    before = sample.listing()
    result = sample.run()
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "targets"
    assert any(line.split() == ["here/1", "amd64", "*", "this", "machine"] for line in lines) or "here/1" in lines[1]
    assert any(line.split() == ["one", "1.0", "The", "first"] for line in lines)
    assert lines[-1].startswith("next    build-all --target here/1 ")
    assert sample.listing() == before


def test_a_native_build_and_the_same_again(sample: Project) -> None:
    first = sample.run("one", "two")
    assert (first.returncode, first.stderr) == (0, "")
    headline = first.stdout.splitlines()[0]
    assert headline.startswith("plan    4 tasks for here/1 on ")
    assert headline.endswith(", native on this machine: 4 to run")
    assert "next" not in first.stdout
    second = sample.run("one", "two")
    assert second.returncode == 0
    assert second.stdout.startswith("done    nothing to do: 4 tasks up to date (")


def test_a_run_says_about_how_long_it_takes_and_how_it_knows(sample: Project) -> None:
    first = sample.run("one", "two")
    assert first.stdout.splitlines()[1].endswith(", from 4 guesses")
    sample.write({"src/one/build.sh": SCRIPT + "true\n"})
    second = sample.run("--memory", "1G", "one", "two")
    assert second.stdout.splitlines()[1].endswith(", from 3 recorded times")


def test_memory_without_a_unit_is_wrong_use(sample: Project) -> None:
    result = sample.run("--memory", "8", "one")
    assert result.returncode == 2
    assert "--memory takes a size with its unit, such as 512M or 8G, not 8" in result.stderr


def test_a_failure_tells_the_log_and_no_command_that_would_not_work(sample: Project) -> None:
    sample.write(failing("one"))
    result = sample.run("one", "two")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert any(line.startswith("  FAIL  source   one") and line.endswith("exit status 3") for line in lines)
    assert "        | broken" in lines
    log = next(line.split()[1] for line in lines if line.startswith("        log "))
    assert "broken" in sample.read(log)
    assert "--failed" not in result.stdout
    assert "failed  1 task failed, 2 not run because of it" in lines
    assert any(line.startswith("        not run because of source one: build one ") for line in lines)


def test_keep_going_says_what_was_not_run_because_of_what(sample: Project) -> None:
    sample.write(failing("one"))
    result = sample.run("--keep-going", "one", "two")
    assert result.returncode == 1
    assert any(line.startswith("  ok    source   two") for line in result.stdout.splitlines())
    assert "not run because of source one: build one" in result.stdout


def test_json_is_all_there_is_on_standard_output(sample: Project) -> None:
    result = sample.run("--log-format", "json", "one")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0]["event"] == "plan"
    assert events[-1]["event"] == "run-finished"
    assert any(event["event"] == "task-output" and event["line"] == "build of one" for event in events)
    assert {event["status"] for event in events if event["event"] == "task-finished"} == {"done"}


def test_json_tells_an_error_that_ends_the_run(sample: Project) -> None:
    result = sample.run("--log-format", "json", "--target", "there/2", "one", environment=NO_ENGINE)
    assert result.returncode == 4
    last = json.loads(result.stdout.splitlines()[-1])
    assert (last["event"], last["exit_code"]) == ("error", 4)


def test_github_groups(sample: Project) -> None:
    result = sample.run("--build", "one", environment={"GITHUB_ACTIONS": "true"})
    lines = result.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("::group::build one"))
    end = lines.index("::endgroup::", start)
    assert lines[start + 1] == "build of one"
    assert [line.partition(",")[0] for line in lines[start + 2 : end]] == ["note: it left no package in out/"]


def test_a_dry_run_shows_every_argv_and_writes_no_result(sample: Project) -> None:
    result = sample.run("--dry-run", "one")
    assert result.returncode == 0
    assert "$ src/one/build.sh --source" in result.stdout
    assert "$ src/one/build.sh --build --arch=" in result.stdout
    assert not (sample.root / "build" / "logs").exists()


def test_plan_agrees_with_the_run_and_is_canonical(sample: Project) -> None:
    before = json.loads(sample.run("plan", "--json", "one", command="build-env").stdout)
    assert set(before["answers"].values()) > {"run (no result is recorded)"}
    sample.run("one")
    text = sample.run("plan", "--json", "one", command="build-env").stdout
    after = json.loads(text)
    assert set(after["answers"].values()) == {"hit"}
    assert after["tasks"] == before["tasks"]
    assert text == json.dumps(after, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    assert len(sample.run("plan", "one", command="build-env").stdout.splitlines()) == 1
    assert len(sample.run("plan", "--all", "one", command="build-env").stdout.splitlines()) == 1 + len(after["tasks"])


def test_a_dry_run_lists_what_would_be_done_and_counts_the_rest(sample: Project) -> None:
    sample.run("one")
    lines = sample.run("--dry-run", "one", "two").stdout.splitlines()
    assert not [line for line in lines if line.startswith("  ") and line.split()[1] == "one"]
    assert any(line.startswith("  source   two ") and "run (" in line for line in lines)
    assert lines[-1].endswith("tasks up to date (shown by build-env plan --all)")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--print-list", "env"], "here/1\nthere/2\n"),
        (["-e", "packages"], "one\ntwo\n"),
        (["-d", "there", "-e", "meta"], "both\n"),
        (["-d", "there/2", "--print-env=deps"], "two\n"),
        (["-d", "here/1", "-e", "deps"], ""),
    ],
)
def test_lists_for_scripts(sample: Project, arguments: list[str], printed: str) -> None:
    result = sample.run(*arguments)
    assert (result.returncode, result.stdout) == (0, printed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "nowhere", "one"], "there is no target nowhere"),
        (["--engine", "native", "--target", "there", "one"], "cannot be built natively"),
        (["--engine", "podman", "one"], "--engine takes docker or native, not podman"),
        (["-c", "one"], "a native build has none"),
        (["--log-format", "xml", "one"], "--log-format takes"),
        (["three"], "there is no package three"),
        (["onne"], "did you mean one?"),
        (["../one"], "does not exist"),
        (["a b"], "cannot be a package name"),
        (["--", "-one"], "cannot be a package name"),
        (["--arch", "vax", "one"], "does not support the architecture vax"),
        (["--arch", "amd46", "one"], "build-all --arch amd64 one"),
        (["--root", "/", "one"], "is no project root"),
    ],
)
def test_wrong_use(sample: Project, arguments: list[str], words: str) -> None:
    before = sample.listing()
    result = sample.run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    left = {name for name in sample.listing() - before if not name.startswith(("build/store", "build/runs"))}
    assert not left


def test_engine_docker_without_a_target_takes_the_machines_own(sample: Project) -> None:
    result = sample.run("--engine", "docker", "one", environment=NO_ENGINE)
    assert result.returncode == 4
    assert "no Docker engine answers" in result.stderr


def test_engine_native_with_the_machines_target(sample: Project) -> None:
    result = sample.run("--engine", "native", "--target", "here/1", "one")
    assert result.returncode == 0
    assert "2 tasks for here/1" in result.stdout


def test_outside_of_a_project(tmp_path: Path, project: MakeProject) -> None:
    made = project()
    (made.root / "build-env.toml").unlink()
    result = made.run("one")
    assert result.returncode == 2
    assert "no project here" in result.stderr


def test_list_as_json_and_with_a_target_that_is_broken(sample: Project) -> None:
    sample.write({"targets/there/2/packages.conf.py": "PACKAGES = [\n"})
    result = sample.run("list", "--json", command="build-env")
    assert result.returncode == 2
    data = json.loads(result.stdout)
    here, there = data["targets"]
    assert (here["name"], here["fits"], here["problem"]) == ("here/1", True, [])
    assert "targets/there/2/packages.conf.py:1" in there["problem"][0]
    assert [entry["name"] for entry in data["packages"]] == ["one", "two"]
    assert "packages" not in json.loads(sample.run("list", "targets", "--json", command="build-env").stdout)
    assert "cannot be used" in sample.run().stdout


def test_explain_knows_every_code(sample: Project) -> None:
    everything = sample.run("explain", command="build-env").stdout
    codes = [line.split()[0] for line in everything.splitlines() if line and not line.startswith(" ")]
    assert {"usage", "input", "hook", "environment", "infrastructure", "interrupted", "task"} <= set(codes)
    one = sample.run("explain", "[hook]", command="build-env")
    assert one.stdout.startswith("hook (exit code 2)\n  ")
    wrong = sample.run("explain", "hok", command="build-env")
    assert wrong.returncode == 2
    assert "did you mean hook?" in wrong.stderr


def test_a_shell_without_a_terminal_wants_a_command(sample: Project) -> None:
    result = sample.run("shell", "here/1", command="build-env")
    assert result.returncode == 2
    assert "a shell needs a terminal" in result.stderr


def test_a_shell_without_an_engine(sample: Project) -> None:
    result = sample.run("shell", "here/1", "ls", command="build-env", environment=NO_ENGINE)
    assert result.returncode == 4


SLOW = SCRIPT + "\necho started\nexec sleep 60\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_says_so_and_leaves_no_process(sample: Project, number: signal.Signals) -> None:
    sample.write({"src/one/build.sh": SLOW})
    seen = []
    with sample.start("--log-format", "json", "one") as process:
        for line in process.stdout or ():
            seen.append(json.loads(line))
            if seen[-1].get("line") == "started":
                process.send_signal(number)
    assert process.returncode == 130
    assert seen[-1]["event"] == "run-finished"
    assert seen[-1]["status"] == "interrupted"
    assert not list((sample.root / "build" / "rooms").iterdir())


def test_a_reader_that_goes_stops_the_run(sample: Project) -> None:
    sample.write({"src/one/build.sh": SLOW})
    with sample.start("--log-format", "json", "one") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait() == 130


def test_on_a_terminal_the_progress_is_removed_at_the_end(sample: Project) -> None:
    script = shutil.which("script")
    if script is None:
        pytest.skip("script(1) makes the terminal, and is not here")
    command = shlex.join(sample._argv("build-all", ("one",)))
    environment = {**sample._environment(None), "TERM": "xterm-256color"}
    result = subprocess.run(
        [script, "--quiet", "--return", "--command", command, "/dev/null"],
        cwd=sample.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    assert result.stdout.rindex("\x1b[?25h") > result.stdout.rindex("\x1b[?25l")
    assert "done" in result.stdout
