"""Owns bare machines: a Debian as it is freshly installed, with users, network, handlers and an engine of its own.

Each is a minimal root, made once a week, below a layer that is thrown away, in new namespaces. A user namespace of its
own gives it handlers of its own (Linux 6.7 and later). Killing its first process ends everything in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CHECKOUT", "REPOSITORY", "SUITES", "BareMachine", "bare_machine", "why_not"]

SUITES = {"debian-12": "bookworm", "debian-13": "trixie"}
REPOSITORY = Path(__file__).parents[2]
CHECKOUT = "/srv/build-env"  # where a machine has it
_PLACE = REPOSITORY / ".build-env" / "bare"
_INSIDE = Path(__file__).with_name("bare.sh")
_CGROUPS = Path("/sys/fs/cgroup")
_USERS = 200_000  # those of Debian, and a range that a user may divide
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_NEW = ["unshare", "--user", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts"]
_PROBE = 'mount -t binfmt_misc new /proc/sys/fs/binfmt_misc && [ "$(ls /proc/sys/fs/binfmt_misc | wc -l)" = 2 ]'
_OUTSIDE = """set -e
mount --bind "$2" "$3/repository"
mount -t overlay -o "lowerdir=$1,upperdir=$3/upper,workdir=$3/work,volatile" bare "$3/root"
shift 3
exec "$@"
"""
_JOIN = 'for group in $1; do echo $$ >"$group/cgroup.procs"; done; shift; exec "$@"'


def why_not() -> str:
    """Why there can be no bare machine here; empty where there can."""
    if os.geteuid() != 0:
        return "a bare machine is made by root"
    if os.environ.get("BUILD_ENV_BARE"):
        return "this is a bare machine"
    lacking = [name for name in ("mmdebstrap", "nsenter", "slirp4netns", "unshare") if shutil.which(name) is None]
    if lacking or not Path("/dev/net/tun").exists():
        return f"there is no {', '.join(lacking) or '/dev/net/tun'}"
    probe = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _PROBE]
    done = subprocess.run(probe, check=False, capture_output=True, text=True)
    said = done.stderr.strip() or "others' are seen"
    return f"this kernel has no binfmt handlers of a user namespace's own: {said}" if done.returncode else ""


@dataclass(frozen=True, kw_only=True)
class BareMachine:
    """One that runs. `name` is a key of SUITES, `process` its first process as the host sees it."""

    name: str
    process: int
    groups: tuple[Path, ...]

    def run(
        self, line: str, *, user: str = "root", directory: str = "/", timeout: int = 1200
    ) -> subprocess.CompletedProcess[str]:
        """Run a line of shell in it, as a login of `user` would; both outputs are in `stdout`."""
        enter = [" ".join(map(str, self.groups)), "nsenter", f"--target={self.process}", "--all", "--"]
        home = "/root" if user == "root" else f"/home/{user}"
        given = {name: os.environ[name] for name in _PROXIES if name in os.environ}
        environment = {"PATH": _PATH, "HOME": home, "USER": user, "LANG": "C.UTF-8", "BUILD_ENV_BARE": "1", **given}
        # Sessions of others get no privileges of root's: groups are those that the machine knows now.
        other = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        inside = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *other]
        inside += ["sh", "-c", 'cd "$1" && eval "$2"', "sh", directory, line]
        return subprocess.run(
            ["sh", "-c", _JOIN, "sh", *enter, *inside],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )

    def expect(self, status: int, line: str, *words: str, **options: Any) -> str:  # noqa: ANN401 - those of `run`
        """Run a line that has to end with `status` and to say `words`; what it said."""
        done = self.run(line, **options)
        missing = [word for word in words if word not in done.stdout]
        assert (done.returncode, missing) == (status, []), f"{line}: status {done.returncode}\n{done.stdout}"
        return done.stdout


@contextlib.contextmanager
def bare_machine(name: str) -> Iterator[BareMachine]:
    """Start one, as a fresh installation of the release that SUITES calls `name`; nothing of it stays."""
    root = _minimal_root(SUITES[name])
    (_PLACE / "machines").mkdir(exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=_PLACE / "machines"))
    groups = _control_groups(f"bare-{place.name}")
    try:
        for part in ("upper", "work", "root", "engine", "repository"):
            (place / part).mkdir(mode=0o755)
        _take_settings(place / "upper")
        with _started(root, place, groups) as process:
            machine = BareMachine(name=name, process=process, groups=groups)
            machine.expect(0, "update-ca-certificates")
            yield machine
    finally:
        for group in groups:
            for each in sorted((*group.rglob("*/"), group), reverse=True):
                with contextlib.suppress(OSError):
                    each.rmdir()
        shutil.rmtree(place)


@contextlib.contextmanager
def _started(root: Path, place: Path, groups: Sequence[Path]) -> Iterator[int]:
    """The host's number of the first process of a machine; afterwards nothing of it runs."""
    outside = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount"]
    outside += ["sh", "-c", _OUTSIDE, "sh", *map(str, (root, REPOSITORY, place))]
    version2 = (_CGROUPS / "cgroup.controllers").exists()
    own = " ".join(map(str, groups))
    inside = [*_NEW, *(["--cgroup"] if version2 else []), "sh", str(_INSIDE), str(place), own]
    command = ["sh", "-c", _JOIN, "sh", own, *outside, *inside]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
        contextlib.ExitStack() as stack,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        stack.callback(process.kill)
        assert process.stdout.readline() == "waiting\n"
        for which in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{which}").write_text(f"0 0 {_USERS}\n")
        if version2:  # the machine's own root of groups must be empty to be divided
            (groups[0] / "init").mkdir()
            for number in (groups[0] / "cgroup.procs").read_text().split():
                (groups[0] / "init" / "cgroup.procs").write_text(number)
        stack.enter_context(_network(process.pid))
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "up\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        first = int(children.split()[0])
        try:
            yield first
        finally:  # the kernel ends all others before this one is gone: the groups are empty then
            os.kill(first, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def _network(process: int) -> Iterator[None]:
    """A network that reaches what the host reaches, but not the host, while the context lasts."""
    ready, says = os.pipe()
    asked, ends = os.pipe()
    command = ["slirp4netns", "--configure", "--mtu=1400", "--disable-host-loopback"]
    command += [f"--ready-fd={says}", f"--exit-fd={asked}", str(process), "tap0"]
    with subprocess.Popen(command, pass_fds=(says, asked), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        for handed_on in (says, asked):
            os.close(handed_on)
        try:
            assert os.read(ready, 1) == b"1"
            yield
        finally:
            os.close(ends)
            os.close(ready)


def _control_groups(name: str) -> tuple[Path, ...]:
    """Groups of the machine's own: without, its engine would make its groups among the host's."""
    if (_CGROUPS / "cgroup.controllers").exists():
        (_CGROUPS / name).mkdir()
        return (_CGROUPS / name,)
    groups = [controller / name for controller in _CGROUPS.iterdir() if (controller / "cgroup.procs").exists()]
    for group in groups:
        group.mkdir()
        for what in ("cpuset.cpus", "cpuset.mems"):
            if (group / what).exists():
                (group / what).write_text((group.parent / what).read_text())
    return tuple(groups)


def _take_settings(upper: Path) -> None:
    """Give the machine what the host needs to reach the network, where it needs something."""
    for path in ("/etc/pip.conf", "/usr/local/share/ca-certificates"):
        target = upper / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(path).is_dir():
            shutil.copytree(path, target)
        elif Path(path).exists():
            shutil.copy(path, target)
    (upper / "etc").mkdir(exist_ok=True)
    (upper / "etc/resolv.conf").write_text("nameserver 10.0.2.3\n")  # slirp4netns asks for us what the host asks
    (upper / "etc/hosts").write_text("127.0.0.1 localhost bare\n")
    dumped = subprocess.run(["apt-config", "dump"], check=False, capture_output=True, text=True).stdout
    proxies = [line for line in dumped.splitlines() if line.startswith("Acquire::http") and "Proxy" in line]
    (upper / "etc/apt/apt.conf.d").mkdir(parents=True)
    (upper / "etc/apt/apt.conf.d/90host").write_text("".join(f"{line}\n" for line in proxies))


def _minimal_root(suite: str) -> Path:
    """The root of this week, made if there is none; those of other weeks go, unless somebody else made them."""
    roots = _PLACE / "roots"
    roots.mkdir(parents=True, exist_ok=True)
    with (roots / f"{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = roots / f"{suite}-{time.strftime('%G-%V')}"
        if not root.exists():
            for old in roots.glob(f"{suite}-*"):
                shutil.rmtree(old)
            new = roots / f"{suite}-new"
            include = "--include=python3,ca-certificates,git"
            command = ["mmdebstrap", "--variant=minbase", include, "--format=directory", suite, str(new)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
            new.rename(root)
        return root
