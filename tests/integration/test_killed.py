"""The real command with the real engine is killed at its writes; run again, it goes on and ends in the same bytes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.tiny import TARGET, tiny_project, tool_environment
from tests.support.tree import attempts, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.tiny import Tiny
    from tests.support.tree import Outcome

COMMAND = ("--target", TARGET, "--arch", "amd64", "--jobs", "1")
# Real packages, the same bytes each time.
SCRIPT = """\
#!/bin/sh
set -eu
export SOURCE_DATE_EPOCH=1000000000
name=$BUILD_PACKAGE
cd "$BUILD_WORK"
case $1 in
--source)
    mkdir "$name-1.0"
    tar -c --mtime=@1000000000 --owner=0 --group=0 --mode=755 "$name-1.0" | gzip -n >"$BUILD_OUT/${name}_1.0.tar.gz"
    cd "$BUILD_OUT"
    set -- $(wc -c <"${name}_1.0.tar.gz") "${name}_1.0.tar.gz"
    cat >"${name}_1.0.dsc" <<END
Format: 3.0 (native)
Source: $name
Binary: $name
Architecture: any
Version: 1.0
Maintainer: Tests <tests@example.invalid>
Checksums-Sha256:
 $(sha256sum "$2" | cut -c 1-64) $1 $2
Files:
 $(md5sum "$2" | cut -c 1-32) $1 $2
END
    ;;
--build)
    mkdir -p tree/DEBIAN tree/usr/share
    echo "build of $name" >"tree/usr/share/$name"
    cat >tree/DEBIAN/control <<END
Package: $name
Version: 1.0
Architecture: $ARCH
Maintainer: Tests <tests@example.invalid>
Description: a package of the tests
END
    dpkg-deb --root-owner-group --build tree "$BUILD_OUT/${name}_1.0_$ARCH.deb" >/dev/null
    ;;
esac
"""
INSTALL = """\
#!/bin/sh
set -eu
echo installed >/etc/installed
mkdir -p "$BUILD_ARCHIVES"
echo fetched >"$BUILD_ARCHIVES/fetched_1.0_all.deb"
"""
HOOKS = """

def run_source(env: Env, package: Package) -> None:
    env.run_command_source(env.path_package_script(package), "--source", network=False)


def run_build(env: Env, package: Package) -> None:
    env.use("common/install")
    env.install(ImageKind.BUILD, "common/install/install.sh")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")


def run_verify(env: Env, package: Package) -> None:
    pass


def run_deploy(env: Env, package: Package) -> None:
    env.deploy("deb", suite="stable")


def run_tar_build(env: Env) -> None:
    env.tar()
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The project, what an undisturbed run leaves, and its writes."""

    project: Tiny
    wanted: Outcome
    writes: list[str]
    images: list[str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    root = tmp_path_factory.mktemp("killed")
    with tiny_project(root, "one", "two") as project:
        project.write("common/install/install.sh", INSTALL, mode=0o755)
        for name in ("one", "two"):
            project.package(name, SCRIPT)
        project.configure(HOOKS)
        status, writes = killing(project, 0)
        assert status == 0
        yield Sample(project=project, wanted=outcome(root), writes=writes, images=project.images())


# Commits of the database, in order: its tables, then begin and end of an attempt for the image, two sources, the layer,
# two builds, a deployment, the archive, the other deployment; then the end of the run.
IMAGE, SOURCE, LAYER, BUILD, DEPLOY, RUN = 3, 5, 9, 13, 15, 20
# Starts of containers: what lists the image's packages, a network, two sources, a network, the layer, two builds.
LISTING, FIRST_ROOM, INSTALLING, LAST_ROOM = 1, 2, 4, 6
POINTS = {
    "an image is being made": ("after POST /engine/build", 1),
    "the packages of an image are being listed": ("after POST /engine/containers/start", LISTING),
    "an object has no name yet": ("replace /build/store/objects", 2),
    "an image is not recorded yet": ("commit /build/store.db", IMAGE),
    "an image is recorded": ("committed /build/store.db", IMAGE),
    "a room has started": ("after POST /engine/containers/start", FIRST_ROOM),
    "a source is recorded": ("committed /build/store.db", SOURCE),
    "build dependencies are being installed": ("after POST /engine/containers/start", INSTALLING),
    "a layer is not kept yet": ("before POST /engine/commit", 1),
    "a layer is kept": ("after POST /engine/commit", 1),
    "a layer is recorded": ("committed /build/store.db", LAYER),
    "a room has started on a layer": ("after POST /engine/containers/start", LAST_ROOM),
    "a build is not recorded yet": ("commit /build/store.db", BUILD),
    "a plain file has no name yet": ("replace /build/deploy/deb", 2),
    "a deployment has ended": ("committed /build/store.db", DEPLOY),
    "an archive has no name yet": ("replace /build/deploy/tar", 1),
    "a package is not in the pool yet": ("rename /build/repositories/main/deb/pool", 2),
    "a repository is not linked yet": ("symlink /build/repositories/main/deb/dists", 1),
    "a repository is not switched yet": ("rename /build/repositories/main/.publish/current", 1),
    "a repository is switched": ("/build/remembered", 1),
    "a plan is not remembered yet": ("replace /build/remembered", 1),
    "the run is not ended yet": ("commit /build/store.db", RUN),
    "the run's lock is held": ("unlink /build/runs", 1),
}


# Each takes its ten seconds, so that CI has one of each kind; `--full` has them all, and every other write beside them.
OFTEN = (
    "an image is being made",
    "an object has no name yet",
    "a source is recorded",
    "build dependencies are being installed",
    "a layer is not kept yet",
    "a build is not recorded yet",
    "a plain file has no name yet",
    "a repository is not linked yet",
    "a repository is not switched yet",
    "the run is not ended yet",
    "the run's lock is held",
)


@pytest.mark.parametrize(
    "moment", [pytest.param(moment, marks=() if moment in OFTEN else pytest.mark.full) for moment in POINTS]
)
def test_killed_when(sample: Sample, moment: str) -> None:
    write, number = POINTS[moment]
    assert len([line for line in sample.writes if write in line]) >= number
    forget(sample.project)
    status, reached = killing(sample.project, number, write)
    assert status == -signal.SIGKILL
    go_on(sample, f"killed at {reached[-1]}")


def test_two_at_once(sample: Sample) -> None:
    """A deployment is published when its run ends: until then the other run has to do it, too."""
    project = sample.project
    forget(project)
    with project.started(*COMMAND[2:4]) as first, project.started(*COMMAND[2:4]) as second:
        for answer in (first.end(), second.end()):
            answer.expect(0)
            assert '"status": "failed"' not in answer.text
    assert outcome(project.root) == sample.wanted
    tried = Counter(task for task, _ in attempts(project.root) if ":deploy:" not in task)
    assert set(tried.values()) == {1}
    assert {state for _, state in attempts(project.root)} == {"done"}
    assert project.leftovers() == []


# What they are about is on the disk or in the engine before it is synced or told who did it.
ACTS = ("commit", "create", "link", "mkdir", "open", "rename", "replace", "unlink", "POST", "PUT", "DELETE")
PARTS = 8


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_each_write(sample: Sample, part: int) -> None:
    """Containers are removed in the background: a few writes change their places, the last ones may not come."""
    writes = [line for line in sample.writes if any(act in line for act in ACTS)]
    for point in range(1 + part, len(writes) + 1, PARTS):
        forget(sample.project)
        status, reached = killing(sample.project, point, *ACTS)
        assert status == -signal.SIGKILL or point > len(writes) - 10
        go_on(sample, f"killed at point {point}: {reached[-1]}")


def forget(project: Tiny) -> None:
    """Nothing was built before; only the key of the repository is the same."""
    project.discard()
    shutil.rmtree(project.root / "build", ignore_errors=True)


def go_on(sample: Sample, story: str) -> None:
    """The plain command must succeed and leave the same as an undisturbed run, and nothing else."""
    project = sample.project
    answer = project.build(*COMMAND[2:])
    assert answer.status == 0, f"{story}\n{answer.text}"
    found = outcome(project.root)
    assert found.results == sample.wanted.results, story
    assert found.files == sample.wanted.files, story
    assert project.leftovers() == [], story
    assert project.images() == sample.images, story


def killing(project: Tiny, point: int, *words: str) -> tuple[int, list[str]]:
    """Run the command until it kills itself at that point; its status and the writes that were reached."""
    record = project.root.parent / f"{project.prefix}.record"
    argv = [sys.executable, "-P", "-m", "tests.support.killing", str(record), str(point), *words]
    done = subprocess.run(
        [*argv, "--", "build_env.cli.build_all", *COMMAND],
        cwd=project.root,
        env=tool_environment(project.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stdout
    return done.returncode, record.read_text().splitlines()
