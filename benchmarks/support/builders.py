"""Owns the rivals of a build: a plain `docker run` with apt and dpkg-buildpackage, and sbuild in its unshare mode.

They get the options of apt and dpkg that the images of this tool have, and fetch, install and build alike. sbuild has
a container that may mount for its machine and works on a volume of it, so that nothing of it stays here.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["PackageSource", "Sbuild", "docker_cold", "docker_ready", "sbuild"]

_JOBS = 2  # what build_jobs is
_NO_MANUAL_INDEX = "echo 'man-db man-db/auto-update boolean false' | debconf-set-selections"
_OPTIONS = f"""\
printf '%s\\n' 'Acquire::Languages "none";' 'APT::Install-Recommends "false";' > "$root/etc/apt/apt.conf.d/90options"
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/90options"
chroot "$root/" sh -c "{_NO_MANUAL_INDEX}"
"""
_LEFT_OUT = " ".join(
    f"-o Dpkg::Options::=--path-exclude=/usr/share/{name}/*" for name in ("doc", "info", "locale", "man")
)
_BUILD = f"""\
apt-get build-dep --yes --quiet ./*.dsc
dpkg-source --extract *.dsc tree
cd tree
DEB_BUILD_OPTIONS=parallel={_JOBS} dpkg-buildpackage -us -uc -b
"""
_COLD = f"""\
set -eu
root=
{_OPTIONS}
sed 's/^deb /deb-src /' /etc/apt/sources.list > /etc/apt/sources.list.d/source.list
apt-get update --quiet
apt-get install --yes --quiet {_LEFT_OUT} build-essential ca-certificates debhelper fakeroot
mkdir /build
cd /build
apt-get source --quiet --download-only "$SOURCE"
{_BUILD}"""
_READY = f"""\
set -eu
mkdir /tmp/build
cd /tmp/build
cp /source/* .
{_BUILD}"""
# What makes user namespaces and mounts in them.
_MAY = ("--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--security-opt=systempaths=unconfined")
# Root has no user numbers to give away, so that the unshare mode is for a user.
_MACHINE = f"""\
set -eu
apt-get update --quiet
apt-get install --yes --quiet --no-install-recommends sbuild mmdebstrap uidmap
useradd --create-home --home-dir /volume/user user
mkdir --mode=1777 /volume/rooms
cat > /volume/user/.sbuildrc <<'TEXT'
$chroot_mode = 'unshare';
$unshare_tmpdir_template = '/volume/rooms/XXXXXXXXXX';
$apt_update = 1;
1;
TEXT
cat > /volume/options <<'TEXT'
set -eu
root=$1
{_OPTIONS}
TEXT
sed 's/^\\(deb\\) \\(.*\\)/\\1 \\2\\n\\1-src \\2/' /etc/apt/sources.list > /volume/sources.list
mmdebstrap --variant=buildd --skip=output/dev --customize-hook='sh /volume/options "$1"' bookworm /volume/chroot.tar \
    /volume/sources.list
"""  # noqa: S608 - no SQL
_SBUILD = f"""\
set -eu
mkdir "/volume/user/$SOURCE"
cd "/volume/user/$SOURCE"
sbuild --chroot-mode=unshare --chroot=/volume/chroot.tar --dist=bookworm --jobs={_JOBS} --arch-any --arch-all \
    --no-apt-upgrade --no-apt-distupgrade --no-run-lintian "$SOURCE"
"""


@dataclass(frozen=True, kw_only=True)
class PackageSource:
    """A source package of the archive; `sha256` is that of its .dsc."""

    name: str
    version: str
    sha256: str


def docker_cold(image: str, source: PackageSource) -> float:
    """Seconds of one container of a base image in which all is installed, fetched and built."""
    words = ["--rm", "--env", f"SOURCE={source.name}={source.version}"]
    return _timed(["docker", "run", *words, image, "sh", "-c", _COLD])


def docker_ready(image: str, downloads: Path) -> float:
    """Seconds of one container of an image with tool chain and lists; the source package lies in `downloads`."""
    words = ["--rm", "--user", "0", "--volume", f"{downloads.resolve()}:/source:ro"]
    return _timed(["docker", "run", *words, image, "sh", "-c", _READY])


@dataclass(frozen=True)
class Sbuild:
    """The container in which sbuild has its chroot."""

    machine: str

    def cold(self, source: PackageSource) -> float:
        """Seconds until sbuild has fetched the lists and the source, installed what it needs and built it."""
        user = ["--user", "user", "--env", "HOME=/volume/user", "--env", "USER=user", "--env", "LC_ALL=C.UTF-8"]
        name = f"SOURCE={source.name}_{source.version}"
        seconds = _timed(["docker", "exec", *user, "--env", name, self.machine, "sh", "-c", _SBUILD])
        _run(["docker", "exec", self.machine, "sh", "-c", "rm -rf /volume/user/*"])
        return seconds


@contextmanager
def sbuild(image: str) -> Iterator[Sbuild]:
    """A machine with sbuild and its chroot, made from a base image."""
    name = f"build-env-benchmark-{os.getpid()}"
    words = ["--detach", "--rm", *_MAY, "--volume", "/volume", "--name", name]
    _run(["docker", "run", *words, image, "sleep", "infinity"])
    try:
        _run(["docker", "exec", name, "sh", "-c", _MACHINE])
        yield Sbuild(name)
    finally:
        _run(["docker", "rm", "--force", "--volumes", name])


def _timed(command: Sequence[str]) -> float:
    began = time.perf_counter()
    _run(command)
    return time.perf_counter() - began


def _run(command: Sequence[str]) -> None:
    """Raises SystemExit with the last lines of what it said."""
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        last = "\n".join(done.stdout.decode(errors="replace").splitlines()[-30:])
        raise SystemExit(f"{' '.join(command[:2])} ended with {done.returncode}:\n{last}")
