"""Owns what a room looks like from inside (directories below the build root, `BUILD_*` variables, script), and its end.

Pure; every engine uses it, so that a script finds the same everywhere.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from build_env.model.cache import CACHES
from build_env.model.command import Role
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from build_env.model.command import Command
    from build_env.model.room import RoomSpec

__all__ = [
    "ARCHIVES",
    "BUILD_ROOT",
    "DIGEST_INDEX",
    "DIRECTORIES",
    "EVERY",
    "HOST_NAME",
    "INSTALLED",
    "LIST_PACKAGES",
    "SEARCH_PATH",
    "WRITABLE",
    "cache_place",
    "commands_of",
    "exporting",
    "install_phases",
    "limiting_script",
    "outcome_of",
    "room_environment",
    "room_script",
    "timed_out",
]

BUILD_ROOT = "/build"
HOST_NAME = "build-env"  # always the same, because some builds write it into their results
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DIRECTORIES = ("common", "in", "src")
WRITABLE = ("out", "work")
ARCHIVES = "archives"  # where install commands keep the packages they fetched; given back below in/archives
INSTALLED = "out/packages.txt"
EVERY = range(1, 1_000_000)  # command, by number
_TIMED_OUT = 124  # as timeout(1) has it

LIST_PACKAGES = (
    "{ if command -v dpkg-query >/dev/null; then dpkg-query -W -f '${Package} ${Version} ${Architecture}\\n'; fi; "
    "if command -v rpm >/dev/null; then rpm -qa --qf '%{NAME} %{EVR} %{ARCH}\\n'; fi; } | LC_ALL=C sort"
)
# The lists of packages, not the signed files that name them: those carry dates.
DIGEST_INDEX = (
    "find /var/lib/apt/lists /var/cache/dnf -type f "
    "\\( -name '*_Packages*' -o -name '*_Sources*' -o -name '*-primary.xml*' -o -name '*-modules.yaml*' \\) "
    "-exec sha256sum {} + 2>/dev/null | cut -d ' ' -f 1 | LC_ALL=C sort | sha256sum"
)


def commands_of(spec: RoomSpec, role: Role) -> list[Command]:
    """The commands of `spec` that install, or those that run."""
    return [command for command in spec.commands if command.role is role]


def cache_place(root: str, name: str) -> str:
    """Where a room has the cache of that name."""
    return f"{root}/caches/{name}"


def install_phases(spec: RoomSpec) -> list[range]:
    """The numbers of the install commands of `spec`, from 1 on: those with network, and after them those without."""
    commands = commands_of(spec, Role.INSTALL)
    networked = sum(command.network for command in commands)
    phases = (range(1, networked + 1), range(networked + 1, len(commands) + 1))
    return [numbers for numbers in phases if numbers]


def outcome_of(status: int) -> RoomOutcome:
    """The outcome of commands that ended with an exit status."""
    return RoomOutcome(status=status, message=f"exit status {status}" if status else "")


def timed_out(spec: RoomSpec) -> RoomOutcome:
    """The outcome of a room that took longer than it may."""
    return RoomOutcome(status=_TIMED_OUT, message=spec.limit.exceeded if spec.limit else "")


def room_environment(
    root: str,
    declared: Mapping[str, str],
    *,
    search_path: str = SEARCH_PATH,
    downloads: bool = False,
    kept: bool = False,
    caches: Collection[str] = (),
) -> dict[str, str]:
    """The complete environment of a room: what the task declares and where things are, `caches` by name."""
    programs = [place for name in caches for place in CACHES[name][1]]
    paths = {
        "BUILD_COMMON": f"{root}/common",
        "BUILD_IN": f"{root}/in",
        "BUILD_OUT": f"{root}/out",
        "BUILD_REINSTALL": "1" if kept else "0",
        "BUILD_ROOT": root,
        "BUILD_SRC": f"{root}/src/{declared.get('BUILD_PACKAGE', '')}".rstrip("/"),
        "BUILD_WORK": f"{root}/work",
        "HOME": f"{root}/work",
        "PATH": ":".join([*programs, search_path]),
        **{variable: cache_place(root, name) for name in caches for variable in CACHES[name][0]},
    }
    if downloads:
        paths["BUILD_DOWNLOADS"] = f"{root}/downloads"
    return dict(sorted({**declared, **paths}.items()))


def room_script(
    commands: Sequence[Command],
    root: str,
    *,
    exported: Mapping[str, str] | None = None,
    umask: int = 0o022,
    numbers: range = EVERY,
    become: str = "",
) -> str:
    """A POSIX shell script that runs `commands` in order and ends with the status of the first that fails.

    `exported` is set in the script itself, for rooms whose container must not carry an environment. `numbers` are
    those of the commands to run, from 1 on; the script's own variable `running` has that of the one at work. `become`
    are the words before a command that make it somebody else's.
    """
    lines = ["set -u", f"umask {umask:03o}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted((exported or {}).items())]
    for number, command in enumerate(commands, 1):
        if number in numbers:
            lines += [f"running={number}", _run(command, root, number, len(commands), become)]
    return "\n".join(lines) + "\n"


def exporting(variables: Mapping[str, str]) -> str:
    """The text of a file that sets these variables when a shell reads it."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))


def limiting_script(files: int) -> str:
    """What a script begins with whose processes may have `files` open each, 0 for as many as the engine allows.

    The engine is not asked for it: one with lower limits of its own would refuse the room. Nobody in it can raise them.
    """
    note = f"note: the engine lets each process have $(ulimit -Hn) files open, not {files} (room_files)"
    lower = f'ulimit -n "$(ulimit -Hn)"; echo "{note}"'
    return f"ulimit -n {files} 2>/dev/null || {{ {lower}; }}\n" if files else ""


def _run(command: Command, root: str, number: int, total: int, become: str) -> str:
    directory = command.cwd if command.cwd.startswith("/") else f"{root}/{command.cwd}".removesuffix("/.")
    words = f"{become} {shlex.join([_program(command.argv[0], root), *command.argv[1:]])}".lstrip()
    settings = " ".join(f"export {name}={shlex.quote(value)};" for name, value in sorted(command.environment.items()))
    what = "install command" if command.role is Role.INSTALL else "command"
    report = shlex.quote(f"build-env: {what} {number} of {total} failed: {shlex.join(command.argv)}")
    return (
        f"( {settings} cd {shlex.quote(directory)} && exec {words} ) || "
        f"{{ status=$?; printf '%s\\n' {report} >&2; exit $status; }}"
    )


def _program(word: str, root: str) -> str:
    """A relative path starts at the build root; a bare name is looked up in PATH."""
    return f"{root}/{word}" if "/" in word and not word.startswith("/") else word
