"""What holds for every manifest, whoever wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build_env.core.errors import InputError
from build_env.manifest.compile import CompileOptions, compile_manifest
from build_env.manifest.format import formatted
from build_env.manifest.render import render

if TYPE_CHECKING:
    import random
    from pathlib import Path

# The last two can stand in no YAML text.
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="$\ufffe\uffff", exclude_categories=("Cs", "Cc", "Zl", "Zp")),
    max_size=12,
)
KEYS = WORDS.filter(lambda word: not word.startswith("otk") and word not in {"", "<<", "="})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | WORDS
    | st.integers(-(10**9), 10**9).map(lambda number: number / 8)
)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
    ),
    max_size=5,
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
CORPUS = (
    "otk.define:\n  a: [1, 2]\n  b: $a\nx: $b\n",
    "otk.define.one: {a: {b: 1}}\notk.define.two: {c: '${a.b}-$a.b'}\nx: [$c, {otk.variable: a}]\n",
    "otk.version: 1\notk.target.osbuild.x:\n  p:\n   otk.op.join: {values: [[1], [{otk.op.seq.join: {values: []}}]]}\n",
    "otk.argument: [v]\notk.customization.n:\n  default: [1]\n  defined: [$this.data]\nx: &a {y: *a}\n",
    "a: &a [1]\nb: [*a, *a]\n<<: {c: 1}\notk.meta.x: {y: 1}\notk.external.a.b: {}\n",
    "x:\n  otk.include: {path: nowhere.yaml}\n  otk.op.map.join: {values: [{a: 1}, {a: 1}]}\n",
    "otk.define: {a: $b, b: $a}\nx: $a\n",
)


def compiled(text: str, file: str = "law.yaml", **options: object) -> object:
    return compile_manifest(file, text, CompileOptions(**options)).tree  # type: ignore[arg-type]  # options by name


def as_yaml(data: object) -> str:
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


@given(DATA)
def test_data_without_directives_compiles_to_itself(data: dict[str, object]) -> None:
    text = json.dumps(data, ensure_ascii=False)
    assert compiled(text) == data
    assert compiled(as_yaml(data)) == data


@given(st.lists(st.tuples(NAMES, LEAVES), min_size=1, max_size=8, unique_by=lambda pair: pair[0]), st.randoms())
def test_the_order_of_defines_does_not_matter(pairs: list[tuple[str, object]], chance: random.Random) -> None:
    """Each variable has a second one that refers to it, possibly before it is defined."""
    defines = [{name: value} for name, value in pairs]
    defines += [{f"{name}_again": f"${{{name}}}"} for name, _ in pairs]
    use = {name: f"${name}_again" for name, _ in pairs}

    def manifest(order: list[dict[str, object]]) -> str:
        return as_yaml({f"otk.define.part{number}": define for number, define in enumerate(order)} | {"use": use})

    shuffled = chance.sample(defines, len(defines))
    expected = {"use": dict(pairs)}
    assert compiled(manifest(defines)) == compiled(manifest(shuffled)) == expected


@given(data=DATA, cut=st.integers(0, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_include_of_a_split_file_equals_the_unsplit_file(data: dict[str, object], cut: int, tmp_path: Path) -> None:
    keys = list(data)
    (tmp_path / "part.yaml").write_text(as_yaml({key: data[key] for key in keys[cut:]}), encoding="utf-8")
    whole = {**{key: data[key] for key in keys[:cut]}, "otk.include": "part.yaml", "otk.define": {"unused": 1}}
    assert compiled(as_yaml(whole), str(tmp_path / "whole.yaml")) == data


@given(data=DATA)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_value_in_a_file_of_its_own_equals_the_unsplit_file(data: dict[str, object], tmp_path: Path) -> None:
    for number, value in enumerate(data.values()):
        (tmp_path / f"{number}.yaml").write_text(as_yaml({"otk.define": {f"v{number}": [value]}}), encoding="utf-8")
    whole: dict[str, object] = {f"otk.include.n{number}": f"{number}.yaml" for number in range(len(data))}
    whole |= {key: f"${{v{number}}}" for number, key in enumerate(data)}
    expected = {key: [value] for key, value in data.items()}
    assert compiled(as_yaml(whole), str(tmp_path / "whole.yaml")) == expected


@given(DATA)
def test_both_forms_of_output_read_back_as_the_data(data: dict[str, object]) -> None:
    assert json.loads(render(data, "json")) == data
    assert yaml.load(render(data, "yaml"), Loader=yaml.CSafeLoader) == data
    assert compiled(render(data, "yaml")) == data


def never_anything_else(text: str) -> None:
    refused: list[InputError] = []
    for options in ({}, {"target": "osbuild.x", "arguments": (("v", "1"),)}, {"output": False, "allow_redefine": True}):
        try:
            json.dumps(compiled(text, **options), allow_nan=False)
        except InputError as error:
            refused.append(error)
    assert all(fault.message for error in refused for fault in error.faults or [pytest.fail("no fault")])
    try:
        formatted(text, "law.yaml")
    except InputError as error:
        refused.append(error)
    assert all(error.lines() for error in refused)


@given(st.text(max_size=200))
def test_random_text_raises_nothing_but_an_error_of_its_own(text: str) -> None:
    never_anything_else(text)


@given(
    st.lists(
        st.sampled_from(
            [*"{}[]:,&*!|>-\"' \n\t#%@`?$0", "otk.", "define", "include", "variable", ": ", "- ", "\n  ", "<<", "${"]
        ),
        max_size=60,
    )
)
def test_random_pieces_of_the_language_do_neither(pieces: list[str]) -> None:
    never_anything_else("".join(pieces))


@given(st.sampled_from(CORPUS), st.data())
def test_damaged_manifests_do_neither(text: str, draw: st.DataObject) -> None:
    for _ in range(draw.draw(st.integers(0, 4))):
        start = draw.draw(st.integers(0, len(text)))
        end = draw.draw(st.integers(start, min(start + 12, len(text))))
        pieces = ["", " ", "\n", "$", "$a", "otk.define: ", "{", "[", "- ", "\x00", "\ud800", text[:end]]
        piece = draw.draw(st.sampled_from(pieces))
        text = text[:start] + piece + text[end:]
    never_anything_else(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "&a a: &b [1]\nb: *a\n",
        "x: [" * 100_000,
        "- " * 20_000,
        "{a: " * 20_000,
        "a: " + "9" * 10_000,
        "a: 1" + "0" * 5_000 + ".5\n",
        "a: .nan\nb: .inf\n",
        "a: !!python/object/apply:os.system [true]\n",
        "a: !!binary aGk=\n",
        "\ufeffa: 1\n",
        "a: \ud800\n",
        "a: 1\n---\nb: 2\n",
        "otk.define: {l: [1]}\nx: [$l." + "9" * 5000 + ", '${l." + "9" * 5000 + "}']\n",
        "otk.include: {otk.customization.off: {if-set: x}}\n",
        "otk.include: {otk.include: {otk.include: $a}}\n",
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
        "otk.define:\n  a0: []\n" + "".join(f"  a{n}: [$a{n - 1}, $a{n - 1}]\n" for n in range(1, 60)) + "x: $a59\n",
        "otk.define:\n  a0: xx\n" + "".join(f"  a{n}: $a{n - 1}$a{n - 1}\n" for n in range(1, 60)) + "x: $a59\n",
        "otk.define:\n" + "".join(f"  a{n}: $a{n + 1}\n" for n in range(5000)) + "  a5000: 1\nx: $a0\n",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_what_would_take_all_memory_or_time_or_the_stack(text: str) -> None:
    never_anything_else(text)
