"""One command for several targets: one plan, one run, one summary, one exit code, and nothing is done twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.support.project import native_project

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project

TARGET = '''"""Fits every machine, and builds for `ARCHITECTURES`."""

PACKAGES = {packages}
ARCHITECTURES = {architectures}


def env_match_current(host):
    return True


def env_arch_supported(env, arch):
    return arch in env.variable("ARCHITECTURES")
'''
# Each stage notes that it runs, in a place that the plan does not know.
SCRIPT = """#!/bin/sh
set -eu
echo "$BUILD_PACKAGE $1 $ARCH" >>"{counted}"
case $1 in
--source) echo source >"$BUILD_OUT/${{BUILD_PACKAGE}}_1.0.tar.gz" ;;
--build) echo "build for $ARCH" >"$BUILD_OUT/${{BUILD_PACKAGE}}_1.0_$ARCH.deb" ;;
esac
"""
NATIVE = ("--engine", "native")
# A kind whose tasks of `there/2` compare what both targets have built.
COMPARING = '''"""Compares builds of two targets."""

from build_env.model.artifact import StoredResult
from build_env.model.task import Input, Place, Task
from build_env.work.kind import Done, Kind
from build_env.work.registry import register


class Compare(Kind):
    name = "compare"
    of_packages = True

    def planned(self, target, tasks):
        for task in tasks.values():
            if task.stage == "build" and target.name == "there/2":
                both = (task.name._replace(target="here/1"), task.name)
                yield Task(
                    name=task.name._replace(stage=self.name),
                    static_inputs={"stage": self.name},
                    inputs=tuple(Input(task=name, place=Place.BUILD) for name in both),
                )

    def do(self, work, hands, write, *, anew):
        targets = " ".join(entry.task.target for entry in work.inputs)
        artifact = hands.store.put("compared.txt", targets.encode())
        return Done(
            stored=StoredResult(key=work.key, artifacts=(artifact,), isolation=hands.rooms.isolation, seconds=0.0)
        )


register(Compare())
'''


def target(packages: list[str], *architectures: str) -> str:
    return TARGET.format(packages=packages, architectures=architectures)


@pytest.fixture
def sample(project: MakeProject) -> Project:
    """`here/1` builds both packages for amd64 and arm64, `there/2` one of them for amd64 only."""
    made = project(
        {
            **native_project(),
            "targets/here/1/packages.conf.py": target(["one", "two"], "amd64", "arm64"),
            "targets/there/2/packages.conf.py": target(["one"], "amd64"),
        }
    )
    script = SCRIPT.format(counted=made.root.parent / "counted")
    made.write({"src/one/build.sh": script, "src/two/build.sh": script})
    return made


def counted(project: Project) -> Counter[str]:
    return Counter((project.root.parent / "counted").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    "words",
    [
        ("--target", "here/1,there/2"),
        ("--target", "here/1", "-d", "there/2"),
        ("--target", "all"),
        ("--target", "here/1,there,here/1"),
    ],
)
def test_one_plan_one_summary_and_the_same_again(sample: Project, words: tuple[str, ...]) -> None:
    first = sample.run(*words, *NATIVE, "--arch", "amd64")
    assert (first.returncode, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert lines[0] == "plan    8 tasks for here/1, there/2 on amd64, native on this machine: 8 to run"
    assert sum(line.startswith("plan") for line in lines) == 1
    assert sum(line.startswith("done") for line in lines) == 1
    assert any(line.split()[:5] == ["ok", "build", "two", "amd64", "here/1"] for line in lines), first.stdout
    assert any(line.split()[:4] == ["ok", "tar", "there/2", "amd64"] for line in lines), first.stdout
    second = sample.run(*words, *NATIVE, "--arch", "amd64")
    assert second.stdout.startswith("done    nothing to do: 8 tasks up to date (")


def test_a_single_target_is_not_named_in_each_line(sample: Project) -> None:
    result = sample.run("--target", "here/1", *NATIVE, "--arch", "amd64")
    assert any(
        line.split()[:4] == ["ok", "build", "one", "amd64"] and "here/1" not in line
        for line in result.stdout.splitlines()
    )


def test_equal_tasks_of_two_targets_run_once(sample: Project) -> None:
    result = sample.run("--target", "all", *NATIVE, "--arch", "amd64")
    assert result.returncode == 0, result.stdout
    assert set(counted(sample).values()) == {1}, counted(sample)


def test_an_architecture_that_one_target_has_not_is_a_line_of_the_plan(sample: Project) -> None:
    result = sample.run("plan", "--target", "all", *NATIVE, "--arch", "amd64,arm64", command="build-env")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "note    there/2 does not build for arm64: left out"
    assert lines[1].startswith(
        "plan    11 tasks for here/1 on amd64, arm64; there/2 on amd64, native on this machine: "
    ), lines[1]


def test_a_target_that_has_none_of_the_architectures_is_left_out(sample: Project) -> None:
    result = sample.run("--target", "all", *NATIVE, "--arch", "arm64")
    assert result.returncode == 0, result.stdout
    assert "note    there/2 does not build for arm64: left out\n" in result.stdout
    assert "tasks for here/1 on arm64, native on this machine: " in result.stdout


def test_an_architecture_that_no_target_has_is_an_error(sample: Project) -> None:
    result = sample.run("--target", "all", *NATIVE, "--arch", "amd64,s390x")
    assert result.returncode == 2
    assert "no target that was named builds for s390x" in result.stderr
    assert not (sample.root / "build" / "deploy").exists()


def test_a_package_that_one_target_does_not_list_is_built_by_the_others(sample: Project) -> None:
    result = sample.run("two", "--target", "all", *NATIVE, "--arch", "amd64")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "note    there/2 does not list two: not built for it\n" in result.stdout
    assert set(counted(sample)) == {
        f"{name} --{stage} amd64" for name in ("one", "two") for stage in ("source", "build")
    }


def test_a_package_that_no_target_lists_is_an_error(sample: Project) -> None:
    result = sample.run("thre", "--target", "all", *NATIVE)
    assert result.returncode == 2
    assert "there is no package thre" in result.stderr


def test_a_target_for_which_there_is_no_package_is_left_out_and_nothing_at_all_is_an_error(sample: Project) -> None:
    sample.write({"targets/there/2/packages.conf.py": target([], "amd64")})
    result = sample.run("--target", "all", *NATIVE, "--arch", "amd64")
    assert result.returncode == 0
    assert "there/2 has no package, as none in src/ has packaging for it: left out" in result.stdout
    assert not any("there/2" in line for line in result.stdout.splitlines() if line.startswith("  ok"))
    nothing = sample.run("--target", "there/2", *NATIVE, "--arch", "amd64")
    assert nothing.returncode == 2
    assert "there is nothing to build: no package in src/ is for there/2" in nothing.stderr


def test_a_failure_in_one_target_is_the_exit_code_of_all(sample: Project) -> None:
    sample.write({"src/two/build.sh": "#!/bin/sh\necho broken\nexit 3\n"})
    result = sample.run("--target", "all", *NATIVE, "--arch", "amd64", "-k")
    assert result.returncode == 1
    assert any(line.split()[:4] == ["ok", "tar", "there/2", "amd64"] for line in result.stdout.splitlines())
    assert any(line.startswith("failed  1 task failed") for line in result.stdout.splitlines())


def test_reports_hold_all_targets(sample: Project) -> None:
    result = sample.run(
        "--target", "all", *NATIVE, "--arch", "amd64,arm64", "--junit", "out.xml", "--report", "out.html"
    )
    assert result.returncode == 0, result.stdout
    suites = ET.fromstring(sample.read("out.xml")).findall("testsuite")  # noqa: S314 - our own
    assert [suite.get("name") for suite in suites] == ["here/1", "there/2"]
    page = sample.read("out.html")
    assert page.count("here/1") > 1
    assert page.count("there/2") > 1


def test_json_events_name_all_targets(sample: Project) -> None:
    result = sample.run("--target", "all", *NATIVE, "--arch", "amd64,arm64", "--log-format", "json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    plan = next(event for event in events if event["event"] == "plan")
    assert plan["targets"] == {"here/1": ["amd64", "arm64"], "there/2": ["amd64"]}
    assert {task["target"] for task in plan["tasks"]} == {"here/1", "there/2"}


@pytest.mark.parametrize("command", ["plan", "why", "graph"])
def test_commands_that_look_ahead_take_several_targets(sample: Project, command: str) -> None:
    result = sample.run(command, "--target", "all", *NATIVE, "--arch", "amd64", command="build-env")
    assert result.returncode == 0, result.stderr
    assert "here/1" in result.stdout
    assert "there/2" in result.stdout


def test_a_target_that_does_not_exist_is_named_with_the_nearest(sample: Project) -> None:
    result = sample.run("--target", "here/1,ther/3", *NATIVE)
    assert result.returncode == 2
    assert "ther/3" in result.stderr
    assert "there/2" in result.stderr


def test_an_edge_may_lead_into_another_target(sample: Project) -> None:
    there = "targets/there/2/packages.conf.py"
    sample.write({"common/comparing.py": COMPARING, there: f"{sample.read(there)}\nimport common.comparing\n"})
    both = sample.run("one", "--target", "all", *NATIVE, "--arch", "amd64")
    assert both.returncode == 0, both.stdout
    assert any(line.split()[:4] == ["ok", "compare", "one", "amd64"] for line in both.stdout.splitlines()), both.stdout
    objects = (sample.root / "build/store/objects").rglob("*")
    assert b"here/1 there/2" in {path.read_bytes() for path in objects if path.is_file()}
    plan = sample.run("plan", "one", "--target", "there/2", *NATIVE, "--arch", "amd64", "--json", command="build-env")
    # What is not planned is left out.
    comparing = next(task for task in json.loads(plan.stdout)["tasks"] if task["stage"] == "compare")
    assert [entry["task"] for entry in comparing["inputs"]] == ["there/2:one:build:amd64"], (
        "what is not planned is left out"
    )
