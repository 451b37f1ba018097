"""Manifests put together at random from all directives: data or faults, and the same in one file or in two."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build_env.manifest.compile import Compiled, CompileOptions, ExternalError, compile_manifest
from build_env.manifest.externals import REMOVED
from build_env.manifest.faults import ManifestError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.sampled_from(["a", "b", "b.k", "c", "c.0", "d", "e", "this.k", "missing"])
FILES = st.sampled_from(["one.yaml", "two.yaml", "$d", "${missing}.yaml"])
KEYS = st.sampled_from("kxyz")
LITERALS: list[object] = [1, 2.5, None, True, "text", "$$", "${", [], {}]
SCALARS: st.SearchStrategy[object] = st.sampled_from(LITERALS) | NAMES.flatmap(
    lambda name: st.sampled_from([f"${name}", f"${{{name}}}", f"x-${name}", f"${{{name}}}.yaml"])
)
BASE = {"a": 1, "b": {"k": "text", "l": [1]}, "c": ["x", {"y": 2}], "d": "one.yaml"}


def blocks(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A map that is one directive, in the right form and in others."""
    values = st.fixed_dictionaries({"values": st.lists(inner, max_size=3)}) | inner
    named = {
        "otk.variable": NAMES | st.fixed_dictionaries({"name": NAMES, "default": inner}) | inner,
        "otk.op.join": values,
        "otk.op.seq.join": values,
        "otk.op.map.join": values,
        "otk.external.mirror": inner,
        "otk.external.again": inner,
        "otk.external.nothing": inner,
        "otk.external.osbuild.gone": inner,
        "otk.customization.on": st.fixed_dictionaries({"defined": inner}, optional={"default": inner}),
        "otk.customization.off": st.fixed_dictionaries({"defined": inner}, optional={"default": inner}),
    }
    return st.one_of(*(st.fixed_dictionaries({key: value}) for key, value in named.items()))


def maps(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A map of data, with directives that leave or give entries."""
    more: dict[str, st.SearchStrategy[object]] = {
        "otk.include": FILES | st.fixed_dictionaries({"path": FILES}) | inner,
        "otk.include.again": FILES,
        "otk.define": st.dictionaries(st.sampled_from("efg"), inner, max_size=2),
        "otk.argument": st.just(["v"]),
        "otk.meta.m": inner,
        "otk.unknown": inner,
    }
    return st.builds(dict.__or__, st.dictionaries(KEYS, inner, max_size=3), st.fixed_dictionaries({}, optional=more))


CONTENT = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | maps(inner) | blocks(inner), max_leaves=8)
ENTRIES = maps(CONTENT)
OPTIONS = st.fixed_dictionaries(
    {
        "customizations": st.sampled_from([(), (("on", "{k: 1}"),), (("on", "[1]"), ("on", "{k: 2}"))]),
        "arguments": st.sampled_from([(), (("v", "1"),)]),
        "allow_redefine": st.booleans(),
        "explained": st.booleans(),
    }
)


class Programs:
    """One that answers what it is asked, one that asks itself, one that removes."""

    def run(self, name: str, tree: object) -> object:
        answers = {"mirror": tree, "again": {"otk.external.again": tree}, "nothing": REMOVED}
        if name not in answers:
            raise ExternalError(f"there is no program {name}")
        return answers[name]


def compiled(file: Path, text: str, options: dict[str, object]) -> Compiled | ManifestError:
    try:
        return compile_manifest(str(file), text, CompileOptions(externals=Programs(), **options))  # type: ignore[arg-type]  # options by name
    except ManifestError as error:
        return error


@given(entries=ENTRIES, one=CONTENT, two=CONTENT, options=OPTIONS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_there_is_data_or_a_fault_and_it_does_not_matter_in_which_file(
    tmp_path: Path, entries: dict[str, object], one: object, two: object, options: dict[str, object]
) -> None:
    text = yaml.safe_dump({"otk.define.base": BASE, **entries}, sort_keys=False)
    for name, content in {"one": one, "two": two, "whole": None}.items():
        shown = text if name == "whole" else yaml.safe_dump(content, sort_keys=False)
        (tmp_path / f"{name}.yaml").write_text(shown, "utf-8")
    found = compiled(tmp_path / "m.yaml", text, options)
    moved = compiled(tmp_path / "moved.yaml", "otk.include: whole.yaml\n", options)
    if isinstance(found, ManifestError):
        assert isinstance(moved, ManifestError)
        assert found.faults
        assert not [fault for fault in found.faults if "defect" in fault.message]
    else:
        json.dumps(found.tree, allow_nan=False)
        assert not isinstance(moved, ManifestError), moved.lines()
        assert (found.tree, found.meta) == (moved.tree, moved.meta)
