"""A manifest in a project includes nothing from outside of it, unless the settings say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.inspect.manifest import compile_asked
from build_env.manifest.faults import ManifestError
from build_env.model.options import ManifestOptions

if TYPE_CHECKING:
    from pathlib import Path


def compiled(file: Path) -> object:
    return compile_asked(ManifestOptions(files=(str(file),)), lambda _line: None).tree


def refused(file: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        compiled(file)
    return "\n".join(caught.value.lines())


@pytest.mark.parametrize("linked", [False, True], ids=["include", "link"])
def test_what_lies_outside_is_not_included_nor_shown(tmp_path: Path, *, linked: bool) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root: hidden: 7\n", encoding="utf-8")
    file = tmp_path / "project/src/one/m.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"otk.include: {'link' if linked else secret}\n", encoding="utf-8")
    (file.parent / "link").symlink_to(secret)
    assert "hidden" in refused(file), "in no project"
    (tmp_path / "project/build-env.toml").write_text("", encoding="utf-8")
    said = refused(file)
    assert f"it leads out of the project, to {secret}: copy what is needed" in said
    assert "hidden" not in said
    (tmp_path / "project/build-env.toml").write_text(f"outside = '{tmp_path}'\n", encoding="utf-8")
    secret.write_text("root: shown\n", encoding="utf-8")
    assert compiled(file) == {"root": "shown"}


def test_keys_of_the_project_are_outside_too(tmp_path: Path) -> None:
    (tmp_path / "build-env.toml").write_text("", encoding="utf-8")
    (tmp_path / ".build-env").mkdir()
    (tmp_path / ".build-env/key").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "m.yaml").write_text("otk.include: .build-env/key\n", encoding="utf-8")
    assert "leads out of the project" in refused(tmp_path / "m.yaml")
