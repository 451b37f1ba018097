"""`build-env settings` and `build-env schema`, as they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import MakeProject

REFERENCE = Path(__file__).parents[3] / "docs/reference/schema"


def test_settings_show_value_origin_and_who_lost(project: MakeProject) -> None:
    made = project({"build-env.toml": "retries = 3\n", ".build-env/settings.toml": "retries = 4\n"})
    answer = made.run("settings", command="build-env", environment={"BUILD_ENV_BUILD_JOBS": "7"})
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert ["build_jobs", "7", "BUILD_ENV_BUILD_JOBS"] in lines
    at = lines.index(["retries", "4", ".build-env/settings.toml"])
    assert lines[at + 1 : at + 3] == [["overruled", "3", "build-env.toml"], ["overruled", "2", "default"]]
    assert ["image_prefix", '"build-env"', "default"] in lines


def test_settings_as_json(project: MakeProject) -> None:
    answer = project({"build-env.toml": "[base_images]\n'x:1' = 'y'\n"}).run("settings", "--json", command="build-env")
    settings = {entry.pop("name"): entry for entry in json.loads(answer.stdout)["settings"]}
    assert settings["base_images.x:1"] == {"value": "y", "origin": "build-env.toml", "overruled": []}
    assert settings["retries"] == {"value": 2, "origin": "default", "overruled": []}


def test_a_wrong_setting_is_told(project: MakeProject) -> None:
    answer = project().run("settings", command="build-env", environment={"BUILD_ENV_RETRIES": "x"})
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "BUILD_ENV_RETRIES: retries: a whole number is expected, not 'x'" in answer.stderr


@pytest.mark.parametrize("what", ["definition", "settings"])
def test_the_schemas_of_the_reference_are_those_that_are_printed(project: MakeProject, what: str) -> None:
    answer = project().run("schema", what, command="build-env")
    assert answer.returncode == 0
    assert answer.stdout == (REFERENCE / f"{what}.json").read_text("utf-8"), f"build-env schema {what} prints it anew"


@pytest.mark.parametrize(("what", "page"), [("definition", "definition.md"), ("settings", "all-settings.md")])
def test_the_tables_of_the_reference_are_those_that_are_printed(project: MakeProject, what: str, page: str) -> None:
    answer = project().run("schema", what, "--markdown", command="build-env")
    assert answer.returncode == 0
    assert answer.stdout == (REFERENCE.parent / page).read_text("utf-8"), f"schema {what} --markdown prints it"


def test_what_has_no_schema_is_told(project: MakeProject) -> None:
    answer = project().run("schema", "setings", command="build-env")
    assert answer.returncode == 2
    assert "schema takes definition or settings" in answer.stderr
