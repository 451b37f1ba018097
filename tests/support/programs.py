"""Owns the programs that only tests look with: installed where the machine lacks them."""

from __future__ import annotations

import shutil
import subprocess

__all__ = ["provide_programs"]

_PACKAGES = {
    "cpio": "cpio",
    "dpkg-source": "dpkg-dev",
    "file": "file",
    "git": "git",
    "gpg": "gnupg",
    "sfdisk": "fdisk",
    "ssh-agent": "openssh-client",
}


def provide_programs(*names: str) -> None:
    """Have these programs; as root on Debian, as in CI, the missing ones are installed."""
    missing = [_PACKAGES[name] for name in names if shutil.which(name) is None]
    if missing:
        for argv in (["apt-get", "-q", "update"], ["apt-get", "-q", "-y", "install", *missing]):
            subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
