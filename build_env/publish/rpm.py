"""Owns publishing into an rpm repository: signing copies of what is new, and the signed generation.

    <repository>/Packages/   <repository>/repodata/          binary packages of all architectures
    <repository>/SRPMS/      <repository>/source/repodata/   source packages, a repository of their own
    <repository>/RPM-GPG-KEY-build-env

A package is known by the digest of its unsigned bytes and signed only once: a signature holds the time.
Entries are added or replaced, never removed. It must not build, and it must not read the project.

One limit of the format: clients fetch `repomd.xml` and its signature one after the other; a switch between the two
requests makes that one read fail its signature check. Other mixtures are impossible: old lists stay readable.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.publish import pool, rpm_tools
from build_env.publish.generation import begin, commit, current_generation, damaged, locked, repository_holds
from build_env.publish.model import Clock, PublishResult, Retention
from build_env.publish.retention import Retained, carry_over, select_retained
from build_env.publish.rpm_metadata import write_metadata
from build_env.publish.timing import next_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from build_env.publish.generation import Generation
    from build_env.publish.model import PackageFile
    from build_env.publish.signing import Signer

__all__ = ["publish_rpm"]

_FORMAT = "rpm-1"
_KEY_FILE = "RPM-GPG-KEY-build-env"
_BINARY_POOL = "Packages"
_SOURCE_POOL = "SRPMS"
_LINKS = ("repodata", "source", _KEY_FILE)


@dataclass(frozen=True, kw_only=True)
class _State:
    """What one generation knows.

    `entries` maps a package (name, epoch, version, release, arch) to the digest of its unsigned bytes,
    `signed` such a digest to its signed file, for everything ever announced.
    """

    stand_in: bool
    key: str
    epoch: int = 0
    entries: Mapping[str, str] = field(default_factory=dict)
    signed: Mapping[str, str] = field(default_factory=dict)
    pool: Mapping[str, str] = field(default_factory=dict)
    hashed: tuple[str, ...] = ()
    retained: tuple[Retained, ...] = ()

    def holdings(self) -> dict[str, str]:
        """Map each (unsigned) digest in the metadata to its signed file."""
        return {digest: self.signed[digest] for digest in self.entries.values()}


def publish_rpm(
    repository: Path,
    files: Sequence[PackageFile],
    *,
    signer: Signer,
    stand_in: bool,
    clock: Clock | None = None,
    retention: Retention | None = None,
) -> PublishResult:
    """Add packages and switch clients to them at once; without anything new, nothing is written.

    `stand_in` says what the repository is for: results of a stand-in base and real ones never share one.
    """
    _check_files(files)
    with locked(repository):
        previous = current_generation(repository)
        old = _load(previous) if previous else None
        _check_identity(old, signer, stand_in=stand_in)
        digests = [file.artifact.digest for file in files]
        held = repository_holds(repository, digests)
        if previous and old and set(digests) <= held:
            return PublishResult(changed=False, added=(), generation=previous.path.name, key=signer.fingerprint)
        given = {file.artifact.digest: file for file in files if file.artifact.digest not in held}
        base = old or _State(stand_in=stand_in, key=signer.fingerprint)
        state = _add(repository, base, list(given.values()), signer)
        epoch = next_epoch(state.epoch, clock or Clock())
        generation = _write(repository, previous, state, signer, epoch, retention or Retention())
    added = tuple(sorted(file.artifact.name for file in given.values()))
    return PublishResult(changed=True, added=added, generation=generation.path.name, key=signer.fingerprint)


def _add(repository: Path, state: _State, given: Sequence[PackageFile], signer: Signer) -> _State:
    """Sign copies of the given packages, put them into the pool and replace their entries."""
    if state.pool:
        pool.sweep(repository, [_BINARY_POOL, _SOURCE_POOL], state.pool)
    headers = rpm_tools.read_headers([file.path for file in given])
    _check_headers(given, headers, stand_in=state.stand_in)
    unsigned = {file.artifact.digest: file for file in given if not _is_signed(repository, state, file)}
    arriving = pool.incoming(repository)
    for digest, file in unsigned.items():
        pool.verified_copy(file, arriving / f"{digest}.rpm")
    rpm_tools.sign([arriving / f"{digest}.rpm" for digest in unsigned], signer)
    entries, signed, announced = dict(state.entries), dict(state.signed), dict(state.pool)
    for file, header in zip(given, headers, strict=True):
        digest = file.artifact.digest
        if digest in unsigned:
            source = arriving / f"{digest}.rpm"
            marks = {file.artifact.name: hashlib.sha256(source.read_bytes()).hexdigest()}
            home = _SOURCE_POOL if header.is_source else _BINARY_POOL
            directory = pool.choose_directory(home, marks, announced, marks[file.artifact.name])
            path = f"{directory}/{file.artifact.name}"
            pool.place(source, repository, path)
            signed[digest], announced[path] = path, marks[file.artifact.name]
        entries["\t".join(header.key)] = digest
    return dataclasses.replace(state, entries=entries, signed=signed, pool=announced)


def _is_signed(repository: Path, state: _State, file: PackageFile) -> bool:
    path = state.signed.get(file.artifact.digest)
    return path is not None and (repository / path).is_file()


def _write(
    repository: Path,
    previous: Generation | None,
    state: _State,
    signer: Signer,
    epoch: int,
    retention: Retention,
) -> Generation:
    """Write the complete next generation and switch to it."""
    generation = begin(repository)
    paths = sorted(state.holdings().values())
    hashed: set[str] = set()
    for directory, home in ((".", _BINARY_POOL), ("source", _SOURCE_POOL)):
        chosen = {path: repository / path for path in paths if path.startswith(f"{home}/")}
        place = generation.path / directory
        located = {f"Packages/{path.removeprefix(f'{home}/')}": file for path, file in chosen.items()}
        names = write_metadata(place, located, revision=epoch)
        hashed.update(os.path.normpath(f"{directory}/{name}") for name in names)
        _sign_metadata(place / "repodata", signer, epoch)
    (generation.path / "source" / "Packages").symlink_to(f"../../../../{_SOURCE_POOL}")
    retained = select_retained(
        was_current=state.hashed,
        was_retained=state.retained,
        is_current=hashed,
        generation=generation.number,
        epoch=epoch,
        retention=retention,
    )
    if previous:
        retained = carry_over(previous.path, generation.path, retained)
    (generation.path / _KEY_FILE).write_bytes(signer.public_key())
    state = dataclasses.replace(state, epoch=epoch, hashed=tuple(sorted(hashed)), retained=retained)
    record = dataclasses.asdict(state) | {"format": _FORMAT}
    commit(repository, generation, state=record, holdings=state.holdings(), links=_LINKS)
    return generation


def _sign_metadata(repodata: Path, signer: Signer, epoch: int) -> None:
    """Sign `repomd.xml`, and give all files the time of the publish."""
    index = repodata / "repomd.xml"
    (repodata / "repomd.xml.asc").write_bytes(signer.detach_sign(index.read_bytes()))
    for path in repodata.iterdir():
        os.utime(path, (epoch, epoch))


def _load(generation: Generation) -> _State:
    """Read a state back, JSON lists as tuples."""
    value = generation.state()
    if value.pop("format", None) != _FORMAT:
        raise InputError(
            f"{generation.path} is not a generation of an rpm repository of this version",
            hint="publish into another directory",
        )
    try:
        return _State(
            **value  # type: ignore[arg-type]  # written by `_write`, checked by the constructor's names
            | {
                "retained": tuple(Retained.from_json(entry) for entry in value["retained"]),  # type: ignore[attr-defined]
                "hashed": tuple(value["hashed"]),  # type: ignore[arg-type]
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(generation.path / "state.json") from error


def _check_files(files: Sequence[PackageFile]) -> None:
    for file in files:
        if not pool.check_name(file.artifact.name).endswith(".rpm"):
            raise InputError(f"not for an rpm repository: {file.artifact.name}", hint="publish .rpm files only")


def _check_identity(old: _State | None, signer: Signer, *, stand_in: bool) -> None:
    """Refuse to mix two kinds of results or two keys in one repository."""
    if old and old.stand_in != stand_in:
        raise InputError(
            f"this repository is {'for' if old.stand_in else 'not for'} results of a stand-in base",
            hint="publish into another directory",
        )
    if old and old.key != signer.fingerprint:
        raise InputError(
            f"the packages in this repository are signed with another key, {old.key}",
            hint="publish into another directory, so that clients never see two keys",
        )


def _check_headers(files: Sequence[PackageFile], headers: Sequence[rpm_tools.RpmHeader], *, stand_in: bool) -> None:
    """Refuse results of the wrong kind of base, and two files that claim to be the same package."""
    seen: dict[tuple[str, ...], str] = {}
    for file, header in zip(files, headers, strict=True):
        if header.stand_in != stand_in:
            kind = "was built on a stand-in base" if header.stand_in else "was not built on a stand-in base"
            raise InputError(
                f"{file.artifact.name} {kind}; this repository is for the other kind",
                hint="publish into another directory",
            )
        if seen.setdefault(header.key, file.artifact.digest) != file.artifact.digest:
            raise InputError(
                f"two different files are {'-'.join(header.key)}",
                hint="publish one of them, or raise the other's release",
            )
