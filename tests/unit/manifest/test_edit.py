"""Values put into YAML that people wrote: what changes, what stays, and what is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.errors import InputError
from build_env.manifest.edit import edited, written

VALUES = {"archive": {"debian/12": {"version": "2.10-3", "sha256": "12ab"}}}
PIN = """\
archive:
  debian/12:
    version: "2.10-3"
    sha256: "12ab"
"""
OLD = "archive:\n    debian/11:  # old\n        version: '1'\n        sha256: 00\n"
KEYS = st.text("abcxyz/:#- '\"", min_size=1, max_size=6)
DATA = st.recursive(
    st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=9,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", PIN),
        ("# only a comment", f"# only a comment\n{PIN}"),
        ("name: x", f"name: x\n{PIN}"),
        ("name: x  # why\n\n# foot\n", f"name: x  # why\n{PIN}\n# foot\n"),
        ("archive:\nname: x\n", f"{PIN}name: x\n"),
        ("archive: # later\nname: x\n", PIN.replace(":\n", ": # later\n", 1) + "name: x\n"),
        (
            f"{OLD}name: x\n",
            f'{OLD}    debian/12:\n      version: "2.10-3"\n      sha256: "12ab"\nname: x\n',
        ),
        (
            "archive:\n  debian/12:\n    sha256: 00 # of the file\n    version: '1'\n    patches: [a.patch]\n",
            'archive:\n  debian/12:\n    sha256: "12ab" # of the file\n    version: "2.10-3"\n    patches: [a.patch]\n',
        ),
        ("archive: {}\n", 'archive: {debian/12: {version: "2.10-3", sha256: "12ab"}}\n'),
        (
            "archive: {debian/12: {version: 1, sha256: 0}, b: {}}\n",
            'archive: {debian/12: {version: "2.10-3", sha256: "12ab"}, b: {}}\n',
        ),
        ("text: |\n  a\n  b\n\n# foot\n", None),
        ("text: >+\n  a\n\n\n", None),
        ("list:\n- a\n- b: c\n  d: e\n", None),
    ],
)
def test_only_the_values_change(before: str, after: str | None) -> None:
    """Comments, order and quotes of the rest stay, whatever form the maps have."""
    text = edited(before, "f.yaml", VALUES)
    assert after is None or text == after
    data = yaml.safe_load(before) or {}
    assert (
        yaml.safe_load(text)["archive"]["debian/12"] | VALUES["archive"]["debian/12"]
        == (yaml.safe_load(text)["archive"]["debian/12"])
    )
    assert {key: value for key, value in yaml.safe_load(text).items() if key != "archive"} == {
        key: value for key, value in data.items() if key != "archive"
    }
    assert edited(text, "f.yaml", VALUES) == text


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "archive: x\n",
        "pin: &pin {version: a, sha256: b}\narchive:\n  debian/12: *pin\n",
        "archive: &all\n  debian/12: {version: a, sha256: b}\nagain: *all\n",
        "a: [\n",
        "a: 1\na: 2\n",
    ],
)
def test_what_would_change_more_is_refused(text: str) -> None:
    """A value that stands for several places, or for a map that is none, is no place to write to."""
    with pytest.raises(InputError):
        edited(text, "f.yaml", VALUES)


@given(
    DATA,
    st.dictionaries(KEYS, st.text(max_size=9) | st.dictionaries(KEYS, st.text(max_size=9), min_size=1), min_size=1),
)
def test_whatever_comes_out_means_what_is_wanted(data: object, values: dict[str, str | dict[str, str]]) -> None:
    """Either the file says the values and all that it said before, or it is refused."""
    text = yaml.safe_dump({"a": data, "b": "c"}, default_flow_style=len(str(data)) % 2 == 0, allow_unicode=True)
    try:
        after = yaml.safe_load(edited(text, "f.yaml", values))
    except InputError:
        return
    for key, value in values.items():
        assert after[key] == value if isinstance(value, str) else after[key].items() >= value.items()
    assert yaml.safe_load(written(values)) == values
