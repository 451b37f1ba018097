"""The table at the head of build_env/hooks.py is true, complete, and the same in the reference page."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

import pytest

import build_env.hooks
from build_env.model.target import LISTS, Options
from build_env.targets.defaults import DEFAULT_HOOKS
from build_env.targets.record import Env

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")
BASH_HOOKS = [
    "env_load",
    "env_load_post",
    "env_load_docker",
    "env_arch_supported",
    "env_match_current",
    "docker_image_create",
    "docker_image_name",
    "docker_pre_run",
    "run_source",
    "run_build",
    "run_source_deps",
    "run_build_deps",
    "run_build_metapackage",
    "run_verify",
    "run_verify_metapackage",
    "run_deploy_deps",
    "run_tar_build",
    "path_package_script",
]
FLAGS = [
    "--source",
    "--build",
    "--verify",
    "--install",
    "--arch=",
    "--docker=",
    "--print-target",
    "--print-package-name",
    "--print-package-version",
]

FOR_BUILD_ENV = {"loaded", "settings", "environ", "record"}

Row = tuple[str, str, str, str]


def table() -> dict[str, list[Row]]:
    """Section heading to its rows: bash name, Python, record, default."""
    sections: dict[str, list[Row]] = {}
    heading = ""
    for line in inspect.getdoc(build_env.hooks).replace("\n  | ", " | ").splitlines():  # type: ignore[union-attr]
        if line.startswith("| "):
            bash, python, records, default = (cell.strip() for cell in re.split(r" \| | \|$", line[2:])[:4])
            sections.setdefault(heading, []).append((bash, python, records, default))
        else:
            heading = line.partition(":")[0]
    return sections


HOOKS = table()["hooks of a target"]
HELPERS = table()["helpers"]
FACTS = table()["facts"]
VARIABLES = table()["variables of a target"]


def name_of(row: Row) -> str:
    return row[1].partition("(")[0]


def written(function: object, *, answer: bool) -> str:
    """A signature as the table writes it: names and defaults, and the answer's type for hooks."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [
        parameter.replace(annotation=parameter.empty)
        for name, parameter in signature.parameters.items()
        if name != "self"
    ]
    plain = signature.replace(parameters=parameters, return_annotation=signature.empty)
    return f"{plain} -> {signature.return_annotation}" if answer else str(plain)


@pytest.mark.parametrize("row", HOOKS, ids=name_of)
def test_hook_exists_with_that_signature(row: Row) -> None:
    name = name_of(row)
    assert row[1] == name + written(DEFAULT_HOOKS[name], answer=True)


@pytest.mark.parametrize("row", HELPERS, ids=name_of)
def test_helper_exists_with_that_signature(row: Row) -> None:
    name = name_of(row)
    assert row[1] == name + written(getattr(Env, name), answer=False)


@pytest.mark.parametrize("row", FACTS, ids=name_of)
def test_fact_exists(row: Row) -> None:
    name, _, option = row[1].partition(".")
    assert name in Env.__dataclass_fields__ or isinstance(inspect.getattr_static(Env, name), property)
    assert not option or option in Options.__dataclass_fields__


def test_no_hook_and_no_member_of_env_is_missing() -> None:
    assert [name_of(row) for row in HOOKS] == list(DEFAULT_HOOKS)
    members = {name for name in (*vars(Env), *Env.__dataclass_fields__) if not name.startswith("_")} - FOR_BUILD_ENV
    assert {name_of(row).partition(".")[0] for row in (*HELPERS, *FACTS)} == members
    assert {row[1] for row in FACTS if row[1].startswith("options.")} == {
        f"options.{name}" for name in Options.__dataclass_fields__
    }


def test_every_name_of_the_bash_scripts_is_there() -> None:
    assert [name_of(row) for row in HOOKS if row[0] == "="] == BASH_HOOKS
    helpers = {"docker_image_run", "docker_build_image", "run_command_build", "run_command_source"}
    assert helpers <= {name_of(row) for row in HELPERS if row[0] == "="}
    named = {row[0] for row in (*FACTS, *VARIABLES)} | {row[1] for row in VARIABLES if row[0] == "="}
    assert named >= {"ARCH", "arg_arch", "opt_build_arch", "opt_meta_arch", "opt_deps_arch", "PELION_DOCKER_PREFIX"}
    assert named >= {"CTX_PATH", "ENV_TARGET_ROOT", "DOCKER_BUILD_ARGS", "PLATFORM_ARCH", *LISTS}


@pytest.mark.parametrize("row", VARIABLES, ids=name_of)
def test_each_variable_has_a_test_of_its_behaviour(row: Row) -> None:
    text = (Path(__file__).parent / "test_variables.py").read_text(encoding="utf-8")
    assert f"def test_{row[1].lower()}_" in text


def test_the_page_has_the_same_table_and_says_more_of_each() -> None:
    rows = [row for section in table().values() for row in section]
    for bash, python, records, default in rows:
        shown = bash if bash in {"=", "-"} else f"`{bash}`"
        line = f"| {shown} | `{python}` | {records.replace('<', '&lt;')} | {default.replace('<', '&lt;')} |"
        assert line in PAGE
        assert f"\n**{python.partition('(')[0]}**: " in PAGE
    assert PAGE.count("| `") + PAGE.count("| = |") + PAGE.count("| - |") >= len(rows)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("family", ["deb", "rpm"])
def test_package_scripts_take_the_flag_and_the_page_names_it(family: str, flag: str) -> None:
    script = ROOT / "common" / family / "build.sh"
    usage = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    assert flag in usage
    assert f"`{flag}" in PAGE


def test_the_surface_is_what_the_module_exports() -> None:
    for name in build_env.hooks.__all__:
        assert getattr(build_env.hooks, name).__name__ == name
