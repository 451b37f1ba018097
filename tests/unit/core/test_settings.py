from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.core.paths import ProjectPaths
from build_env.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path


def load(root: Path, project: str, local: str = "") -> Settings:
    (root / "build-env.toml").write_text(project, encoding="utf-8")
    if local:
        (root / ".build-env").mkdir(exist_ok=True)
        (root / ".build-env" / "settings.toml").write_text(local, encoding="utf-8")
    return load_settings(ProjectPaths(root=root))


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
        ("build_job = 1", "build-env.toml:1:1: unknown setting build_job (did you mean build_jobs?)"),
        ("\n  build_jobs = 'x'", "build-env.toml:2:3: build_jobs must be a whole number"),
        ("build_jobs = true", "build-env.toml:1:1: build_jobs must be a whole number"),
        ("build_jobs = 0", "build-env.toml:1:1: build_jobs must be 1 or more"),
        ("timeout = 'x'", "build-env.toml:1:1: timeout must be a number"),
        ("timeout = -1", "build-env.toml:1:1: timeout must be 0 or more"),
        ("timeout = nan", "build-env.toml:1:1: timeout must be 0 or more"),
        ("retries = -1", "build-env.toml:1:1: retries must be 0 or more"),
        ("memory = 8", "build-env.toml:1:1: memory must be text"),
        ("memory = '8'", "build-env.toml:1:1: memory must be a size with its unit, such as 512M or 8G"),
        ("image_prefix = 1", "build-env.toml:1:1: image_prefix must be text"),
        ("base_images = 'x'", "build-env.toml:1:1: base_images must be a table"),
        ("[base_images]\na = 1", "build-env.toml:1:2: the values of base_images must be text"),
        ("origins = {}", "build-env.toml:1:1: unknown setting origins"),
    ],
)
def test_a_wrong_setting_has_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert [str(fault) for fault in caught.value.faults] == [said]


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
        load_settings(ProjectPaths(root=tmp_path))
