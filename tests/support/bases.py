"""Owns the plain base images that tests name (`debian:12`): the tool makes them where no registry answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import docker
import docker.errors

__all__ = ["ARM64", "provide_bases"]

REPOSITORY = Path(__file__).parents[2]
ARM64 = "debian:12-arm64"
_WANTED = (("debian:12", "amd64", "debian:12"), ("debian:13", "amd64", "debian:13"), ("debian:12", "arm64", ARM64))
_PATIENCE = 900


def provide_bases(*names: str) -> None:
    """Have the bases called `names` (none: all) under these names; what lacks is made by `build-env base make`."""
    connection = docker.from_env()
    try:
        for reference, architecture, name in _WANTED:
            if names and name not in names:
                continue
            try:
                connection.images.get(name)
            except docker.errors.ImageNotFound:
                _make(reference, architecture)
                own = f"build-env/base:{reference.replace(':', '-')}-{architecture}"
                repository, _, tag = name.partition(":")
                connection.images.get(own).tag(repository, tag)
    finally:
        connection.close()


def _make(reference: str, architecture: str) -> None:
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "base", "make", reference, "--arch", architecture]
    made = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
