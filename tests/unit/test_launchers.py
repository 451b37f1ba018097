"""The launchers and what makes .venv, on copies of them in a temporary checkout with empty locks."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from requirements import install

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("runtime", "development")
LIMIT = 100  # seconds; an environment is made in 3, on a busy machine in 10
ECHO = "import sys\nprint(__name__, *sys.argv[1:])\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a checkout"
    (root / "requirements").mkdir(parents=True)
    for name in ("build-all", "build-env", "requirements/start.sh", "requirements/install.py"):
        shutil.copy(ROOT / name, root / name)
    for lock in LOCKS:
        (root / "requirements" / f"{lock}.txt").write_text(f"# {lock}: nothing to install\n")
    (root / "build_env" / "cli").mkdir(parents=True)
    for module in ("build_all", "main"):
        (root / "build_env" / "cli" / f"{module}.py").write_text(ECHO)
    return root


@pytest.fixture
def made(checkout: Path) -> Path:
    """Give .venv the look of a complete one, quicker than by making it."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    python = checkout / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "started $*"\n')
    python.chmod(0o755)
    stamp(checkout, "runtime")
    return checkout


def stamp(root: Path, lock: str) -> None:
    shutil.copy(root / "requirements" / f"{lock}.txt", root / ".venv" / f"installed-{lock}.txt")


def start(
    program: Path | str, *arguments: str, cwd: Path | None = None, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": path or os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [program, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=LIMIT,
    )


def programs(directory: Path, **scripts: str) -> str:
    """Make a PATH that has only these programs and the few tools that the launchers use."""
    directory.mkdir()
    for tool in ("sh", "cmp", "readlink"):
        (directory / tool).symlink_to(shutil.which(tool) or tool)
    for name, script in scripts.items():
        (directory / name).write_text(script)
        (directory / name).chmod(0o755)
    return str(directory)


def test_ready_environment_is_used_as_it_is(made: Path) -> None:
    result = start(made / "build-all", "--help", "two words")
    assert result.stdout == "started -P -m build_env.cli.build_all --help two words\n"
    assert result.stderr == ""
    assert start(made / "build-env").stdout == "started -P -m build_env.cli.main\n"


def test_called_through_a_symlink_and_from_elsewhere(made: Path, tmp_path: Path) -> None:
    link = tmp_path / "ba"
    link.symlink_to(made / "build-all")
    other = tmp_path / "other"
    other.symlink_to("ba")
    assert "build_env.cli.build_all x" in start(other, "x", cwd=Path("/")).stdout
    assert "build_env.cli.build_all" in start("sh", "build-all", cwd=made).stdout


@pytest.mark.parametrize("version", ["missing", "old"])
def test_no_python_that_is_new_enough(checkout: Path, tmp_path: Path, version: str) -> None:
    old = {"python3": '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" || exit 1\n'}
    path = programs(tmp_path / "bin", **(old if version == "old" else {}))
    result = start(checkout / "build-all", "--help", path=path)
    assert result.returncode == 4
    assert "Python 3.11 or newer is needed" in result.stderr
    assert ("Python 3.9.2" if version == "old" else "no python3") in result.stderr


@pytest.mark.timeout(2 * LIMIT)
def test_environment_is_made_once_and_again_when_the_lock_changes(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "build_env").mkdir()  # not taken for ours, although it lies in the caller's directory
    first = start(checkout / "build-all", "greet", cwd=tmp_path)
    assert (first.returncode, first.stdout) == (0, "__main__ greet\n")
    assert "first use" in first.stderr
    assert start(checkout / "build-all", cwd=tmp_path).stderr == ""

    moved = checkout.rename(tmp_path / "moved")
    assert start(moved / "build-all", "x").stdout == "__main__ x\n"

    (moved / "requirements" / "runtime.txt").write_text("# another\n")
    (moved / ".venv" / "old-file").touch()
    changed = start(moved / "build-all")
    assert "out of date" in changed.stderr
    assert not (moved / ".venv" / "old-file").exists()


@pytest.mark.timeout(2 * LIMIT)
def test_a_lock_that_cannot_be_installed_leaves_no_stamp(checkout: Path) -> None:
    (checkout / "requirements" / "runtime.txt").write_text("not a requirement\n")
    result = start(checkout / "build-all")
    assert result.returncode == 4
    assert "Invalid requirement" in result.stderr
    assert "Traceback" not in result.stderr
    assert (checkout / ".venv").exists()
    assert not (checkout / ".venv" / "installed-runtime.txt").exists()


@pytest.mark.timeout(2 * LIMIT)
def test_concurrent_first_starts_make_one_environment(checkout: Path) -> None:
    running = [
        subprocess.Popen([checkout / "build-all", str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    outputs = [process.communicate(timeout=LIMIT) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert [out for out, _ in outputs] == [f"__main__ {n}\n" for n in range(3)]
    assert sum("making .venv (" in error for _, error in outputs) == 1


@pytest.mark.timeout(2 * LIMIT)
def test_a_start_waits_for_the_lock(checkout: Path) -> None:
    descriptor = os.open(checkout / "requirements", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    process = subprocess.Popen([checkout / "build-all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "waiting for another start" in process.stderr.readline()
    os.close(descriptor)
    process.communicate(timeout=LIMIT)
    assert process.returncode == 0


@pytest.fixture
def held(checkout: Path) -> Iterator[install.Checkout]:
    with install.only_one(checkout) as it:
        yield it


def test_development_packages_are_added_only_to_a_current_environment(
    made: Path,
    held: install.Checkout,
) -> None:
    assert install.can_add(held)
    stamp(made, "development")
    (made / "requirements" / "development.txt").write_text("# another\n")
    assert not install.can_add(held)


def test_removal_takes_the_stamps_first(made: Path, held: install.Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install.remove(held)
    assert (made / ".venv").exists()
    assert not held.is_installed("runtime")


@pytest.mark.parametrize(("user", "sudo"), [(0, []), (1000, ["sudo"])])
def test_what_is_missing_is_said_as_a_command(monkeypatch: pytest.MonkeyPatch, user: int, sudo: list[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    debian = install.Interpreter("/usr/bin/python3.11", "3.11")
    command = [*sudo, "apt-get", "install", "--yes", "--no-install-recommends", "python3.11-venv"]
    assert install.apt_command(debian) == command
    update = " ".join([*sudo, "apt-get", "update"])  # a fresh machine has no package lists
    assert f"{update} && {' '.join(command)}" in install.missing(debian)
    assert "apt-get" not in install.missing(install.Interpreter("/opt/python/bin/python3.12", "3.12"))


@pytest.mark.parametrize(("line", "expected"), [(["--setup"], True), (["x", "--", "--setup"], False), ([], False)])
def test_setup_is_an_option_and_not_a_word(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, line: list[str], *, expected: bool
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(install, "prepare", lambda _checkout, _name, *, setup: seen.append(setup))
    monkeypatch.setattr(install, "__file__", str(checkout / "requirements" / "install.py"))
    assert install.main(["runtime", *line]) == 0
    assert seen == [expected]
