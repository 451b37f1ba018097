"""Owns the calls of rpm's own programs: reading headers, signing, and proving the signature.

They run on the host, never emulated; a database of their own keeps the host's out of it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.formats.view import Signer

__all__ = ["RpmHeader", "read_headers", "sign"]

_TAGS = ("NAME", "EPOCHNUM", "VERSION", "RELEASE", "ARCH", "SOURCEPACKAGE", "DISTRIBUTION")
_STAND_IN = "stand-in"
_TIMEOUT = 600


@dataclass(frozen=True, kw_only=True)
class RpmHeader:
    """What a repository must know of one RPM file; a source package has the architecture `source`."""

    name: str
    epoch: str
    version: str
    release: str
    architecture: str
    stand_in: bool

    @property
    def is_source(self) -> bool:
        """Whether this is a source package."""
        return self.architecture == "source"

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What a repository holds only once."""
        return (self.name, self.epoch, self.version, self.release, self.architecture)


def read_headers(files: Sequence[Path]) -> list[RpmHeader]:
    """Read the headers of RPM files, in their order."""
    if not files:
        return []
    query = "\\t".join(f"%{{{tag}}}" for tag in _TAGS) + "\\n"
    with tempfile.TemporaryDirectory(prefix="build-env-rpm-") as database:
        command = [
            "rpm",
            "--dbpath",
            database,
            "-qp",
            "--qf",
            query,
            *(str(file.absolute()) for file in files),
        ]
        done = _run(command, {})
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != len(files):
        raise InputError(f"not a readable RPM file: {_reason(done)}", hint="build the package again")
    return [_header(line.split("\t")) for line in lines]


def sign(files: Sequence[Path], signer: Signer) -> None:
    """Sign RPM files in place, and check each with nothing but the public key."""
    if not files:
        return
    names = [str(file.absolute()) for file in files]
    macros = {
        "_gpg_name": signer.fingerprint,
        "__gpg": shutil.which("gpg") or "gpg",
        "_gpg_digest_algo": "sha256",
    }
    defines = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    with signer.session() as environment:
        done = _run(["rpmsign", *defines, "--addsign", *names], environment)
    if done.returncode:
        raise EnvironmentNotReady(f"rpmsign failed: {_reason(done)}", hint="try the key by hand with gpg --clear-sign")
    with tempfile.TemporaryDirectory(prefix="build-env-rpm-") as scratch:
        key = Path(scratch) / "key.asc"
        key.write_bytes(signer.public_key())
        keys = ["rpmkeys", "--dbpath", f"{scratch}/database"]
        checks = [_run([*keys, "--import", str(key)], {}), _run([*keys, "--checksig", *names], {})]
    unsigned = [line for line in checks[1].stdout.splitlines() if not line.endswith("signatures OK")]
    if any(check.returncode for check in checks) or unsigned:
        raise EnvironmentNotReady(
            f"rpmsign left a file without a good signature: {(unsigned or [_reason(checks[0])])[0]}",
            hint="use an RSA key that may sign; others are not read by every rpm",
        )


def _header(values: Sequence[str]) -> RpmHeader:
    name, epoch, version, release, architecture, source, distribution = values
    return RpmHeader(
        name=name,
        epoch=epoch,
        version=version,
        release=release,
        architecture="source" if source == "1" else architecture,
        stand_in=_STAND_IN in distribution,
    )


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    base = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
    }
    try:
        return subprocess.run(
            command,
            env={**base, **environment},
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
        )
    except FileNotFoundError as error:
        raise EnvironmentNotReady(
            f"{command[0]} is not installed", hint="apt-get install rpm   (or: dnf install rpm-sign)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentNotReady(
            f"{command[0]} did not end", hint="a key with a passphrase needs it in the agent"
        ) from error


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit status {done.returncode}"
