"""Owns the calls of rpm's own programs: reading headers, signing, and proving the signature.

They run on the host, never emulated; a database of their own keeps the host's out of it.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, InputError
from build_env.core.machine import installing
from build_env.core.processes import CannotStart, Finished, Invocation, ProcessError, listed_environment, run_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.formats.view import Signer

__all__ = ["RpmHeader", "read_headers", "sign"]

_TAGS = ("NAME", "EPOCHNUM", "VERSION", "RELEASE", "ARCH", "SOURCERPM", "SOURCEPACKAGE", "DISTRIBUTION")
_STAND_IN = "stand-in"
_TIMEOUT = 600  # seconds


@dataclass(frozen=True, kw_only=True)
class RpmHeader:
    """What a repository must know of one RPM file; `key` is what it holds only once, as people read it.

    `file_name` is what rpmbuild calls the file, `source` that of the source package that it was built from.
    """

    key: str
    name: str
    file_name: str
    source: str
    is_source: bool
    stand_in: bool


def read_headers(files: Mapping[str, Path]) -> list[RpmHeader]:
    """Read the headers of RPM files, given by their names, in their order.

    Raises:
        InputError: one of them cannot be read.

    """
    if not files:
        return []
    query = "\\t".join(f"%{{{tag}}}" for tag in _TAGS) + "\\n"
    with tempfile.TemporaryDirectory(prefix="build-env-rpm-") as database:
        names = (str(file.absolute()) for file in files.values())
        # A text instead of a package would be a list of paths and addresses that rpm reads in its place.
        done = _run(["rpm", "--dbpath", database, "-qp", "--nomanifest", "--qf", query, *names], {})
    lines = _lines(done)
    if done.failure or len(lines) != len(files):
        reason = done.reason if done.failure else "its header has a tag of several lines"
        for name, path in files.items():  # people know no objects of the store
            reason = reason.replace(str(path.absolute()), name)
        raise InputError(f"not a readable RPM file among {', '.join(files)}: {reason}", hint="build the package again")
    return [_header(line.split("\t")) for line in lines]


def sign(files: Sequence[Path], signer: Signer) -> None:
    """Sign RPM files in place, and check each with nothing but the public key.

    Raises:
        EnvironmentNotReady: the key cannot sign, or left no good signature.

    """
    if not files:
        return
    names = [str(file.absolute()) for file in files]
    # An RSA signature over sha256 is what the rpm of Enterprise Linux 8 reads.
    macros = {
        "_gpg_name": signer.fingerprint,
        "__gpg": shutil.which("gpg") or "gpg",
        "_gpg_digest_algo": "sha256",
    }
    defines = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    with signer.session() as environment:
        done = _run(["rpmsign", *defines, "--addsign", *names], environment)
    if done.failure:
        raise EnvironmentNotReady(f"rpmsign failed: {done.reason}", hint="try the key by hand with gpg --clear-sign")
    # With a database of its own, which knows nothing but this key: what a client will see, not what the host trusts.
    with tempfile.TemporaryDirectory(prefix="build-env-rpm-") as scratch:
        key = Path(scratch) / "key.asc"
        key.write_bytes(signer.public_key())
        keys = ["rpmkeys", "--dbpath", f"{scratch}/database"]
        checks = [_run([*keys, "--import", str(key)], {}), _run([*keys, "--checksig", *names], {})]
    unsigned = [line for line in _lines(checks[1]) if not line.endswith("signatures OK")]
    if any(check.failure for check in checks) or unsigned:
        raise EnvironmentNotReady(
            f"rpmsign left a file without a good signature: {(unsigned or [checks[0].reason])[0]}",
            hint="use an RSA key that may sign; others are not read by every rpm",
        )


def _header(values: Sequence[str]) -> RpmHeader:
    *version, architecture, source, mark, distribution = values
    is_source = mark == "1"
    key = " ".join([*version, "source" if is_source else architecture])
    name, _, number, release = version
    return RpmHeader(
        key=key,
        name=name,
        source=source,
        file_name=f"{name}-{number}-{release}.{'src' if is_source else architecture}.rpm",
        is_source=is_source,
        stand_in=_STAND_IN in distribution,
    )


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Finished:
    environment = listed_environment({}, **{"HOME": "/nonexistent", **environment})
    try:
        return run_program(Invocation(argv=command, environment=environment, seconds=_TIMEOUT))
    except CannotStart as error:
        raise EnvironmentNotReady(str(error), hint=installing("rpm", "rpm-sign")) from error
    except ProcessError as error:
        raise EnvironmentNotReady(str(error), hint="a key with a passphrase needs it in the agent") from error


def _lines(done: Finished) -> list[str]:
    return done.output.decode(errors="replace").splitlines()
