"""`build-env why` on a native project: hits, the first changed file, the chain, and the old tree gone."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project

CONF = """
PACKAGES = ["one", "two"]


def env_match_current(host):
    return True


def run_source(env, package):
    env.run_command_source("sh", "-c", f"cp $BUILD_SRC/text out/{package.name}.tar")


def run_build(env, package):
    env.run_command_build("sh", "-c", f"cp in/source/*.tar out/{package.name}.deb")
"""
FILES = {
    "targets/here/1/packages.conf.py": CONF,
    "src/one/text": "1\n",
    "src/two/text": "2\n",
    "src/two/definition.yaml": "requires: [one]\n",
}


def built(project: MakeProject) -> Project:
    made = project(FILES)
    done = made.run("--engine", "native")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def why(made: Project, *words: str) -> str:
    asked = made.run("why", *words, command="build-env")
    assert asked.returncode == 0, asked.stderr
    return str(asked.stdout)


def test_what_is_up_to_date_says_what_that_rests_on(project: MakeProject) -> None:
    answer = why(built(project), "one")
    assert "hit   source one" in answer
    assert "inputs are those of its result" in answer


def test_which_target_is_meant_is_said_where_none_was_named(project: MakeProject) -> None:
    """A person who builds in containers would take the answer for one about these."""
    made = project(FILES)
    assert "note    for here/1, native on this machine" in made.run("why", command="build-env").stderr
    assert "native" not in made.run("why", "--target", "here/1", "--engine", "native", command="build-env").stderr


def test_the_changed_file_is_named_and_led_to_from_what_depends_on_it(project: MakeProject) -> None:
    made = built(project)
    made.write({"src/one/text": "changed\n"})
    answer = why(made)
    assert "run   source one" in answer
    assert "src/one/text changed (" in answer
    assert "hit   source two" in answer
    last = answer[answer.index("maybe build two") :].splitlines()
    assert last[1].split() == ["build", "one", "amd64:", "maybe", "(after", "source", "one)"]
    assert "src/one/text changed" in last[2]


def test_json_has_the_same_answers(project: MakeProject) -> None:
    made = built(project)
    (made.root / "src/one/text").chmod(0o755)
    first = json.loads(why(made, "one", "--json"))[0]
    assert (first["verdict"], first["label"]) == ("run", "source one")
    assert "executable" in first["reason"]


def test_a_new_and_a_removed_file_are_told_after_the_old_tree_is_gone(project: MakeProject) -> None:
    made = built(project)
    shutil.rmtree(made.root / "src/one")
    made.write({"src/one/other": "1\n"})
    assert "src/one/other is new" in why(made, "one")


def test_what_failed_says_at_what_and_where_that_is_told(project: MakeProject) -> None:
    broken = CONF.replace("cp in/source/*.tar", "echo broken; exit 7; cp")
    made = project({**FILES, "targets/here/1/packages.conf.py": broken})
    assert made.run("--engine", "native", "one").returncode == 1
    answer = why(made, "one")
    assert "the last attempt failed: exit status 7 (log build/logs/here-1/one." in answer


def test_what_failed_with_other_inputs_says_what_changed_since_the_last_result(project: MakeProject) -> None:
    made = built(project)
    made.write({"targets/here/1/packages.conf.py": CONF.replace("cp in/source/*.tar", "exit 7; cp")})
    assert made.run("--engine", "native", "one").returncode == 1
    assert "the last attempt failed: exit status 7" in why(made, "one")
    made.write({"targets/here/1/packages.conf.py": CONF.replace("cp in/source/*.tar", "exit 8; cp")})
    answer = why(made, "one")
    assert "the last attempt" not in answer
    assert "changed" in answer


def test_what_never_came_out_says_that_it_failed_with_other_inputs(project: MakeProject) -> None:
    made = project({**FILES, "targets/here/1/packages.conf.py": CONF.replace("cp in/source/*.tar", "exit 7; cp")})
    assert made.run("--engine", "native", "one").returncode == 1
    made.write({"targets/here/1/packages.conf.py": CONF})
    assert "the last attempt failed, with other inputs: exit status 7 (log " in why(made, "one")


@pytest.mark.parametrize("words", [("why",), ("plan",), ("--dry-run",)])
def test_no_name_of_a_file_is_a_command_to_a_ci_system(project: MakeProject, words: tuple[str, ...]) -> None:
    made = built(project)
    made.write({"src/one/a ##[error]b\n::error::c": "new\n"})
    asked = made.run(*words, command="build-all" if words == ("--dry-run",) else "build-env")
    assert asked.returncode == 0, asked.stderr
    assert "## [error]b\\n::error::c is new" in asked.stdout
    assert not any(line.startswith("::") for line in asked.stdout.splitlines())


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8:strict", r"ä\udce4 is new"), ("ascii:strict", r"\xe4\udce4 is new")]
)
@pytest.mark.parametrize("words", [("why",), ("plan",), ("--dry-run",)])
def test_a_name_that_is_no_text_is_shown_whatever_the_encoding(
    project: MakeProject, words: tuple[str, ...], encoding: str, shown: str
) -> None:
    made = built(project)
    (made.root / "src/one" / os.fsdecode("ä".encode() + b"\xe4")).write_text("new", encoding="utf-8")
    command = "build-all" if words == ("--dry-run",) else "build-env"
    asked = made.run(*words, command=command, environment={"PYTHONIOENCODING": encoding})
    assert asked.returncode == 0, asked.stderr
    assert f"src/one/{shown}" in asked.stdout
    if command == "build-env":
        asked = made.run(*words, "--json", command=command, environment={"PYTHONIOENCODING": encoding})
        assert asked.returncode == 0, asked.stderr
        assert r"src/one/ä\udce4 is new" in str(json.loads(asked.stdout)).replace(r"\\", "\\")
