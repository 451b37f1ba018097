"""What belongs to a tree: everything, or in a checkout what git has or would add; where links lead; what is watched."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.core.reading import Reading
from build_env.core.trees import Trees, read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.core.trees import Listing

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


def tree(root: Path) -> Path:
    (root / "sub").mkdir(parents=True)
    (root / "a").write_text("a", encoding="utf-8")
    (root / "a").chmod(0o644)
    (root / "sub" / "b").write_text("b", encoding="utf-8")
    (root / "link").symlink_to("a")
    return root


def git(directory: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", *words],
        cwd=directory,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in a project that is a checkout of git."""
    (tmp_path / "src/one").mkdir(parents=True)
    (tmp_path / "src/one/one.c").write_text("int one;")
    (tmp_path / ".gitignore").write_text("*.o\n/build/\ncache/\n")
    git(tmp_path, "init", "-q")
    return tmp_path / "src/one"


def listed(package: Path, outside: str = "") -> Listing:
    return Trees(root=package.parent.parent, outside=outside).listing(package)


def names(package: Path) -> list[str]:
    return [entry.name for entry in listed(package).entries]


def refused(package: Path, outside: str = "") -> list[str]:
    with pytest.raises(InputError) as error:
        listed(package, outside)
    return [str(fault) for fault in error.value.faults]


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_text("other", encoding="utf-8"),
        lambda root: (root / "a").chmod(0o744),
        lambda root: (root / "a").rename(root / "c"),
        lambda root: (root / "sub" / "empty").mkdir(),
        lambda root: (root / "sub" / "__pycache__").mkdir(),
        lambda root: (root / "sub" / ".git").mkdir(),
        lambda root: ((root / "link").unlink(), (root / "link").symlink_to("sub")),
        lambda root: ((root / "link").unlink(), (root / "link").write_text("a", encoding="utf-8")),
    ],
    ids=["content", "executable", "name", "directory", "bytecode", "git", "target", "kind"],
)
def test_what_a_room_can_see_changes_the_digest(tmp_path: Path, change: object) -> None:
    root = tree(tmp_path / "t")
    before = Trees(root=root).digest(root)
    change(root)  # type: ignore[operator]
    assert Trees(root=root).digest(root) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").chmod(0o666),
        lambda root: os.utime(root / "a", (1, 1)),
        lambda root: (root / ".git").mkdir(),
        lambda root: os.mkfifo(root / "pipe"),
        lambda root: (root / "left").mkdir(),
    ],
    ids=["mode", "time", "git", "pipe", "left-out"],
)
def test_what_a_room_cannot_see_does_not(tmp_path: Path, change: object) -> None:
    root = tree(tmp_path / "t")
    before = Trees(root=root).digest(root, ("left",))
    change(root)  # type: ignore[operator]
    assert Trees(root=root).digest(root, ("left",)) == before


def test_only_the_top_is_left_out(tmp_path: Path) -> None:
    root = tree(tmp_path / "t")
    (root / "sub" / "deb").mkdir()
    (root / "deb").mkdir()
    listing = Trees(root=root).listing(root, ("deb",))
    assert [entry.name for entry in listing.entries] == ["a", "link", "sub", "sub/b", "sub/deb"]


def test_without_git_everything_belongs_to_it_and_what_cannot_is_told(tmp_path: Path) -> None:
    package = tree(tmp_path / "src/one")
    (package / ".git").write_text("gitdir: ../../.git/modules/one\n")
    (package / "sub/.git").mkdir()
    (package / "sub/.git/HEAD").write_text("ref: refs/heads/main\n")
    (package / "sub/__pycache__").mkdir()
    os.mkfifo(package / "sub/pipe")
    listing = Trees(root=tmp_path).listing(package)
    assert [entry.name for entry in listing.entries] == [
        "a", "link", "sub", "sub/.git", "sub/.git/HEAD", "sub/__pycache__", "sub/b"
    ]  # fmt: skip
    assert listing.left_out == [".git", "sub/pipe"]


def test_names_are_bytes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("x")
    (tmp_path / "ü").write_text("x")
    trees = Trees(root=tmp_path)
    assert [os.fsencode(entry.name) for entry in read_manifest(trees.listing(tmp_path).manifest())] == [
        b"caf\xe9",
        "ü".encode(),
    ]
    assert trees.digest(tmp_path)


@needs_git
def test_in_a_checkout_what_git_ignores_is_left_out_and_told(package: Path) -> None:
    (package / "one.o").write_text("old")
    (package / "new.c").write_text("not added yet")
    (package / "cache/inner").mkdir(parents=True)
    (package / "cache/inner/x").write_text("x")
    (package / "objects").mkdir()
    (package / "objects/two.o").write_text("old")
    (package / "empty").mkdir()
    (package / "kept.o").write_text("data for a test")
    git(package, "add", "-f", "kept.o")
    assert names(package) == ["kept.o", "new.c", "one.c"]
    assert listed(package).left_out == ["cache", "objects/two.o", "one.o"]


@needs_git
def test_what_git_tracks_in_a_directory_that_it_ignores_belongs_to_it(package: Path) -> None:
    (package / "cache").mkdir()
    (package / "cache/kept").write_text("data")
    (package / "cache/other").write_text("data")
    git(package, "add", "-f", "cache/kept")
    assert names(package) == ["cache", "cache/kept", "one.c"]


@needs_git
def test_a_submodule_has_rules_of_its_own_and_one_that_was_not_fetched_is_refused(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    deep, library = tmp_path / "up/deep", tmp_path / "up/library"
    for upstream in (deep, library):
        upstream.mkdir(parents=True)
        git(upstream, "init", "-q")
        (upstream / ".gitignore").write_text("made\n")
        (upstream / "file").write_text("x")
        if upstream is library:
            git(upstream, "submodule", "add", "-q", str(deep), "deep")
        git(upstream, "add", ".")
        git(upstream, "commit", "-qm", "x")
    git(package, "submodule", "add", "-q", str(library), "library")
    assert refused(package) == ["src/one/library/deep: is a submodule that was not fetched"]
    git(package, "submodule", "update", "-q", "--init", "--recursive")
    for place in ("library", "library/deep"):
        (package / place / "made").write_text("by make")
        (package / place / "added.o").write_text("only the outer ones ignore it")
    assert names(package) == [
        "library", "library/.gitignore", "library/.gitmodules", "library/added.o", "library/deep",
        "library/deep/.gitignore", "library/deep/added.o", "library/deep/file", "library/file", "one.c"
    ]  # fmt: skip
    assert listed(package).left_out == ["library/deep/made", "library/made"]


@needs_git
def test_a_pointer_of_a_large_file_is_refused_where_git_would_fetch_it(package: Path) -> None:
    (package / "big.bin").write_text(POINTER)
    (package / "sample.txt").write_text(POINTER)
    assert names(package) == ["big.bin", "one.c", "sample.txt"]
    (package.parent / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    assert refused(package) == ["src/one/big.bin: is a pointer of Git LFS: its content was not fetched"]
    (package / "big.bin").write_text("its content")
    assert names(package) == ["big.bin", "one.c", "sample.txt"]


@needs_git
def test_what_git_archive_leaves_out_is_left_out_but_for_packaging(package: Path) -> None:
    for name in ("ci/inner/steps", "debian/control", "debian/rules", "ci.txt", "kept/ci.txt", "one.spec", "notes"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("x", encoding="utf-8")
    attributes = "ci export-ignore\n/ci.txt export-ignore\ndebian export-ignore\n*.spec export-ignore\n"
    (package / ".gitattributes").write_text(f"{attributes}.gitattributes export-ignore\nnotes -export-ignore\n")
    (package.parent.parent / ".gitattributes").write_text("src/one/debian/rules export-ignore\nnotes export-ignore\n")
    trees = Trees(root=package.parent.parent, packaging=lambda: ("debian", ".spec"))
    listing = trees.listing(package)
    assert [entry.name for entry in listing.entries if entry.kind == "file"] == [
        "debian/control", "debian/rules", "kept/ci.txt", "notes", "one.c", "one.spec"
    ]  # fmt: skip
    assert listing.left_out == [".gitattributes", "ci", "ci.txt"]
    # Whatever decides is looked at again.
    assert str(package / ".gitattributes") in listing.watched
    (package / ".gitattributes").write_text("ci export-ignore\n")
    assert {"ci.txt", ".gitattributes"} <= {entry.name for entry in trees.renewed().listing(package).entries}


@needs_git
def test_a_package_that_git_ignores_as_a_whole_is_taken_as_it_lies_there(package: Path) -> None:
    private = package.parent / "cache"
    private.mkdir()
    (private / "x.o").write_text("x")
    assert names(private) == ["x.o"]


@needs_git
def test_a_package_may_be_a_checkout_of_its_own(package: Path) -> None:
    own = package.parent / "cache"
    own.mkdir()
    (own / "x.o").write_text("x")
    (own / "made").write_text("x")
    git(own, "init", "-q")
    (own / ".gitignore").write_text("made")
    assert names(own) == [".gitignore", "x.o"]


@needs_git
@pytest.mark.parametrize("change", ["index", "rules", "above", "personal", "own"])
def test_whatever_decides_about_the_members_is_watched(
    package: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (package / "one.o").write_text("old")

    def read() -> object:
        reading = Reading(Trees(root=tmp_path))
        reading.tree(package)
        return reading.reads().meanings

    before = read()
    assert read() == before
    match change:
        case "index":
            git(package, "add", "-f", "one.o")
        case "rules":
            (tmp_path / ".git/info/exclude").write_text("one.c")
        case "above":
            (package.parent / ".gitignore").write_text("one.c")
        case "personal":
            (tmp_path / "home/.config/git").mkdir(parents=True)
            (tmp_path / "home/.config/git/ignore").write_text("one.c")
        case _:
            git(package, "config", "core.excludesFile", str(tmp_path / "home/ignored"))
    assert read() != before


def test_a_link_within_the_package_is_packed_as_it_is(tmp_path: Path) -> None:
    package = tree(tmp_path / "src/one")
    (package / "sub/up").symlink_to("../a")
    (package / "sub/nowhere").symlink_to("missing/../x")
    (package / "null").symlink_to("/dev/null")
    listing = Trees(root=tmp_path).listing(package)
    assert {entry.name: entry.target for entry in listing.entries if entry.kind == "link"} == {
        "link": "a", "null": "/dev/null", "sub/nowhere": "missing/../x", "sub/up": "../a"
    }  # fmt: skip


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_what_a_link_out_of_the_package_leads_to_is_taken(tmp_path: Path, *, absolute: bool) -> None:
    package = tree(tmp_path / "src/one")
    shared = tmp_path / "shared/inner"
    shared.mkdir(parents=True)
    (tmp_path / "shared/licence").write_text("free")
    (shared / "tool").write_text("x")
    (shared / "tool").chmod(0o755)
    (shared / "back").symlink_to("../licence")
    (shared / "own").symlink_to("tool")
    for name in ("licence", "inner"):
        (package / "sub" / name).symlink_to(f"{tmp_path if absolute else '../../..'}/shared/{name}")
    trees = Trees(root=tmp_path)
    listing = trees.listing(package)
    below = [entry for entry in listing.entries if entry.name.startswith("sub/")]
    assert [(entry.name, entry.kind, entry.executable) for entry in below] == [
        ("sub/b", "file", False),
        ("sub/inner", "directory", False),
        ("sub/inner/back", "file", False),
        ("sub/inner/own", "link", False),
        ("sub/inner/tool", "file", True),
        ("sub/licence", "file", False),
    ]
    before = trees.digest(package)
    (tmp_path / "shared/licence").write_text("freer")
    assert trees.digest(package) != before
    assert str(tmp_path / "shared/licence") in [entry.path for entry in listing.entries]
    assert listing.leads[str(package / "sub/licence")] == str(tmp_path / "shared/licence")


def test_a_link_out_of_the_package_to_nothing_or_to_the_package_itself_is_refused(tmp_path: Path) -> None:
    package = tree(tmp_path / "src/one")
    (package / "gone").symlink_to("../../shared/gone")
    (package / "sub/all").symlink_to("../../../src")
    assert refused(package) == [
        "src/one/gone: leads out of src/one to what is not there: ../../shared/gone",
        "src/one/sub/all: leads to a directory that it lies in itself: ../../../src",
    ]


def test_a_link_out_of_the_project_is_refused_unless_the_settings_name_where_it_leads(tmp_path: Path) -> None:
    package = tree(tmp_path / "project/src/one")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "data").write_text("x")
    (tmp_path / "elsewhere-too").write_text("x")
    (tmp_path / "project/hop").symlink_to("../elsewhere/data")
    for name, target in {"direct": f"{elsewhere}/data", "by": "../../hop", "gone": f"{elsewhere}/gone"}.items():
        (package / name).symlink_to(target)
    assert refused(package) == [
        "src/one/by: leads out of the project, to ../../hop",
        f"src/one/direct: leads out of the project, to {elsewhere}/data",
        f"src/one/gone: leads out of the project, to {elsewhere}/gone",
    ]
    listing = listed(package, f"/nowhere:{elsewhere}/")
    assert {entry.name: entry.kind for entry in listing.entries if entry.name in {"by", "direct", "gone"}} == {
        "by": "file", "direct": "file", "gone": "link"
    }  # fmt: skip
    (package / "beside").symlink_to(tmp_path / "elsewhere-too")
    assert refused(package, str(elsewhere)) == [
        f"src/one/beside: leads out of the project, to {tmp_path}/elsewhere-too"
    ]


@pytest.mark.parametrize("target", [".build-env/gnupg/key", "build/store/x", ".git/config"])
def test_keys_and_results_are_out_of_bounds_like_the_rest_of_the_machine(tmp_path: Path, target: str) -> None:
    package = tree(tmp_path / "src/one")
    (tmp_path / target).parent.mkdir(parents=True)
    (tmp_path / target).write_text("secret")
    (package / "x").symlink_to(f"../../{target}")
    assert refused(package) == [f"src/one/x: leads out of the project, to ../../{target}"]


def test_a_package_that_is_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    elsewhere = tree(tmp_path / "elsewhere")
    (tmp_path / "project/src").mkdir(parents=True)
    package = tmp_path / "project/src/one"
    package.symlink_to(elsewhere)
    assert refused(package) == [f"src/one: leads out of the project, to {elsewhere}"]
    assert [entry.name for entry in listed(package, str(elsewhere)).entries] == ["a", "link", "sub", "sub/b"]
