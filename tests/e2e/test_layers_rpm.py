"""What dnf installs into layers on a stand-in base, from a real repository: fetched with network, installed without."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from build_env.formats.rpm.metadata import write_metadata
from tests.support.programs import need_programs
from tests.support.servers import serve
from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

SPEC = """\
Name: NAME
Version: 1
Release: 1
Summary: t
License: t
BuildArch: noarch
%description
t
%install
mkdir -p %{buildroot}/usr/share
echo NAME 1 >%{buildroot}/usr/share/NAME
%files
/usr/share/NAME
"""
# The script of one of our own packages tells what it can reach, and spoils what was fetched.
SCRIPTED = """\
%post -p /bin/bash
if (: </dev/tcp/HOST/80) 2>/dev/null; then echo reached it; else echo reached nothing; fi >/usr/share/reached
echo poison | tee /build/archives/*.rpm /build/out/poison.rpm
"""
DOCKERFILE = """\
FROM {{ base_image }}
RUN rm -f /etc/yum.repos.d/* && \\
    printf '[mirror]\\nname=m\\nbaseurl=MIRROR\\ngpgcheck=0\\n' >/etc/yum.repos.d/mirror.repo && \\
    dnf makecache
"""
HOOK = """

FAMILY = "rpm"


def run_build(env: Env, package: Package) -> None:
    if package.name == "one":
        env.use("common/rpm")
        env.install(ImageKind.BUILD, "common/rpm/build.sh", "--download")
        env.install(ImageKind.BUILD, "common/rpm/build.sh", "--install", network=False)
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
OWN = f"""\
#!/bin/sh
set -eu
[ "$1" = --build ] || exit 0
cat >"$BUILD_WORK/own.spec" <<'END'
{SPEC.replace("NAME", "own")}{SCRIPTED}
END
rpmbuild -bb -D "_topdir $BUILD_WORK" "$BUILD_WORK/own.spec"
cp "$BUILD_WORK"/RPMS/noarch/*.rpm "$BUILD_OUT"
"""
ONE = """\
#!/bin/sh
set -eu
case $1 in
--source) cat >"$BUILD_OUT/build-depends.spec" <<'END'
Name: build-depends
Version: 0
Release: 0
Summary: Build dependencies
License: none
BuildRequires: own
BuildRequires: tool-one

%description
t
END
;;
--build) cat /usr/share/tool-one /usr/share/own /usr/share/reached; touch "$BUILD_OUT/one.rpm" ;;
esac
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A repository with one package."""
    need_programs("rpmbuild")
    directory = tmp_path / "mirror"
    directory.mkdir()
    (tmp_path / "tool-one.spec").write_text(SPEC.replace("NAME", "tool-one"), encoding="utf-8")
    places = ["-D", f"_topdir {tmp_path}/top", "-D", f"_rpmdir {directory}", "-D", "_rpmfilename %{name}.rpm"]
    subprocess.run(["rpmbuild", "-bb", *places, tmp_path / "tool-one.spec"], check=True, capture_output=True)
    write_metadata(directory, {"tool-one.rpm": directory / "tool-one.rpm"}, revision=1)
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    (tmp_path / "project").mkdir()
    with tiny_project(tmp_path / "project") as tiny:
        yield tiny


def test_scripts_of_packages_reach_no_network_and_change_nothing_that_was_fetched(
    stand_in_base: str, project: Tiny, mirror: Path
) -> None:
    with serve(mirror) as address:
        project.write("Dockerfiles/tiny.Dockerfile.j2", DOCKERFILE.replace("MIRROR", address))
        project.package("own", OWN.replace("HOST", address.removeprefix("http://")))
        project.package("one", ONE, definition="requires: [own]\n")
        project.configure(HOOK, base=stand_in_base)
        project.build("--build").expect(0)
    log = project.log("one", "build", "amd64")
    assert "tool-one 1\nown 1\nreached nothing\n" in log
    objects = [path.read_bytes() for path in (project.root / "build/store/objects").rglob("*") if path.is_file()]
    assert (mirror / "tool-one.rpm").read_bytes() in objects
    assert b"poison\n" not in objects
    assert not [text for text in objects if text.startswith(b"a") and b"\nbuild-depends " in text], "it is in the layer"
