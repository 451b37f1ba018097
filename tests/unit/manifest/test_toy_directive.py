"""A directive is one module and one line in the registry: this one is written here, outside of build_env."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from build_env.cli.manifest_actions import compile_to, explain_path, format_all, list_directives, validate_all
from build_env.manifest import registry
from build_env.manifest.directive import Absent, Directive, Form, Role, Step, Visit
from build_env.manifest.faults import ManifestError
from build_env.manifest.names import no_name
from build_env.manifest.scope import Definition
from build_env.model.options import ManifestOptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry
    from build_env.manifest.walker import Walker


def _gather(walker: Walker, visit: Visit, entry: Entry, name: str) -> Iterable[Visit]:
    """`otk.shout.NAME: text` is also a variable NAME."""
    if wrong := no_name(name):
        walker.fault(wrong, entry.place, visit.frame)
    order = visit.frame.at(entry.place)
    walker.scope.add(Definition(path=(name,), place=entry.place, node=entry.node, frame=visit.frame, order=order))
    return (Visit(entry.node, visit.frame),)


def _evaluate(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
    value = yield walker.value(entry.node, frame)
    if isinstance(value, Absent):
        return value
    return value.upper() if isinstance(value, str) else walker.fault("only text is loud", entry.node.place, frame)


SHOUT = Directive(
    name="otk.shout",
    form=Form.NAMED,
    role=Role.REPLACED,
    summary="A loud text, and a variable.",
    value="a text",
    example="who:\n  otk.shout.name: ada\n",
    gather=_gather,
    evaluate=_evaluate,
    word="shouted",
)
TEXT = """\
otk.define:
  first: ada
who:
  otk.shout.name: $first
again: $name
"""


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(registry, "DIRECTIVES", (*registry.DIRECTIVES, SHOUT))
    monkeypatch.chdir(tmp_path)


def asked(tmp_path: Path, text: str) -> ManifestOptions:
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    return ManifestOptions(files=("m.yaml",))


def test_it_defines_and_gives_a_value(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert compile_to(asked(tmp_path, TEXT), None, "", "json") == 0
    assert json.loads(capfdbinary.readouterr().out) == {"who": "ADA", "again": "ada"}


def test_it_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain_path(asked(tmp_path, TEXT), "who")
    assert capsys.readouterr().out.splitlines() == [
        'who = "ADA"',
        "  written    m.yaml:2:10",
        "  defined    m.yaml:2:3 as first",
        "  used       m.yaml:4:19",
        "  shouted    m.yaml:4:3",
    ]
    explain_path(asked(tmp_path, TEXT), "again")
    assert "  defined    m.yaml:4:3 as name\n" in capsys.readouterr().out


def test_it_is_validated_with_its_own_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_all(asked(tmp_path, TEXT)) == 0
    assert validate_all(asked(tmp_path, "x: {otk.shout.a-b: [1]}\ny: {otk.shoot.a: 1}\nz: {otk.shout: 1}\n")) == 2
    told = capsys.readouterr().err
    assert "m.yaml:1:5: 'a-b' cannot name a variable" in told
    assert "m.yaml:1:20: only text is loud" in told
    assert "there is no directive otk.shoot.a" in told
    assert "otk.shout needs a name: otk.shout.NAME" in told


def test_it_stands_alone_and_may_be_a_definition(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with pytest.raises(ManifestError) as caught:
        compile_to(asked(tmp_path, "x: {otk.shout.a: b, y: 1}\n"), None, "", "json")
    assert "otk.shout.a should not have siblings" in str(caught.value.faults[0])
    compile_to(asked(tmp_path, "otk.define: {loud: {otk.shout.a: b}}\nx: [$loud, $a]\n"), None, "", "json")
    assert json.loads(capfdbinary.readouterr().out) == {"x": ["B", "b"]}


def test_it_is_formatted(tmp_path: Path) -> None:
    asked(tmp_path, TEXT.replace("  otk.shout", "    otk.shout"))
    assert format_all(["m.yaml"], check=False) == 0
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == TEXT


def test_it_is_listed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    list_directives(as_json=True, markdown=False)
    assert json.loads(capfdbinary.readouterr().out)[-1]["summary"] == "A loud text, and a variable."
    list_directives(as_json=False, markdown=False)
    assert capfdbinary.readouterr().out.splitlines()[-1].split() == [b"otk.shout.NAME", b"a", b"text"]
    list_directives(as_json=False, markdown=True)
    assert b"\n## otk.shout\n" in capfdbinary.readouterr().out
