"""Owns the programs that only tests look with: which there are, whether they are here, and their installation.

No test installs anything: it would do so within its time limit. `./run-tests` runs this module before the parts other
than the unit tests, CI before those, too. A test is left out where a program of its is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

__all__ = ["install", "need_programs"]

_PACKAGES = {
    "cpio": ("cpio",),
    "docker": ("docker-cli", "docker.io"),  # the first that the distribution has
    "dot": ("graphviz",),
    "dpkg-source": ("dpkg-dev",),
    "file": ("file",),
    "git": ("git",),
    "gpg": ("gnupg",),
    "rpmbuild": ("rpm",),
    "sfdisk": ("fdisk",),
    "slirp4netns": ("slirp4netns",),
    "ssh-agent": ("openssh-client",),
}


_OF_PARTS = {
    "unit": ("dot", "git", "gpg", "rpmbuild"),
    "integration": ("cpio", "docker", "dpkg-source", "file", "git", "gpg", "sfdisk", "ssh-agent"),
    "bare": ("git", "slirp4netns"),
}


def need_programs(*names: str) -> None:
    """Leave out the test that calls this where one of these programs is not installed."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def install(*parts: str) -> None:
    """Install what these parts of the tests lack, on Debian; elsewhere the tests that need it are left out."""
    names = dict.fromkeys(name for part in parts for name in _OF_PARTS[part])
    missing = [_PACKAGES[name] for name in names if shutil.which(name) is None]
    if not missing or shutil.which("apt-get") is None:
        return
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes", "--no-install-recommends"]
    apt = apt if os.geteuid() == 0 else ["sudo", "--non-interactive", *apt]
    subprocess.run([*apt, "update"], check=True, stdin=subprocess.DEVNULL)
    wanted = [next((package for package in packages if _known(package)), packages[0]) for packages in missing]
    subprocess.run([*apt, "install", *wanted], check=True, stdin=subprocess.DEVNULL)


def _known(package: str) -> bool:
    return subprocess.run(["apt-cache", "show", package], check=False, capture_output=True).returncode == 0


if __name__ == "__main__":
    install(*" ".join(sys.argv[1:]).split())
