from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.manifest.compile import CompileOptions, compile_manifest
from build_env.manifest.faults import ManifestError

if TYPE_CHECKING:
    from pathlib import Path


def tree(text: str, file: str = "f") -> object:
    return compile_manifest(file, text, CompileOptions()).tree


def refused(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        tree(text)
    return "\n".join(caught.value.lines())


def test_a_chain_of_variables_is_as_long_as_it_likes() -> None:
    chain = "".join(f"  v{number}: $v{number + 1}\n" for number in range(3000))
    assert tree(f"otk.define:\n{chain}  v3000: end\na: $v0\n") == {"a": "end"}


def test_a_chain_of_five_hundred_includes(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"{number}.yaml").write_text(f"a: {{otk.include: {number + 1}.yaml}}\n")
    (tmp_path / "500.yaml").write_text("end\n")
    data = tree("otk.include: 0.yaml\n", str(tmp_path / "f"))
    for _ in range(500):
        assert isinstance(data, dict)
        data = data["a"]
    assert data == "end"


def test_what_doubles_is_refused() -> None:
    lists = "".join(f"  v{number + 1}: [{', '.join([f'$v{number}'] * 8)}]\n" for number in range(20))
    assert "more than 2,000,000 values" in refused(f"otk.define:\n  v0: [x]\n{lists}a: $v20\n")
    aliases = "".join(f"v{number + 1}: &v{number + 1} [{', '.join([f'*v{number}'] * 8)}]\n" for number in range(20))
    assert "aliases (*name) written out" in refused(f"v0: &v0 [x]\n{aliases}")


def test_inputs_that_multiply_are_refused() -> None:
    nested = "{otk.customization.x: {defined: [" * 20 + "1" + "]}}" * 20
    options = CompileOptions(customizations=(("x", "1"), ("x", "2"), ("x", "3")))
    with pytest.raises(ManifestError, match=r"^f cannot be compiled") as caught:
        compile_manifest("f", f"v: {nested}\n", options)
    assert ["more than 5,000,000 values" in fault.message for fault in caught.value.faults] == [True]


@pytest.mark.parametrize(
    ("limit", "said"), [("_MOST", "more than 50 includes"), ("_DEEPEST", "50 includes in one another")]
)
def test_includes_that_double_or_go_too_deep_are_refused(
    limit: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"build_env.manifest.directives.include.{limit}", 50)
    second = "b: {{otk.include: {}.yaml}}\n" if limit == "_MOST" else ""
    for number in range(60):
        text = f"a: {{otk.include: {number + 1}.yaml}}\n{second.format(number + 1)}"
        (tmp_path / f"{number}.yaml").write_text(text)
    (tmp_path / "60.yaml").write_text("end\n")
    with pytest.raises(ManifestError) as caught:
        tree("otk.include: 0.yaml\n", str(tmp_path / "f"))
    assert said in caught.value.faults[0].message


def test_a_program_that_answers_with_itself_is_refused() -> None:
    class Again:
        def run(self, name: str, tree: object) -> object:
            return {f"otk.external.{name}": tree}

    with pytest.raises(ManifestError) as caught:
        compile_manifest("f", "v: {otk.external.again: 1}\n", CompileOptions(externals=Again()))
    assert "deeper than 32 levels" in caught.value.faults[0].message


def test_data_that_aliases_nest_too_deep_is_refused() -> None:
    data = "".join(f"a{n}: &a{n} " + "[" * 200 + (f"*a{n - 1}" if n else "1") + "]" * 200 + "\n" for n in range(20))
    with pytest.raises(ManifestError) as caught:
        compile_manifest(
            "f", "v: {otk.customization.x: {defined: $this}}\n", CompileOptions(customizations=(("x", data),))
        )
    assert "nested deeper" in caught.value.faults[0].message


def test_only_faults_that_are_shown_get_a_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def near(name: str, _names: object) -> str:
        asked.append(name)
        return ""

    monkeypatch.setattr("build_env.manifest.variables.did_you_mean", near)
    refused("otk.define: {name: 1}\nv:\n" + "".join(f"  - $nome{number}\n" for number in range(300)))
    assert len(asked) == 100


def test_depth_ends_at_the_limit() -> None:
    assert tree("[" * 256 + "]" * 256)
    assert "nested deeper than 256" in refused("[" * 257 + "]" * 257)


def test_all_targets_are_checked_without_output() -> None:
    text = "otk.version: 1\notk.target.a: {x: $one}\notk.target.b: {x: $two}\n"
    with pytest.raises(ManifestError) as caught:
        compile_manifest("f", text, CompileOptions(output=False))
    assert [fault.location.line for fault in caught.value.faults if fault.location] == [2, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: otk.define\nb: $$\n", "$$"),
        ("a: {otk.variable: {name: b, default: 1}}\nb: $$\n", "$"),
        ("# otk.define: 1\nb: $$\n", "$$"),
    ],
)
def test_only_a_key_makes_a_manifest(text: str, expected: str) -> None:
    data = tree(text)
    assert isinstance(data, dict)
    assert data["b"] == expected
