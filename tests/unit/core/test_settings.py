from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.core.paths import ProjectPaths
from build_env.settings import SETTINGS, Settings, load_settings, setting_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load(root: Path, project: str, local: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    (root / "build-env.toml").write_text(project, encoding="utf-8")
    if local:
        (root / ".build-env").mkdir(exist_ok=True)
        (root / ".build-env" / "settings.toml").write_text(local, encoding="utf-8")
    return load_settings(ProjectPaths(root=root), environ or {})


def test_everything_has_a_default(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Settings()


def test_the_machines_file_wins_and_tables_are_joined(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        'build_jobs = 3\nimage_prefix = "a"\n[base_images]\n"x:1" = "y"\n"z" = "z"\n',
        'timeout = 5\nimage_prefix = "b"\n[base_images]\n"x:1" = "w"\n',
    )
    assert (found.build_jobs, found.image_prefix, found.timeout) == (3, "b", 5)
    assert found.base_images == {"x:1": "w", "z": "z"}
    assert found.origins["build_jobs"] == "build-env.toml"
    assert found.origins["image_prefix"] == ".build-env/settings.toml"
    assert "signing_key" not in found.origins


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("build_job = 1", "build-env.toml:1:1: build_job: there is no such setting (did you mean build_jobs?)"),
        ("\n  build_jobs = 'x'", "build-env.toml:2:3: build_jobs: a whole number is expected, not 'x'"),
        ("build_jobs = true", "build-env.toml:1:1: build_jobs: a whole number is expected, not true"),
        ("build_jobs = 0", "build-env.toml:1:1: build_jobs: a whole number of 1 or more is expected, not 0"),
        ("timeout = 'x'", "build-env.toml:1:1: timeout: a number is expected, not 'x'"),
        ("timeout = -1", "build-env.toml:1:1: timeout: a number of 0 or more is expected, not -1"),
        ("timeout = nan", "build-env.toml:1:1: timeout: a number of 0 or more is expected, not nan"),
        ("retries = -1", "build-env.toml:1:1: retries: a whole number of 0 or more is expected, not -1"),
        (
            "memory = 8",
            "build-env.toml:1:1: memory: a size with its unit, such as 512M or 8G is expected, not a number",
        ),
        ("memory = '8'", "build-env.toml:1:1: memory: '8' is not a size with its unit, such as 512M or 8G"),
        ("image_prefix = 1", "build-env.toml:1:1: image_prefix: text is expected, not a number"),
        ("base_images = 'x'", "build-env.toml:1:1: base_images: a map is expected, not text"),
        (
            "room_caches = {x = 'own'}",
            "build-env.toml:1:1: room_caches.x: 'x' is not known; known: cargo, ccache, pip",
        ),
        ("room_caches = {pip = 'x'}", "build-env.toml:1:1: room_caches.pip: 'x' is not known; known: own, shared"),
        ("[base_images]\na = 1", "build-env.toml:2:1: base_images.a: text is expected, not a number"),
        ("origins = {}", "build-env.toml:1:1: origins: there is no such setting"),
    ],
)
def test_a_wrong_setting_has_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert [str(fault).partition("; settings: ")[0] for fault in caught.value.faults] == [said]


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, "a = 1\nb = 2\n")
    assert len(caught.value.faults) == 2


def test_what_is_not_toml_has_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is not TOML") as caught:
        load(tmp_path, "\na = = 1\n")
    assert str(caught.value.location) == "build-env.toml:2:5"


def test_what_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "build-env.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="this is not UTF-8"):
        load_settings(ProjectPaths(root=tmp_path), {})


def test_a_fault_is_told_at_the_innermost_key_with_a_place(tmp_path: Path) -> None:
    text = "base_images = { 'a' = 1 }\n"
    for given, place in ((text, "1:1"), ("[ base_images ]\n'x:1' = 1\n", "2:1"), ("base_images.'x:1' = 1\n", "1:1")):
        with pytest.raises(InputError) as caught:
            load(tmp_path, given)
        assert str(caught.value.faults[0].location) == f"build-env.toml:{place}"


def test_variables_win_over_files_and_an_empty_one_is_not_set(tmp_path: Path) -> None:
    environ = {
        "BUILD_ENV_BUILD_JOBS": "7",
        "BUILD_ENV_TIMEOUT": "1.5",
        "BUILD_ENV_FINAL_VERSIONS": "true",
        "BUILD_ENV_IMAGE_PREFIX": "ours",
        "BUILD_ENV_BASE_IMAGES": "x:1=v, new:2=w",
        "BUILD_ENV_SIGNING_KEY": "",
        "BUILD_ENV_EXTERNAL_PATH": "/x",
        "PATH": "/bin",
    }
    local = 'build_jobs = 3\nsigning_key = "k"\n[base_images]\n"x:1" = "y"\n"z" = "z"\n'
    found = load(tmp_path, "build_jobs = 2\n", local, environ)
    assert (found.build_jobs, found.timeout, found.image_prefix, found.signing_key) == (7, 1.5, "ours", "k")
    assert found.base_images == {"x:1": "v", "z": "z", "new:2": "w"}
    assert found.origins["build_jobs"] == "BUILD_ENV_BUILD_JOBS"
    assert found.final_versions is True


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("BUILD_ENV_BUILD_JOBS", "many", "build_jobs: a whole number is expected, not 'many'"),
        ("BUILD_ENV_BUILD_JOBS", "0", "build_jobs: a whole number of 1 or more is expected, not 0"),
        ("BUILD_ENV_TIMEOUT", "1e9", "timeout: a number is expected, not '1e9'"),
        ("BUILD_ENV_MEMORY", "8", "memory: '8' is not a size with its unit, such as 512M or 8G"),
        ("BUILD_ENV_BASE_IMAGES", "x", "base_images: NAME=VALUE is expected, several with a comma between them"),
        ("BUILD_ENV_BUILD_JOB", "1", "no setting has this variable (did you mean BUILD_ENV_BUILD_JOBS?)"),
    ],
)
def test_a_fault_of_a_variable_names_it(tmp_path: Path, variable: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, "retries = 'x'\n", environ={variable: text})
    assert {str(fault) for fault in caught.value.faults} == {
        "build-env.toml:1:1: retries: a whole number is expected, not 'x'",
        f"{variable}: {said}",
    }


def test_each_value_has_its_origin_and_who_lost(tmp_path: Path) -> None:
    load(tmp_path, 'retries = 3\n[base_images]\n"x:1" = "y"\n', 'retries = 4\n[base_images]\n"x:1" = "z"\n')
    environ = {"BUILD_ENV_RETRIES": "5"}
    values = {value.name: value for value in setting_values(ProjectPaths(root=tmp_path), environ)}
    assert list(values)[:3] == ["image_prefix", "base_images.x:1", "archive_mirror"]
    assert (values["image_prefix"].origin, values["image_prefix"].overruled) == ("default", ())
    retries = values["retries"]
    assert (retries.value, retries.origin) == (5, "BUILD_ENV_RETRIES")
    assert retries.overruled == ((".build-env/settings.toml", 4), ("build-env.toml", 3), ("default", 2))
    assert values["base_images.x:1"].overruled == (("build-env.toml", "y"),)


def test_an_empty_table_is_shown_too(tmp_path: Path) -> None:
    load(tmp_path, "")
    values = {value.name: value.value for value in setting_values(ProjectPaths(root=tmp_path), {})}
    settings = Settings()
    assert values == {name: getattr(settings, name) for name in SETTINGS.fields}
