"""A program of the project that another package runs while it is cross-built: the build machine's is taken."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from build_env.core.machine import host_architecture
from tests.e2e.conftest import Shipped
from tests.support.bases import provide_bases

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "debian/12"
CONTROL = """\
Source: {name}
Section: utils
Priority: optional
Maintainer: A Tester <tester@example.org>
Build-Depends: debhelper-compat (= 13){needs}
Standards-Version: 4.6.2

Package: {name}
Architecture: any
{fields}Depends: ${{shlibs:Depends}}, ${{misc:Depends}}
Description: package {name} of a test
 It is for nobody else.
"""
CHANGELOG = "{name} (1.0) unstable; urgency=medium\n\n  * Made.\n\n -- A Tester <tester@example.org>  {date}\n"
DATE = "Wed, 01 Oct 2025 10:00:00 +0000"
RULES = "#!/usr/bin/make -f\n%:\n\tdh $@\n"
# What the program says is decided when it is compiled: for what it was built is seen in what it makes.
STAMPER = """\
#include <stdio.h>
int main(void) {
#if defined(__x86_64__)
    puts("made on amd64");
#elif defined(__aarch64__)
    puts("made on arm64");
#endif
    return 0;
}
"""
PROGRAM = (
    "all: stamper\nstamper: stamper.c\n\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<\n"
    "install:\n\tinstall -D stamper $(DESTDIR)/usr/bin/stamper\nclean:\n\trm -f stamper\n"
)
STAMPED = (
    "all:\n\tstamper >stamp\n"
    "install:\n\tinstall -D -m 644 stamp $(DESTDIR)/usr/share/stamped/stamp\nclean:\n\trm -f stamp\n"
)


def write_package(root: Path, name: str, files: dict[str, str], *, needs: str = "", fields: str = "") -> None:
    """A package with Debian packaging."""
    files = files | {
        "deb/control": CONTROL.format(name=name, needs=needs, fields=fields),
        "deb/changelog": CHANGELOG.format(name=name, date=DATE),
        "deb/rules": RULES,
        "deb/source/format": "3.0 (native)\n",
    }
    for path, text in files.items():
        file = root / "src" / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (root / "src" / name / "deb/rules").chmod(0o755)


@pytest.fixture
def crossing(shipped: Shipped, tmp_path: Path) -> Shipped:
    """A project of two packages for the shipped target."""
    provide_bases()
    for part in ("common", "Dockerfiles"):
        shutil.copytree(shipped.root / part, tmp_path / part)
    shutil.copy2(shipped.root / "build-env.toml", tmp_path)
    target = tmp_path / "targets" / TARGET / "packages.conf.py"
    target.parent.mkdir(parents=True)
    text = (shipped.root / "targets" / TARGET / "packages.conf.py").read_text(encoding="utf-8")
    lists = {"PACKAGES": '["stamper", "stamped"]', "DEPENDS": "[]", "METAPACKAGES": "[]"}
    lines = [
        f"{name} = {lists[name]}" if (name := line.partition(" = ")[0]) in lists else line for line in text.splitlines()
    ]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Shipped(root=tmp_path)


@pytest.mark.parametrize(("qualifier", "fields"), [("", "Multi-Arch: foreign\n"), (":native", "")])
def test_what_runs_in_a_cross_build_is_the_build_machines(crossing: Shipped, qualifier: str, fields: str) -> None:
    host = host_architecture()
    other = {"amd64": "arm64", "arm64": "amd64"}[host]
    write_package(crossing.root, "stamper", {"stamper.c": STAMPER, "Makefile": PROGRAM}, fields=fields)
    write_package(crossing.root, "stamped", {"Makefile": STAMPED}, needs=f", stamper{qualifier}")
    said = crossing.built("--target", TARGET, "--arch", other, "--tar", "stamped")
    assert f"stamper {host}" in said
    unpacked = crossing.root / "unpacked"
    unpacked.mkdir()
    subprocess.run(
        ["tar", "-xf", crossing.root / f"build/deploy/tar/debian-12-{other}.tar", "-C", unpacked], check=True
    )
    subprocess.run(["dpkg-deb", "-x", unpacked / f"stamped_1.0_{other}.deb", unpacked], check=True)
    assert (unpacked / "usr/share/stamped/stamp").read_text(encoding="utf-8") == f"made on {host}\n"
