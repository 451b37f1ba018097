from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.core.paths import ProjectPaths
from build_env.core.trees import Trees
from build_env.images.render import context_digest, render
from build_env.model.command import ImageBuild, ImageKind

if TYPE_CHECKING:
    from pathlib import Path

BUILD = ImageBuild(
    name="n",
    kind=ImageKind.BUILD,
    dockerfile="D.j2",
    base_image="base:1",
    context="c",
    variables={"suites": ("a", "b")},
)


def rendered(root: Path, text: str, build: ImageBuild = BUILD) -> str:
    (root / "D.j2").write_text(text, encoding="utf-8")
    return render(ProjectPaths(root=root), build, "arm64", "amd64")


def test_facts_and_variables_are_known_to_the_template(tmp_path: Path) -> None:
    text = "FROM {{ base_image }} {{ kind }} {{ arch }} {{ host_arch }} {{ suites | join('+') }} <&>\n"
    assert rendered(tmp_path, text) == "FROM base:1 build arm64 amd64 a+b <&>\n"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("FROM x\n\nRUN {{ suite }}\n", "D.j2:3", "'suite' is undefined"),
        ("FROM x\n{% if y %}{% endif %}\n", "D.j2:2", "'y' is undefined"),
        ("FROM x\n{% if %}\n", "D.j2:2", "cannot be read"),
        ("FROM x\n{% for a in suites %}\n", "D.j2:2", "cannot be read"),
    ],
)
def test_a_fault_of_a_template_has_file_and_line(tmp_path: Path, text: str, place: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        rendered(tmp_path, text)
    assert str(caught.value.location) == place


def test_a_template_or_a_base_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the image n needs D.j2, which does not exist"):
        render(ProjectPaths(root=tmp_path), BUILD, "arm64", "amd64")
    with pytest.raises(InputError, match="the image n has no base"):
        rendered(tmp_path, "x", replace(BUILD, base_image=""))


def test_the_context_has_the_digest_of_its_tree(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the build context c of the image n is no directory"):
        context_digest(ProjectPaths(root=tmp_path), BUILD, Trees(root=tmp_path).digest)
    (tmp_path / "c").mkdir()
    before = context_digest(ProjectPaths(root=tmp_path), BUILD, Trees(root=tmp_path).digest)
    (tmp_path / "c" / "file").write_text("x", encoding="utf-8")
    assert context_digest(ProjectPaths(root=tmp_path), BUILD, Trees(root=tmp_path).digest) != before
    assert not context_digest(ProjectPaths(root=tmp_path), replace(BUILD, context=""), Trees(root=tmp_path).digest)
