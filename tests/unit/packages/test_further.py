"""How further repositories are written: every fault with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import Location
from build_env.core.paths import ProjectPaths
from build_env.packages.definitions import Purpose
from build_env.packages.read import read_packages

if TYPE_CHECKING:
    from tests.support.project import MakeProject

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
RIGHT = """\
repositories:
  debian/12:
    backports:
      url: http://example.invalid/debian
      suites: [bookworm-backports]
      key: keys/backports.asc
      priority: 600
  centos/9:
    node: {module: "nodejs:18"}
"""
WRONG = """\
repositories:
  debian/12:
    Back Ports: {url: "http://example.invalid/"}
    one:
      url: http://me:secret@example.invalid/
      key: ../key
      priority: high
      uri: x
    two: {signed: no}
"""
FAULTS = [
    "3:5: repositories.debian/12.Back Ports: 'Back Ports' is not a name of small letters, digits and -",
    "5:7: repositories.debian/12.one.url: 'http://me:secret@example.invalid/' is not an address",
    "6:7: repositories.debian/12.one.key: '../key' is not a file of the project",
    "7:7: repositories.debian/12.one.priority: 'high' is not a whole number from 1 to 1000",
    "8:7: repositories.debian/12.one.uri: there is no such field (did you mean url?)",
    "9:11: repositories.debian/12.two.signed: 'no' is not known",
]


@pytest.mark.parametrize("more", ["", "otk.define: {x: 1}\n"])
def test_they_are_read_by_target_with_their_places(project: MakeProject, more: str) -> None:
    made = project({"src/one/definition.yaml": RIGHT + more, "keys/backports.asc": f"a comment\n{KEY}"})
    package = read_packages(ProjectPaths(root=made.root))["one"]
    assert not package.faults
    (backports,) = package.repositories["debian/12"]
    assert (backports.name, backports.key, backports.priority) == ("backports", KEY, 600)
    assert backports.place == Location(file="src/one/definition.yaml", line=3, column=5)
    assert [each.module for each in package.repositories["centos/9"]] == ["nodejs:18"]


def test_every_fault_has_its_place(project: MakeProject) -> None:
    made = project({"src/one/definition.yaml": WRONG})
    said = sorted(str(fault) for fault in read_packages(ProjectPaths(root=made.root))["one"].faults)
    assert len(said) == len(FAULTS)
    for line, wanted in zip(said, FAULTS, strict=True):
        assert line.startswith(f"src/one/definition.yaml:{wanted}")


@pytest.mark.parametrize(
    ("key", "said"), [("", "No such file"), ("abc\n", "it is no public key in ASCII armour")], ids=["none", "other"]
)
def test_a_key_that_is_none(project: MakeProject, key: str, said: str) -> None:
    made = project({"src/one/definition.yaml": RIGHT, "keys/backports.asc": key})
    (fault,) = read_packages(ProjectPaths(root=made.root))["one"].faults
    assert str(fault).startswith("src/one/definition.yaml:3:5: the key keys/backports.asc: ")
    assert said in str(fault)
    # Builds for another target need it not.
    assert not read_packages(ProjectPaths(root=made.root), Purpose(target="centos/9"))["one"].faults


def test_a_key_from_outside_of_the_project_is_not_shown(project: MakeProject) -> None:
    made = project({"src/one/definition.yaml": RIGHT, "keys/x": ""})
    (made.root.parent / "key").write_text(KEY, encoding="utf-8")
    (made.root / "keys").mkdir()
    (made.root / "keys/backports.asc").symlink_to(made.root.parent / "key")
    (fault,) = read_packages(ProjectPaths(root=made.root))["one"].faults
    assert "it leads out of the project" in str(fault)
