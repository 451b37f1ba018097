"""Owns publishing into an apt repository: what is new, where it goes in the pool, and the signed generation.

    <repository>/dists/<codename>/   through `.publish/current`: InRelease, Release, Release.gpg, main/…
    <repository>/pool/main/<p>/<source>/
    <repository>/archive-key.asc     what clients name in `signed-by`

Entries are added or replaced, never removed. It must not build, and it must not read the project.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.publish import apt_entries, pool
from build_env.publish.apt_entries import SOURCE, AptEntry, is_apt_file
from build_env.publish.apt_index import index_files, release_text, write_indexes
from build_env.publish.generation import begin, commit, current_generation, damaged, locked, repository_holds
from build_env.publish.model import Clock, PublishResult, Retention
from build_env.publish.retention import Retained, carry_over, select_retained
from build_env.publish.timing import next_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from build_env.publish.generation import Generation
    from build_env.publish.model import AptDescription, PackageFile
    from build_env.publish.signing import Signer

__all__ = ["publish_apt"]

_FORMAT = "apt-1"
_KEY_FILE = "archive-key.asc"
_POOL = "pool"


@dataclass(frozen=True, kw_only=True)
class _State:
    """What a generation knows: entries, every pool file ever announced, index files of the past."""

    description: Mapping[str, object]
    architectures: tuple[str, ...]
    key: str
    epoch: int = 0
    entries: tuple[AptEntry, ...] = ()
    pool: Mapping[str, str] = field(default_factory=dict)
    hashed: tuple[str, ...] = ()
    retained: tuple[Retained, ...] = ()

    def holdings(self) -> dict[str, str]:
        """Map each digest in the indexes to its pool file."""
        return {digest: f"{entry.directory}/{name}" for entry in self.entries for name, digest in entry.files.items()}


def publish_apt(
    repository: Path,
    files: Sequence[PackageFile],
    *,
    description: AptDescription,
    signer: Signer,
    clock: Clock | None = None,
    retention: Retention | None = None,
) -> PublishResult:
    """Add packages and switch clients to them at once; without anything new, nothing is written."""
    _check_files(files)
    _check_description(description)
    clock = clock or Clock()
    with locked(repository):
        previous = current_generation(repository)
        old = _load(previous) if previous else None
        _check_identity(old, description)
        digests = [file.artifact.digest for file in files]
        held = repository_holds(repository, digests)
        wanted = _empty_state(old, description, signer)
        if previous and old and set(digests) <= held and wanted == old:
            return PublishResult(changed=False, added=(), generation=previous.path.name, key=signer.fingerprint)
        given = [file for file in files if file.artifact.digest not in held]
        state = _add(repository, old, wanted, given)
        epoch = next_epoch(state.epoch, clock)
        state = dataclasses.replace(state, epoch=epoch)
        generation = _write(repository, previous, state, description, signer, retention or Retention())
    added = tuple(sorted({file.artifact.name for file in given}))
    return PublishResult(changed=True, added=added, generation=generation.path.name, key=signer.fingerprint)


def _empty_state(old: _State | None, description: AptDescription, signer: Signer) -> _State:
    """Return the state that the same entries have under this description and key."""
    facts = dataclasses.asdict(description) | {"architectures": None}
    architectures = tuple(sorted({*description.architectures, *(old.architectures if old else ())}))
    base = old or _State(description=facts, architectures=architectures, key=signer.fingerprint)
    return dataclasses.replace(base, description=facts, architectures=architectures, key=signer.fingerprint)


def _add(repository: Path, old: _State | None, state: _State, given: Sequence[PackageFile]) -> _State:
    """Read the given packages, put their files into the pool and replace their entries."""
    if old:
        pool.sweep(repository, [_POOL], old.pool)
    by_digest = {file.artifact.digest: file for file in given}
    held = state.holdings()
    new = [apt_entries.read_binary(file) for file in given if file.artifact.name.endswith(".deb")]
    sources = [file for file in given if file.artifact.name.endswith(".dsc")]
    new += [apt_entries.read_source(file, by_digest, held) for file in sources]
    apt_entries.check_unique(new)
    _check_used(given, new)
    announced = dict(state.pool)
    arriving = pool.incoming(repository)
    entries = {entry.key: entry for entry in state.entries}
    for entry in new:
        directory = pool.choose_directory(entry.home, entry.files, announced, entry.mark)
        for name, digest in entry.files.items():
            path = f"{directory}/{name}"
            if path not in announced or not (repository / path).is_file():
                _take(repository, by_digest.get(digest), held.get(digest), arriving / digest)
                pool.place(arriving / digest, repository, path)
            announced[path] = digest
        entries[entry.key] = dataclasses.replace(entry, directory=directory)
    architectures = {entry.architecture for entry in new} - {SOURCE, "all"}
    return dataclasses.replace(
        state,
        entries=tuple(entries[key] for key in sorted(entries)),
        pool=announced,
        architectures=tuple(sorted({*state.architectures, *architectures})),
    )


def _take(repository: Path, given: PackageFile | None, held: str | None, destination: Path) -> None:
    """Copy the bytes of one file from where they are: given now, or in the pool under another name."""
    if given:
        pool.verified_copy(given, destination)
    elif held:
        destination.write_bytes((repository / held).read_bytes())


def _write(
    repository: Path,
    previous: Generation | None,
    state: _State,
    description: AptDescription,
    signer: Signer,
    retention: Retention,
) -> Generation:
    """Write the complete next generation and switch to it."""
    epoch = state.epoch
    generation = begin(repository)
    suite = f"dists/{description.codename}"
    listed = write_indexes(generation.path / suite, index_files(state.entries, state.architectures), epoch)
    hashed = {f"{suite}/{PurePosixPath(name).parent}/by-hash/SHA256/{digest}" for name, (digest, _) in listed.items()}
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
    release = release_text(description, state.architectures, listed, epoch).encode()
    _write_signed(generation.path / suite, release, signer, epoch)
    (generation.path / _KEY_FILE).write_bytes(signer.public_key())
    state = dataclasses.replace(state, hashed=tuple(sorted(hashed)), retained=retained)
    record = dataclasses.asdict(state) | {"format": _FORMAT}
    commit(repository, generation, state=record, holdings=state.holdings(), links=("dists", _KEY_FILE))
    return generation


def _write_signed(directory: Path, release: bytes, signer: Signer, epoch: int) -> None:
    """Write Release and its signatures; their time is the Date, for clients that ask 'if modified since'."""
    signed = {
        "Release": release,
        "InRelease": signer.clear_sign(release),
        "Release.gpg": signer.detach_sign(release),
    }
    for name, data in signed.items():
        (directory / name).write_bytes(data)
        os.utime(directory / name, (epoch, epoch))


def _load(generation: Generation) -> _State:
    """Read a state back, JSON lists as tuples."""
    value = generation.state()
    if value.pop("format", None) != _FORMAT:
        raise InputError(
            f"{generation.path} is not a generation of an apt repository of this version",
            hint="publish into another directory",
        )
    try:
        return _State(
            **value  # type: ignore[arg-type]  # written by `_write`, checked by the constructor's names
            | {
                "entries": tuple(apt_entries.from_json(entry) for entry in value["entries"]),  # type: ignore[attr-defined]
                "retained": tuple(Retained.from_json(entry) for entry in value["retained"]),  # type: ignore[attr-defined]
                "architectures": tuple(value["architectures"]),  # type: ignore[arg-type]
                "hashed": tuple(value["hashed"]),  # type: ignore[arg-type]
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(generation.path / "state.json") from error


def _check_files(files: Sequence[PackageFile]) -> None:
    wrong = sorted(file.artifact.name for file in files if not is_apt_file(file.artifact.name))
    if wrong:
        raise InputError(
            f"not for an apt repository: {', '.join(wrong)}",
            hint="publish .deb and .dsc files and the parts a .dsc names",
        )


def _check_used(given: Sequence[PackageFile], entries: Sequence[AptEntry]) -> None:
    used = Counter(digest for entry in entries for digest in entry.files.values())
    unused = sorted(file.artifact.name for file in given if file.artifact.digest not in used)
    if unused:
        raise InputError(
            f"no source package names {', '.join(unused)}", hint="publish the .dsc together with its parts"
        )


def _check_description(description: AptDescription) -> None:
    pool.check_name(description.codename)
    for architecture in description.architectures:
        pool.check_name(architecture)
    texts = (description.origin, description.label, description.suite, description.description)
    if any("\n" in text for text in texts) or not all(texts[:3]):
        raise InputError("origin, label and suite of an apt repository are one line of text each")


def _check_identity(old: _State | None, description: AptDescription) -> None:
    """Refuse changes after which every client that knows the repository would fail."""
    for name in ("origin", "label", "codename"):
        if old and old.description[name] != getattr(description, name):
            raise InputError(
                f"the {name} of this repository is {old.description[name]!r} and can never change",
                hint="publish into another directory",
            )
