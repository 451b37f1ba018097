"""Owns the one transaction of a channel: files go into pools, changed views get a new index, all switch at once.

Each view is written by its format; the others are carried over. Entries are added or replaced, never removed. A package
is known by the digest of the artifact, also where its published copy is signed and has other bytes. It must not build,
and it must not read the project.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from build_env.core.canonical import digest_bytes, digest_file
from build_env.core.disk import copy
from build_env.core.errors import InputError
from build_env.formats.registry import format_called
from build_env.formats.view import KEY_FILE, IndexRequest, check_name
from build_env.publish import pool
from build_env.publish.generation import (
    begin,
    check_links,
    commit,
    current_generation,
    locked,
    private,
)
from build_env.publish.holdings import holds, is_whole, undamaged, write_index_record
from build_env.publish.model import Clock
from build_env.publish.records import CHECKS, VERSION, Channel, Index, load_channel, load_index
from build_env.publish.retention import carry_over, select_retained

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from build_env.formats.view import Entry, PackageFile, View
    from build_env.publish.generation import Generation
    from build_env.publish.holdings import Held
    from build_env.publish.signing import Signer

__all__ = ["client_lines", "publish"]


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A view that gets a new index, and the files that it does not have yet, by digest."""

    old: Index
    given: Mapping[str, PackageFile]


def publish(  # noqa: PLR0913 - all by keyword: what a publish has
    root: Path,
    deposits: Mapping[View, Sequence[PackageFile]],
    *,
    label: str,
    signer: Signer,
    architectures: Mapping[View, Collection[str]] | None = None,
    clock: Clock | None = None,
    digest_of: Callable[[Path], str] = digest_file,
    final: bool = False,
) -> tuple[str, ...]:
    """Add packages to views of the channel at `root` and switch clients to them at once.

    Without anything new, nothing is written. `label` names the channel in its indexes, for ever; `architectures` are
    those that the target of a view is for, whether it has packages of them or not. What is damaged of the given views
    is put back; `digest_of` tells the digest of a file. Returns the packages (`greet 1.0 amd64`) that were published
    with other bytes before, which is refused where versions are `final`.

    Raises:
        InputError: files do not belong into their view, the channel has another label or key, or versions are final.
        EnvironmentNotReady: the channel's records are damaged, a program is missing, or the clock is behind.

    """
    with locked(root):
        previous = current_generation(root)
        indexes = previous.indexes() if previous else {}
        channel = load_channel(previous) if previous else Channel(label=label, key=signer.fingerprint)
        key = signer.public_key()
        changes = _changes(
            root,
            deposits,
            indexes,
            everything=channel.key != signer.fingerprint or _is_another(root / KEY_FILE, key),
            architectures=architectures or {},
            digest_of=digest_of,
        )
        _check_identity(channel, label, signer, changes)
        if previous and not changes:
            return ()
        # From here on something is written: what a crash left goes first, so that its names are free again.
        pool.sweep(root, channel.pool)
        added, channel = _add(root, changes, replace(channel, key=signer.fingerprint), signer, digest_of, final=final)
        replaced = [key for change, index in zip(changes, added, strict=True) for key in _replaced(change.old, index)]
        # Read with the lock held and the files in place: clients ignore a date that is not later than the last one.
        epoch = (clock or Clock()).second_after(max((change.old.epoch for change in changes), default=0))
        generation = begin(root)
        for index in added:
            request = _request(index, generation, root, label, signer, epoch)
            _write_index(index, request, generation.number, indexes.get(index.view.name), channel, digest_bytes(key))
            indexes[index.view.name] = request.directory
        links = {place: target for index in added for place, target in index.links.items()}
        record = asdict(channel) | {"version": VERSION}
        commit(root, generation, indexes=indexes, record=record, key=key, links=links)
        # Not before the switch: until then the files are nobody's. A crash in between costs one look at the journal.
        pool.forget(root)
    return tuple(dict.fromkeys(replaced))


def _replaced(old: Index, new: Index) -> list[str]:
    marks = {key: entry.mark for key, entry in old.entries.items()}
    return [key for key, entry in new.entries.items() if marks.get(key, entry.mark) != entry.mark]


def _request(index: Index, generation: Generation, root: Path, label: str, signer: Signer, epoch: int) -> IndexRequest:
    return IndexRequest(
        directory=generation.new_index(index.view.name),
        root=root,
        view=index.view,
        architectures=index.architectures,
        entries=[index.entries[name] for name in sorted(index.entries)],
        label=label,
        signer=signer,
        epoch=epoch,
    )


def _is_another(file: Path, key: bytes) -> bool:
    """Whether another form of the key is published: it was extended, or signed by the one before."""
    return file.is_file() and file.read_bytes() != key


def client_lines(root: Path, views: Iterable[View]) -> tuple[str, ...]:
    """How a person on this machine reads these views of the channel; nothing for those that are not there."""
    address = f"file://{quote(str(root))}"
    there = (view for view in views if (private(root) / "current" / view.name).is_symlink())
    lines = (format_called(view.format).repository.client_lines(view, address, root / KEY_FILE) for view in there)
    return tuple(line for each in dict.fromkeys(lines) for line in each)


def _changes(
    root: Path,
    deposits: Mapping[View, Sequence[PackageFile]],
    indexes: Mapping[str, Path],
    *,
    everything: bool,
    architectures: Mapping[View, Collection[str]],
    digest_of: Callable[[Path], str],
) -> list[_Change]:
    """The views that need a new index: those with files that they do not have, or all."""
    files: dict[View, dict[str, PackageFile]] = {}
    for view, deposited in deposits.items():
        for part in (view.suite, *view.target.split("/")):
            check_name(part)
        files[view] = {file.artifact.digest: file for file in deposited}
    outdated = {name: load_index(indexes[name]) for name in ({*indexes} if everything else ())}
    changes = []
    for view in {**dict.fromkeys(index.view for index in outdated.values()), **files}:
        given = files.get(view, {})
        held = holds(root, view.name, given, digest_of)  # what is gone or damaged counts as not held, and comes back
        old = load_index(indexes[view.name]) if view.name in indexes else Index(view=view)
        held -= {digest for entry in old.entries.values() if entry.checks != CHECKS for digest in entry.files.values()}
        missing = {digest: file for digest, file in given.items() if digest not in held}
        # What a target built for once stays: its packages and clients do, too.
        wanted = tuple(sorted({*old.architectures, *architectures.get(view, ())}))
        if missing or everything or view.name not in indexes or wanted != old.architectures:
            old = replace(old, architectures=wanted)
            check_links(root, old.links)  # before anything is written
            changes.append(_Change(old=old, given=missing | _beside(missing, old, given)))
    return changes


def _beside(missing: Mapping[str, PackageFile], old: Index, given: Mapping[str, PackageFile]) -> dict[str, PackageFile]:
    """The files that are read again, because an entry is read as a whole and one of its files was lost."""
    entries = (entry for entry in old.entries.values() if missing.keys() & set(entry.files.values()))
    return {digest: given[digest] for entry in entries for digest in entry.files.values() if digest in given}


def _add(
    root: Path,
    changes: Sequence[_Change],
    channel: Channel,
    signer: Signer,
    digest_of: Callable[[Path], str],
    *,
    final: bool,
) -> tuple[list[Index], Channel]:
    """Read the given packages, put their files into the pools, replace their entries; the channel as it is then.

    Raises:
        InputError: a package cannot be published, or its version is final and has other bytes.

    """
    announced, signed = dict(channel.pool), dict(channel.signed)
    arriving = pool.incoming(root)
    placed: dict[str, Path] = {}
    added = []
    for change in changes:
        held = change.old.holdings(channel)
        new = change.old.repository.read(change.old.view, list(change.given.values()), held)
        _check_unique(new)
        entries = dict(change.old.entries)
        copies: dict[str, Path] = {}
        for entry in new:
            directory = pool.choose_directory(entry.home, entry.files, announced, entry.mark)
            entries[entry.key] = replace(entry, directory=directory, checks=CHECKS)
            for name, digest in entry.files.items():
                path = f"{directory}/{name}"
                # The same name is the same bytes: of another view of this publish, or published and not damaged.
                if path in placed or is_whole(root / path, channel.digest_of(path), digest_of):
                    continue
                placed[path] = copies[path] = arriving / str(len(placed))
                _take(root, change.given.get(digest), held.get(digest), placed[path])
                announced[path] = digest
        # Copies are whole, proven and signed before the journal names them: what is left to do is to rename them.
        if change.old.repository.sign:
            change.old.repository.sign(list(copies.values()), signer)
            signed |= {path: digest_file(copy) for path, copy in copies.items()}
        added.append(replace(change.old, entries=entries))
        if final and (changed := _replaced(change.old, added[-1])):
            # Its deploy task refused what was there then; this was published by another run meanwhile.
            raise InputError(
                f"{', '.join(changed)} is published with other bytes, and versions are final (final_versions)",
                hint="raise the version of the package",
            )
    if placed:
        pool.place(root, placed)
    return added, replace(channel, pool=announced, signed=signed)


def _take(root: Path, given: PackageFile | None, held: Held | None, destination: Path) -> None:
    """Copy the bytes of one file from where they are: given now, or in the pool under another name.

    Raises:
        InputError: they are in the pool only, and damaged there.

    """
    if given:
        pool.verified_copy(given, destination)
    elif held:
        _refuse_damaged(root, [held])
        with (root / held.path).open("rb") as source, destination.open("wb") as target:
            copy(source, target)


def _refuse_damaged(root: Path, files: Iterable[Held]) -> None:
    """See that files of the pool are what was published.

    Raises:
        InputError: one is not.

    """
    damaged = next((held.path for held in files if held.digest and not is_whole(root / held.path, held.digest)), None)
    if damaged:
        raise InputError(
            f"a published file is damaged or gone: {root / damaged}",
            hint="deploy its package again first, alone; build-env verify-store tells all that is damaged",
        )


def _write_index(
    index: Index, request: IndexRequest, number: int, previous: Path | None, channel: Channel, key: str
) -> None:
    """Let the format write, and keep what clients of the index before may still ask for."""
    holdings = index.holdings(channel)
    if index.repository.sign:  # such a format reads the signed copies for its index: a damaged one must not enter
        _refuse_damaged(request.root, holdings.values())
    hashed = index.repository.write(request)
    retained = select_retained(
        was_current=index.hashed,
        was_retained=index.retained,
        is_current=hashed,
        generation=number,
        epoch=request.epoch,
    )
    if previous:  # hard links, so that a generation is whole by itself when older ones are swept
        retained = carry_over(previous, request.directory, undamaged(previous, retained))
    state = replace(index, epoch=request.epoch, hashed=tuple(sorted(hashed)), retained=retained)
    record = asdict(state) | {"entries": [asdict(entry) for entry in request.entries]}
    write_index_record(request.directory, record, holdings, links=index.links, key=key)


def _check_unique(entries: Sequence[Entry]) -> None:
    """Refuse two different files that claim to be the same package.

    Raises:
        InputError: two such files are among them.

    """
    marks: dict[str, str] = {}
    for entry in entries:
        if marks.setdefault(entry.key, entry.mark) != entry.mark:
            raise InputError(
                f"two different files are {entry.key}", hint="publish one of them, or raise the version of the other"
            )


def _check_identity(channel: Channel, label: str, signer: Signer, changes: Sequence[_Change]) -> None:
    """Refuse changes after which every client that knows the channel would fail.

    Raises:
        InputError: the label differs, or signed packages have another key.

    """
    if "\n" in label or not label:
        raise InputError("the label of a repository is one line of text")
    if channel.key != signer.fingerprint and not signer.certified_by(channel.key):
        raise InputError(
            f"clients of this repository trust another key, {channel.key}, than the one that would sign, "
            f"{signer.fingerprint}",
            hint=f"sign with the key they trust; or let it sign the new one (gpg --default-key {channel.key} "
            f"--quick-sign-key {signer.fingerprint}) and give clients the new archive-key.asc; "
            "or publish into another directory",
        )
    if channel.label != label:
        raise InputError(
            f"the label of this repository is {channel.label!r} and can never change",
            hint="publish into another directory",
        )
    signed = [change.old.view.slug for change in changes if change.old.repository.sign and change.old.entries]
    if channel.key != signer.fingerprint and signed:
        raise InputError(
            f"packages of {', '.join(signed)} in this repository are signed with another key, {channel.key}",
            hint="publish into another directory, so that clients never see two keys",
        )
