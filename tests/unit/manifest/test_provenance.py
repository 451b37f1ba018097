"""Where values came from: through variables, includes, joins and customizations, to the text that is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_env.inspect.origins import value_at
from build_env.manifest.compile import Compiled, CompileOptions, compile_manifest

_FILES = {
    "main.yaml": """\
otk.include: common.yaml
otk.argument: [version]
otk.define:
  mode: uefi
  list:
    otk.op.seq.join:
      values: [$packages.base, {otk.customization.no: {defined: 1}}, [kernel], $deep]
name: image-$version-$mode
packages: $list
whole: $packages
third: ${packages.base.1}
version:
  otk.variable: version
joined:
  otk.op.join:
    values: [$one, $two, {q: five, inner: {otk.include: part.yaml}}]
around:
  a: before
  otk.include: part.yaml
  c: after
instead: {otk.include: part.yaml}
users:
  - root
  - otk.customization.users:
      default: [nobody]
      defined: [first, {id: second}]
  - last
idle:
  otk.customization.idle:
    default: {x: quiet}
    defined: 1
""",
    "common.yaml": """\
otk.define:
  packages:
    base: [bash, coreutils]
    more: {x: less}
  deep: {otk.op.seq.join: {values: [[in], [out]]}}
  one: {x: left, y: lost}
  two: {y: right, z: $mode}
""",
    "part.yaml": "a: part\nc: gone\nd: $packages.base\n",
}
_LIST = ("defined main:5 list", "used main:9")


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for name, text in _FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _compiled(folder: Path, *inputs: str, file: str = "main.yaml", redefine: bool = False) -> Compiled:
    options = CompileOptions(
        arguments=(("version", "9"),) if file == "main.yaml" else (),
        customizations=tuple(("users", data) for data in inputs),
        allow_redefine=redefine,
        explained=True,
    )
    return compile_manifest(str(folder / file), (folder / file).read_text(encoding="utf-8"), options)


def _origins(compiled: Compiled, path: str) -> list[str]:
    """What led to a value, a line each: `word file:line name`."""
    return [
        f"{origin.word} {Path(origin.place.file).stem}:{origin.place.line} {origin.name}".strip()
        for origin in compiled.origins[path]
    ]


def _scalars(tree: object, path: str = "") -> dict[str, object]:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if entries is None:
        return {path: tree}
    inner = (_scalars(value, f"{path}.{key}" if path else str(key)) for key, value in entries)
    return {name: value for part in inner for name, value in part.items()}


@pytest.mark.parametrize("inputs", [(), ("",), ("", "", "")])
def test_every_value_is_found_where_its_text_stands(folder: Path, inputs: tuple[str, ...]) -> None:
    compiled = _compiled(folder, *inputs)
    scalars = _scalars(compiled.tree)
    assert len(scalars) == 31 + (0 if not inputs else 2 * len(inputs) - 1)
    for path, value in scalars.items():
        origin = compiled.origins[path][0]
        line = Path(origin.place.file).read_text(encoding="utf-8").splitlines()[origin.place.line - 1]
        written = line[origin.place.column - 1 :]
        assert written.startswith((str(value), "image-$version")) or value == "9", path
        assert value_at(compiled.tree, path) == value


@pytest.mark.parametrize(
    ("path", "origins"),
    [
        ("name", ["written main:8", "argument main:2 version", "defined main:4 mode"]),
        ("version", ["argument main:2 version", "used main:13"]),
        ("packages", ["joined main:6", *_LIST]),
        (
            "packages.0",
            ["written common:3", "defined common:3 packages.base", "used main:7", "joined main:6", *_LIST],
        ),
        ("packages.2", ["written main:7", "joined main:6", *_LIST]),
        (
            "packages.4",
            ["written common:5", "joined common:5", "defined common:5 deep", "used main:7", "joined main:6", *_LIST],
        ),
        ("whole", ["defined common:3 packages.base", "defined common:4 packages.more.x", "used main:10"]),
        ("whole.more.x", ["written common:4", "defined common:4 packages.more.x", "used main:10"]),
        ("third", ["written common:3", "defined common:3 packages.base", "used main:11"]),
        ("joined.x", ["written common:6", "defined common:6 one.x", "used main:16", "joined main:15"]),
        (
            "joined.y",
            ["written common:7", "defined common:7 two.y", "used main:16", "joined main:15", "overrides common:6"],
        ),
        ("joined.inner.a", ["written part:1", "joined main:15"]),
        ("around", ["written main:18"]),
        ("around.a", ["written part:1", "overrides main:18"]),
        ("around.c", ["written main:20", "overrides part:2"]),
        ("instead", ["written part:1"]),
        ("idle", ["written main:30", "customized main:29"]),
        ("users.1", ["written main:25", "customized main:24"]),
        ("users.2", ["written main:27"]),
    ],
)
def test_what_led_to_a_value_is_told_from_the_text_outwards(folder: Path, path: str, origins: list[str]) -> None:
    assert _origins(_compiled(folder), path) == origins


def test_each_input_of_a_customization_leads_to_its_items(folder: Path) -> None:
    compiled = _compiled(folder, "", "")
    assert [value for path, value in _scalars(compiled.tree).items() if path.startswith("users")] == [
        *("root", "first", "second", "first", "second", "last")
    ]
    assert _origins(compiled, "users.4.id") == ["written main:26", "customized main:24"]
    assert _origins(compiled, "users.5") == ["written main:27"]


def test_the_includes_that_lead_to_a_value_are_told(folder: Path) -> None:
    origin = _compiled(folder).origins["instead.d.1"][0]
    assert [Path(place.file).name for place in (origin.place, *origin.chain)] == ["common.yaml", "main.yaml"]


def test_a_name_that_is_made_of_names_and_what_only_the_output_has_are_told(folder: Path) -> None:
    text = """\
otk.version: 1
otk.define: {needs: {arm64: [fast]}, arch: arm64}
otk.target.osbuild:
  requires: {otk.variable: needs.$arch}
  more:
    - otk.include: items.yaml
    - last
"""
    (folder / "names.yaml").write_text(text, encoding="utf-8")
    (folder / "items.yaml").write_text("otk.customization.users: {default: [one, two], defined: 1}\n", encoding="utf-8")
    compiled = _compiled(folder, file="names.yaml")
    assert _origins(compiled, "requires.0") == ["written names:2", "defined names:2 needs.arm64", "used names:4"]
    assert _origins(compiled, "more.1") == ["written items:1", "customized items:1"]
    assert _origins(compiled, "more.2") == ["written names:7"]
    assert _origins(compiled, "version") == ["added for names:3"]


def test_of_two_definitions_the_one_that_counts_is_told(folder: Path) -> None:
    (folder / "twice.yaml").write_text(
        "a: [{otk.define: {x: one}}, $x]\nb: [{otk.define: {x: two}}, $x]\n", encoding="utf-8"
    )
    compiled = _compiled(folder, file="twice.yaml", redefine=True)
    assert _origins(compiled, "a.1") == ["written twice:1", "defined twice:1 x", "used twice:1"]
    assert _origins(compiled, "b.1") == ["written twice:2", "defined twice:2 x", "overrides twice:1 x", "used twice:2"]


def test_what_is_told_is_what_was_evaluated(folder: Path) -> None:
    text = """\
otk.define:
  list: [one]
otk.define.block:
  otk.op.join: {values: [{x: 1}, {x: 2}]}
a: {otk.variable: {name: missing, default: first}}
b: {otk.variable: {name: list.5, default: second}}
c: $x
"""
    (folder / "items.yaml").write_text(text, encoding="utf-8")
    compiled = _compiled(folder, file="items.yaml")
    assert _origins(compiled, "a") == ["written items:5"]
    assert _origins(compiled, "b") == ["written items:6"]
    joined = ["written items:4", "joined items:4", "defined items:4", "used items:7", "overrides items:4"]
    assert _origins(compiled, "c") == joined
