"""Makes .venv hold the packages of a lock file: `install.py LOCK [ARGUMENT...]`, started by start.sh.

Only the standard library is used, because nothing is installed yet. The states of .venv are told apart by its
stamps: a copy of each lock file, written after the last of its packages. An interrupted start leaves none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXIT_NOT_READY = 4
EXIT_INTERRUPTED = 130
LOCKS = ("runtime", "development")  # each holds all packages of those before it, at the same versions
LINES_OF_FAILURE = 15
PIP_OPTIONS = ("--quiet", "--no-input", "--disable-pip-version-check")
ENSUREPIP = "import ensurepip, venv"  # succeeds where `python3 -m venv` works
# Settings of the caller that would make pip install to another place than .venv.
MISLEADING_SETTINGS = ("PIP_PREFIX", "PIP_TARGET", "PIP_USER", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class NotReadyError(Exception):
    """The machine lacks something; the text says what, and what to do."""


@dataclass(frozen=True)
class Checkout:
    """The paths of one checkout, and the file descriptor that proves that no other start works on it."""

    root: Path
    lock: int

    @property
    def venv(self) -> Path:
        """The directory of the Python environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the Python environment."""
        return self.venv / "bin" / "python"

    def requirements(self, name: str) -> Path:
        """Return the lock file of this name."""
        return self.root / "requirements" / f"{name}.txt"

    def stamp(self, name: str) -> Path:
        """Return the file that says which content of the lock file is installed."""
        return self.venv / f"installed-{name}.txt"

    def is_installed(self, name: str) -> bool:
        """Whether .venv holds what the lock file says now."""
        stamp = self.stamp(name)
        if not stamp.exists() or not os.access(self.python, os.X_OK):
            return False
        return stamp.read_bytes() == self.requirements(name).read_bytes()

    def run(self, command: Sequence[str | Path]) -> None:
        """Run a command without showing its output, unless it fails.

        It keeps the lock open: should this process be killed, the next start waits for the command's end too.
        """
        environment = {key: value for key, value in os.environ.items() if key not in MISLEADING_SETTINGS}
        environment |= {"PIP_USER": "0", "DEBIAN_FRONTEND": "noninteractive"}
        result = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            pass_fds=[self.lock],
        )
        if result.returncode != 0:
            tail = "\n".join(f"  | {line}" for line in result.stdout.splitlines()[-LINES_OF_FAILURE:])
            line = " ".join(str(word) for word in command)
            raise NotReadyError(f"this command failed with status {result.returncode}: {line}\n{tail}")


@dataclass(frozen=True)
class Interpreter:
    """The Python that .venv is made from."""

    path: str
    version: str

    @classmethod
    def current(cls) -> Interpreter:
        """Return the interpreter below any virtual environment that is active.

        Its real path carries the minor version: once an upgrade takes it away, .venv is seen to be broken.
        """
        base = getattr(sys, "_base_executable", None) or sys.executable
        return cls(os.path.realpath(base), f"{sys.version_info.major}.{sys.version_info.minor}")

    def can(self, code: str) -> bool:
        """Whether a line of Python succeeds in a new process of this interpreter."""
        command = [self.path, "-c", code]
        result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)
        return result.returncode == 0


def report(text: str) -> None:
    """Tell the user of a step, away from the output of the command."""
    sys.stderr.write(f"build-env: {text}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[Checkout]:
    """Wait for the other starts in this checkout; the lock is on a directory, which needs no further file."""
    descriptor = os.open(root / "requirements", os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another start that is making .venv …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Checkout(root, descriptor)
    finally:
        os.close(descriptor)


def prepare(checkout: Checkout, name: str, *, setup: bool) -> None:
    """Make .venv hold the packages of the lock file."""
    if checkout.is_installed(name):
        return
    begin = time.monotonic()
    if can_add(checkout):
        report(f"adding the {name} packages to .venv …")
        install(checkout, installer_of(checkout, Interpreter.current()), name)
    else:
        reason = "it is incomplete or out of date" if checkout.venv.exists() else "first use"
        report(f"making .venv ({reason}) …")
        make(checkout, name, setup=setup)
    report(f".venv is ready ({time.monotonic() - begin:.0f}s)")


def can_add(checkout: Checkout) -> bool:
    """Whether packages can be added to .venv: it is complete and nothing in it is out of date."""
    present = [name for name in LOCKS if checkout.stamp(name).exists()]
    return bool(present) and all(checkout.is_installed(name) for name in present)


def make(checkout: Checkout, name: str, *, setup: bool) -> None:
    """Make .venv anew."""
    interpreter = Interpreter.current()
    if setup and not interpreter.can(ENSUREPIP):
        install_venv_package(checkout, interpreter)
    way = way_to_create(checkout, interpreter)
    if way is None:
        raise NotReadyError(missing(interpreter))
    remove(checkout)
    checkout.run(way)
    install(checkout, installer_of(checkout, interpreter), name)


def way_to_create(checkout: Checkout, interpreter: Interpreter) -> list[str | Path] | None:
    """Return the command that makes a .venv which `installer_of` can fill; None if the machine cannot."""
    if interpreter.can(ENSUREPIP):
        return [interpreter.path, "-m", "venv", checkout.venv]
    # Debian has ensurepip in python3-venv only; but a pip of the machine can fill an environment without one.
    if has_system_pip(interpreter) and interpreter.can("import venv"):
        return [interpreter.path, "-m", "venv", "--without-pip", checkout.venv]
    if uv := shutil.which("uv"):
        return [uv, "venv", "--quiet", "--no-project", "--python", interpreter.path, checkout.venv]
    if virtualenv := shutil.which("virtualenv"):
        return [virtualenv, "--quiet", "--python", interpreter.path, checkout.venv]
    return None


def has_system_pip(interpreter: Interpreter) -> bool:
    """Whether the interpreter has a pip that can install into another environment (--python, since 22.3)."""
    version = "[int(number) for number in pip.__version__.split('.')[:2]]"
    return interpreter.can(f"import sys, pip; sys.exit({version} < [22, 3])")


def installer_of(checkout: Checkout, interpreter: Interpreter) -> list[str | Path]:
    """Return the first words of the command that installs into .venv."""
    python = str(checkout.python)
    if Interpreter(python, interpreter.version).can("import pip"):
        return [python, "-m", "pip", *PIP_OPTIONS, "install"]
    if has_system_pip(interpreter):
        return [interpreter.path, "-m", "pip", "--python", python, *PIP_OPTIONS, "install"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", python]
    raise NotReadyError(missing(interpreter))


def install(checkout: Checkout, installer: list[str | Path], name: str) -> None:
    """Install the locked packages and the checkout itself, then stamp.

    Wheels only: an installation runs no code of the packages and needs no compiler.
    """
    options = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--requirement",
        str(checkout.requirements(name)),
    ]
    content = {lock: checkout.requirements(lock).read_bytes() for lock in LOCKS[: LOCKS.index(name) + 1]}
    checkout.run([*installer, *options])
    # The path is relative, so that a checkout can be moved or copied with its .venv.
    site_packages = next(checkout.venv.glob("lib/python3*/site-packages"))
    path = os.path.relpath(checkout.root, site_packages)
    (site_packages / "build-env.pth").write_text(f"{path}\n", encoding="utf-8")
    for lock, data in content.items():
        new = checkout.stamp(lock).with_suffix(".new")
        new.write_bytes(data)
        new.replace(checkout.stamp(lock))


def remove(checkout: Checkout) -> None:
    """Remove .venv, its stamps first: a removal that is interrupted must not look like an installation."""
    for name in LOCKS:
        checkout.stamp(name).unlink(missing_ok=True)
    if checkout.venv.is_symlink():
        checkout.venv.unlink()
    elif checkout.venv.exists():
        shutil.rmtree(checkout.venv)


def apt_command(interpreter: Interpreter) -> list[str] | None:
    """Return the command that installs what Debian leaves out of this Python, None where apt has no part."""
    if not interpreter.path.startswith("/usr/bin/") or shutil.which("apt-get") is None:
        return None
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    package = f"python{interpreter.version}-venv"
    return [*sudo, "apt-get", "install", "--yes", "--no-install-recommends", package]


def update_of(command: list[str]) -> list[str]:
    """Return the command that fetches the package lists for an installation."""
    return [*command[: command.index("apt-get") + 1], "update"]


def install_venv_package(checkout: Checkout, interpreter: Interpreter) -> None:
    """Install Debian's python3-venv: the one change of the machine made here, and only with --setup."""
    command = apt_command(interpreter)
    if command is None or shutil.which(command[0]) is None:
        return
    report(f"installing {command[-1]} (--setup) …")
    if command[0] == "sudo" and not sys.stderr.isatty():
        command.insert(1, "--non-interactive")
    # A fresh machine or image has no package index, and an old index names files that are gone.
    checkout.run(update_of(command))
    checkout.run(command)


def missing(interpreter: Interpreter) -> str:
    """Return what to do where nothing can make .venv."""
    what = f"{interpreter.path} can make no virtual environment: it has no module venv or ensurepip"
    command = apt_command(interpreter)
    if command is None:
        return f"{what}\n  next  install them, or uv, or virtualenv, and start this command again"
    line = f"{' '.join(update_of(command))} && {' '.join(command)}"
    return f"{what}\n  next  {line}\n        or the same command again with --setup, which does that"


def main(arguments: Sequence[str]) -> int:
    """Make .venv ready and return the exit status."""
    name, *command_line = arguments
    options = command_line[: command_line.index("--")] if "--" in command_line else command_line
    try:
        with only_one(Path(__file__).resolve().parent.parent) as checkout:
            prepare(checkout, name, setup="--setup" in options)
    except (NotReadyError, OSError) as error:
        report(f"not ready: {error}")
        return EXIT_NOT_READY
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
