"""A build that does not compile is mended by hand in its room and goes on from the command that failed."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import PARTS, Shipped

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = "int broken(void) { return missing_name; }\n"
TREES = {"debian/12": "/build/work/build/libgreet", "centos/8": "/build/work/rpmbuild/BUILD/libgreet-1.0.0"}
GOING_ON = {"debian/12": "going on with command 2 of 3", "centos/8": "going on with command 2 of 4"}
MADE = {"debian/12": "libgreet1_1.0.0_amd64.deb", "centos/8": "libgreet-1.0.0-1.el8.x86_64.rpm"}


@pytest.fixture
def project(shipped: Shipped, tmp_path: Path) -> Shipped:
    """A copy of the shipped project, for which centos/8 is a stand-in."""
    for part in PARTS:
        source = shipped.root / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, symlinks=True)
        else:
            shutil.copy2(source, tmp_path / part)
    copied = Shipped(root=tmp_path)
    made = copied.build_env("base", "make", "--stand-in", "centos/8", "--arch", "amd64")
    assert made.returncode == 0, made.stdout + made.stderr
    return copied


def hint(said: str) -> list[str]:
    """The words of the command that a failure names, without the program."""
    return next(line.split()[2:] for line in said.splitlines() if line.startswith("        next  build-env "))


@pytest.mark.parametrize("target", TREES)
def test_a_mended_build_goes_on(project: Shipped, target: str) -> None:
    file = project.root / "src/libgreet/greet.c"
    good = file.read_text()
    file.write_text(good + BROKEN)
    command = ("--target", target, "--arch", "amd64", "--build", "libgreet")
    failed = project.build_all(*command)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "error: ‘missing_name’ undeclared" in failed.stdout  # noqa: RUF001 - as the compiler writes it
    mend = f"sed -i '$d' {TREES[target]}/greet.c && date >{TREES[target]}/trace"
    mended = project.build_env(*hint(failed.stdout), "--continue", "sh", "-c", mend)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert GOING_ON[target] in mended.stderr
    assert mended.stdout.count(" -c -o greet.o greet.c") == 1
    made = project.root / "build/continued" / target.replace("/", "-") / "libgreet.amd64.build"
    assert (made / MADE[target]).is_file()
    if target == "centos/8":
        requires = ["rpm", "-qp", "--requires", str(made / MADE[target])]
        assert "ShortCircuited" not in subprocess.run(requires, capture_output=True, text=True, check=True).stdout
    file.write_text(good)
    project.built(*command)
    gone = project.build_env(*hint(failed.stdout), "true")
    assert gone.returncode == 2
    assert "is kept" in gone.stderr
