"""Upstream tarballs beside a package: the source stage has them and its key covers them, nothing else has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.project import native_project

if TYPE_CHECKING:
    from tests.support.project import MakeProject

SHOW = """#!/bin/sh
set -eu
{ ls "$BUILD_ROOT/src" && ls "$BUILD_SRC"; } >"$BUILD_OUT/${1#--}.txt"
"""
TARGET = 'FAMILY = "deb"\nPACKAGES = ["one"]\n\n\ndef env_match_current(host):\n    return True\n'
FILES = {
    **native_project(),
    "targets/here/1/packages.conf.py": TARGET,
    "src/one/build.sh": SHOW,
    "src/one/debian/control": "Source: one\nMaintainer: A <a@b>\n\nPackage: one\nArchitecture: any\nDescription: x\n",
    "src/one/debian/changelog": "one (1-1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n",
    "src/one_1.orig.tar.gz": "beside",
    "src/one/one_1.orig-doc.tar.gz": "at its top",
    "src/two_1.orig.tar.gz": "of another",
}


def test_only_the_source_stage_depends_on_them(project: MakeProject) -> None:
    made = project(FILES)
    done = made.run("--source", "--build", "one")
    assert done.returncode == 0, done.stdout + done.stderr
    store = [
        path.read_text(encoding="utf-8") for path in (made.root / "build/store/objects").rglob("*") if path.is_file()
    ]
    seen = {text for text in store if text.startswith("one\n") and "build.sh" in text}
    package = "build.sh\ndebian\n"
    assert seen == {f"one\none_1.orig-doc.tar.gz\none_1.orig.tar.gz\n{package}", f"one\n{package}"}
    made.write({"src/one_1.orig.tar.gz": "another"})
    why = made.run("why", "one", command="build-env").stdout
    assert "source one" in why
    assert "src/one_1.orig.tar.gz changed" in why
    assert "  ok    source" in made.run("--source", "--build", "one").stdout
    made.write({"src/two_1.orig.tar.gz": "another, too"})
    assert "nothing to do" in made.run("--source", "--build", "one").stdout


def test_one_that_leads_out_of_the_project_is_refused(project: MakeProject) -> None:
    made = project({**FILES, "src/one_1.orig.tar.gz": ""})
    (made.root.parent / "private").write_text("secret", encoding="utf-8")
    (made.root / "src/one_1.orig.tar.gz").symlink_to(made.root.parent / "private")
    done = made.run("--source", "one")
    assert done.returncode == 2
    assert "src/one_1.orig.tar.gz: leads out of the project" in done.stderr
