"""`build-env pin`: what is written, compared and refused; where the source is found is another test's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.app.project import open_project
from build_env.core.errors import InputError, UsageError
from build_env.formats.deb.found import FINDER
from build_env.inspect import pin as inspect_pin
from build_env.model.source import FoundSource, SourceFile
from build_env.projects.definitions import write_values
from build_env.ui.pin import pin_lines
from tests.support.project import native_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import MakeProject

DIGEST, OTHER = "a" * 64, "b" * 64
FOUND = FoundSource(
    name="one",
    version="1-2",
    files=(SourceFile(name="one_1-2.dsc", sha256=DIGEST, size=1700, url="http://mirror.example/one_1-2.dsc"),),
    known=("1-2", "1-1"),
)
PINNED = 'summary: The first # of two\narchive:\n  here/1: {{version: "{version}", sha256: "{digest}"}}\n'


def definition(version: str, digest: str) -> dict[str, str]:
    return {"src/one/definition.yaml": PINNED.format(version=version, digest=digest)}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The distribution has 1-2 and still 1-1, whose digest is another one."""

    def find(*_: object, version: str = "", **__: object) -> FoundSource:
        files = (replace(FOUND.files[0], sha256=OTHER if version == "1-1" else DIGEST),)
        return replace(FOUND, version=version or FOUND.version, files=files)

    monkeypatch.setattr(inspect_pin, "find_source", find)


def pinned(made: Path, *, update: bool = False) -> list[str]:
    return pin_lines(inspect_pin.pin(open_project(made), "one", "here/1", print, update=update))


@pytest.mark.usefixtures("found")
def test_a_first_pin_is_written_beside_what_is_there(project: MakeProject) -> None:
    made = project(native_project())
    before = made.read("src/one/definition.yaml")
    assert pinned(made.root)[0] == "pinned  one 1-2 for here/1 in src/one/definition.yaml"
    pin = f'archive:\n  here/1:\n    version: "1-2"\n    sha256: "{DIGEST}"\n'
    assert made.read("src/one/definition.yaml") == before + pin
    assert pinned(made.root) == ["same    one 1-2 for here/1: pinned as it is there"]
    assert inspect_pin.targets_of(open_project(made.root), "one") == ("here/1",)


@pytest.mark.usefixtures("found")
def test_what_is_pinned_stays_until_it_is_to_be_replaced(project: MakeProject) -> None:
    made = project({**native_project(), **definition("1-1", OTHER)})
    assert pinned(made.root) == [
        "newer   one 1-2 for here/1: 1-1 is pinned, and is there still",
        "next    build-env pin one@here/1 --update",
    ]
    assert made.read("src/one/definition.yaml") == PINNED.format(version="1-1", digest=OTHER)
    assert pinned(made.root, update=True)[0].endswith("in src/one/definition.yaml, 1-1 before")
    assert made.read("src/one/definition.yaml") == PINNED.format(version="1-2", digest=DIGEST)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(("version", "digest"), [("1-2", OTHER), ("1-1", DIGEST), ("0-9", DIGEST)])
def test_a_pin_that_is_not_what_there_is_now_is_told(project: MakeProject, version: str, digest: str) -> None:
    made = project({**native_project(), **definition(version, digest)})
    with pytest.raises(InputError) as told:
        pinned(made.root)
    assert told.value.hint.startswith("build-env pin one@here/1 --update")
    assert made.read("src/one/definition.yaml") == PINNED.format(version=version, digest=digest)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    "text",
    [
        f"otk.define: {{pins: {{here/1: {{version: '1-1', sha256: {OTHER}}}}}}}\narchive: ${{pins}}\n",
        # What comes last counts.
        "archive: {}\notk.include: ../two/more.yaml\n",
    ],
)
def test_a_definition_that_takes_its_pins_from_elsewhere_is_left_as_it_is(project: MakeProject, text: str) -> None:
    more = f"archive: {{here/1: {{version: '1-1', sha256: {OTHER}}}}}\n"
    made = project({**native_project(), "src/one/definition.yaml": text, "src/two/more.yaml": more})
    with pytest.raises(InputError) as told:
        pinned(made.root, update=True)
    assert '      version: "1-2"' in told.value.lines()[3]
    assert made.read("src/one/definition.yaml") == text


TARBALL = SourceFile(name="one_1.orig.tar.gz", sha256=DIGEST, size=9, url="http://up.example/one-1.tar.gz")


def upstream(monkeypatch: pytest.MonkeyPatch, *files: SourceFile) -> None:
    found = FoundSource(name="one", version="1", files=files)
    monkeypatch.setattr(inspect_pin, "find_upstream", lambda *_, **__: found)


def test_what_packaging_names_on_servers_is_pinned_by_file(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = "Source: one\nMaintainer: A <a@b>\n\nPackage: one\nArchitecture: any\nDescription: x\n"
    made = project({**native_project(), "src/one/debian/control": control})
    made.write({"targets/here/1/packages.conf.py": 'FAMILY = "deb"\n' + made.read("targets/here/1/packages.conf.py")})
    assert inspect_pin.targets_of(open_project(made.root), "one") == ("here/1",)
    before = made.read("src/one/definition.yaml")
    upstream(monkeypatch)
    with pytest.raises(UsageError, match="names nothing for here/1 that lies on a server"):
        pinned(made.root)
    upstream(monkeypatch, TARBALL)
    assert pinned(made.root)[0] == "pinned  one 1 for here/1 in src/one/definition.yaml"
    pin = f'sources:\n  one_1.orig.tar.gz:\n    url: "{TARBALL.url}"\n    sha256: "{DIGEST}"\n'
    assert made.read("src/one/definition.yaml") == before + pin
    assert pinned(made.root) == ["same    one 1 for here/1: pinned as it is there"]
    upstream(monkeypatch, replace(TARBALL, sha256=OTHER))
    with pytest.raises(InputError, match=r"one-1\.tar\.gz has another digest than is pinned"):
        pinned(made.root)
    assert made.read("src/one/definition.yaml") == before + pin
    pinned(made.root, update=True)
    assert made.read("src/one/definition.yaml") == before + pin.replace(DIGEST, OTHER)


def test_a_package_without_pins_needs_a_target(project: MakeProject) -> None:
    made = project(native_project())
    with pytest.raises(UsageError, match="pinned for no target"):
        inspect_pin.targets_of(open_project(made.root), "one")
    with pytest.raises(UsageError, match="did you mean one"):
        inspect_pin.targets_of(open_project(made.root), "onee")


def test_nothing_new_is_put_into_directories_of_others(tmp_path: Path) -> None:
    """What a made project links to is hers: the lines are told, and what she has already is edited as it is."""
    (tmp_path / "hers").mkdir()
    (tmp_path / "project/src").mkdir(parents=True)
    (tmp_path / "project/src/one").symlink_to(tmp_path / "hers")
    told = write_values(tmp_path / "project", "src/one", {"version": "1"}, lambda: True)
    assert (told.file, told.lines) == (str(tmp_path / "hers/definition.yaml"), 'version: "1"\n')
    assert not list((tmp_path / "hers").iterdir())
    (tmp_path / "hers/definition.yaml").write_bytes(b"# mine\r\nversion: '0'\r\n")
    assert not write_values(tmp_path / "project", "src/one", {"version": "1"}, lambda: True).lines
    assert (tmp_path / "hers/definition.yaml").read_bytes() == b'# mine\r\nversion: "1"\r\n'


def test_the_answer_of_apt_is_read_with_all_files() -> None:
    files = f"file {DIGEST} 1700 one_1-2.dsc http://m.example/x.dsc\nfile {OTHER} 9 one_1.orig.tar.gz file:/y\n"
    read = FINDER.read("one", f"known 1-2\nknown 1-1\nversion 1-2\n{files}")
    assert (read.version, read.known, read.sha256) == ("1-2", ("1-2", "1-1"), DIGEST)
    assert [(file.name, file.size, file.url) for file in read.files] == [
        ("one_1-2.dsc", 1700, "http://m.example/x.dsc"),
        ("one_1.orig.tar.gz", 9, "file:/y"),
    ]
    for text in ("", "version 1-2\n", f"version 1\nfile {DIGEST} 1 ../one.dsc http://x\n", files):
        with pytest.raises(InputError):
            FINDER.read("one", text)
