"""Owns the publisher of a run: plain results below `build/deploy/`, one transaction of the channel at the end."""

from __future__ import annotations

import contextlib
import tarfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.disk import PASSED, PUBLIC_DIRECTORY, PUBLIC_FILE, copy, permit
from build_env.core.errors import InputError, TaskError
from build_env.core.later import imported_later
from build_env.core.locks import locked
from build_env.formats.registry import format_called, is_binary, is_published
from build_env.formats.view import PackageFile, View, check_name, mark_of
from build_env.model.task import Place
from build_env.publish.holdings import evidence, holds
from build_env.publish.model import CHANNEL
from build_env.publish.refusals import essential_names, would_stay

with imported_later():
    from build_env.publish import records, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from build_env.formats.view import Entry
    from build_env.model.artifact import Artifact
    from build_env.model.command import Deployment
    from build_env.model.identity import TaskName
    from build_env.model.work import Work
    from build_env.ports import Store
    from build_env.publish.signing import Signer

__all__ = ["LocalPublisher"]


_OTHER_BYTES = "{} was published with other bytes: raise the version, so that clients take these"


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """What one task deploys: its packages, their view with its architectures, plain paths of the binary ones."""

    view: View
    architectures: tuple[str, ...]
    files: tuple[PackageFile, ...]
    plain: frozenset[Path]


@dataclass
class LocalPublisher:
    """The `Publisher` port on the local disk; what a run deploys, for whichever targets, is published together.

    `publishes` is false where rooms are less than fresh: their results are handed out, but no client gets them.
    `digest_of` tells the digest of a file's content, `replaces` names the essential packages that may be published,
    `final` tells that a published version never gets other bytes.
    """

    root: Path
    deploy: Path
    repositories: Path
    store: Store
    signer: Callable[[], Signer]
    label: str
    digest_of: Callable[[Path], str]
    publishes: bool = True
    replaces: frozenset[str] = frozenset()
    final: bool = False
    _taken: dict[TaskName, _Taken] = field(default_factory=dict)
    _published: set[TaskName] = field(default_factory=set)
    _read: dict[View, tuple[Path | None, Mapping[str, Entry]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def channel(self) -> Path:
        """Where clients read what is published."""
        return self.repositories / CHANNEL

    def holds(self, work: Work) -> bool:
        """See `Publisher.holds`: the plain files are there, and the repository has the digests."""
        deployment = work.task.deployment
        if deployment is None:
            return _begins_with(self._tar_path(work), _tar_header(work.key))
        items = list(_own(work))
        plain = all(self._same(path, item) for path, item in self._plain_files(work, deployment, items))
        if not plain or not self.publishes:
            return plain
        view = view_of(work, deployment)
        digests = {item.digest for item in items}
        if not digests <= holds(self.channel, view.name, digests, self.digest_of):
            return False
        return would_stay(view, self._published_in(view).values(), digests, self.replaces)

    def evidence(self, work: Work) -> list[Path]:
        """The files whose being as they are means that `holds` answers as it did."""
        deployment = work.task.deployment
        if deployment is None:
            return [self._tar_path(work)]
        items = list(_own(work))
        plain = [path for path, _ in self._plain_files(work, deployment, items)]
        if not self.publishes:
            return plain
        return plain + evidence(self.channel, view_of(work, deployment).name, {item.digest for item in items})

    def add(self, work: Work, output: Callable[[str], None]) -> None:
        """See `Publisher.add`.

        What cannot be published is refused here, before anything of it is written: then it is one package's fault.

        Raises:
            RuntimeError: the task deploys nothing.
            TaskError: the repository cannot hold what was built.

        """
        deployment = work.task.deployment
        if deployment is None:
            raise RuntimeError(f"{work.task.name} deploys nothing")
        items = list(_own(work))
        files = [PackageFile(path=self.store.path(item), artifact=item) for item in items]
        self._check(work, deployment, files, output)
        plain = self._plain_files(work, deployment, items)
        for path, item in plain:
            self._copy(item, path)
            output(f"{path.relative_to(self.deploy)}")
        taken = _Taken(
            view=view_of(work, deployment),
            architectures=deployment.architectures,
            files=tuple(files),
            plain=frozenset(path for path, item in plain if is_binary(item.name)),
        )
        with self._lock:
            self._taken[work.task.name] = taken

    def _check(
        self, work: Work, deployment: Deployment, files: Sequence[PackageFile], output: Callable[[str], None]
    ) -> None:
        """Read the packages as the commit will.

        Raises:
            TaskError: one of them cannot be published.

        """
        deployed, view = format_called(deployment.format), view_of(work, deployment)
        try:
            for file in files:
                check_name(file.artifact.name)
            entries = deployed.repository.read(view, files, frozenset()) if self.publishes else ()
            if self.publishes and deployed.repository.check:
                deployed.repository.check(files, self._made(work))
        except InputError as error:
            raise TaskError(
                f"{work.task.subject} cannot be published: {error.message}", hint=error.hint or "mend the package"
            ) from error
        old = self._published_in(view) if entries else {}
        changed = sorted(entry.key for entry in entries if old.get(entry.key, entry).mark != entry.mark)
        if changed and self.final:
            raise TaskError(
                f"{', '.join(changed)} is published with other bytes, and versions are final (final_versions)",
                hint="raise the version of the package",
            )
        for key in changed:
            output(_OTHER_BYTES.format(key))
        if replaced := essential_names(view, entries, self.replaces):
            raise TaskError(
                f"{work.task.subject} builds {', '.join(replaced)}, which would be essential on every client",
                hint=f'if that is meant, set `replaces = "{" ".join(replaced)}"` in build-env.toml',
            )

    def _published_in(self, view: View) -> Mapping[str, Entry]:
        """What the view has now, by key; the record of one state is read once."""
        index = records.published_index(self.channel, view)
        if index is None:
            return {}
        if self._read.get(view, (None,))[0] != index:
            self._read[view] = (index, records.published_entries(self.channel, view))
        return self._read[view][1]

    def _made(self, work: Work) -> list[PackageFile]:
        """All that the stages before it made, also what it does not deploy: it says what the source declares."""
        made = {item.name: item for entry in work.inputs for item in entry.artifacts}
        return [PackageFile(path=self.store.path(item), artifact=item) for item in made.values()]

    def tar(self, work: Work) -> Path:
        """See `Publisher.tar`: the same packages give the same bytes; the key is kept in the archive's header."""
        path = self._tar_path(work)
        self._make_public(path.parent)
        temporary = path.with_suffix(".temporary")
        members = {item.name: item for item in _own(work) if is_binary(item.name)}
        with locked(path.parent), contextlib.ExitStack() as cleaning:
            cleaning.callback(temporary.unlink, missing_ok=True)
            with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": work.key}) as archive:
                for name, item in sorted(members.items()):
                    info = tarfile.TarInfo(name)
                    info.size, info.mode = item.size, 0o644
                    with self.store.path(item).open("rb") as file:
                        archive.addfile(info, file)
            permit(temporary, PUBLIC_FILE)
            temporary.replace(path)
        return path

    def commit(self, tell: Callable[[str], None], tasks: Collection[TaskName] | None = None) -> list[str]:
        """See `Publisher.commit`; returns the plain paths of the binary packages that these tasks deployed."""
        with self._lock:  # workers add while the loop publishes
            chosen = {name: taken for name, taken in self._taken.items() if tasks is None or name in tasks}
        files: dict[View, list[PackageFile]] = {}
        for name, taken in chosen.items():
            if name not in self._published:
                files.setdefault(taken.view, []).extend(taken.files)
        if files and self.publishes:
            self._make_public(self.channel)
            replaced = snapshot.publish(
                self.channel,
                files,
                label=self.label,
                signer=self.signer(),
                architectures={taken.view: taken.architectures for taken in chosen.values()},
                digest_of=self.digest_of,
                final=self.final,
            )
            for key in replaced:
                tell(_OTHER_BYTES.format(key))
        self._published |= chosen.keys()  # only now: what could not be published is tried again with the next commit
        return sorted({str(path.relative_to(self.root)) for taken in chosen.values() for path in taken.plain})

    def _make_public(self, directory: Path) -> None:
        """Make a directory of results that others can reach, whatever the caller's umask.

        Directories between it and the project may hold more than results: these can be passed, and not listed.
        """
        directory.mkdir(parents=True, exist_ok=True)
        shown = (self.deploy, self.channel)
        for each in (directory, *directory.parents):
            if each == self.root:
                break
            permit(each, PUBLIC_DIRECTORY if any(each.is_relative_to(top) for top in shown) else PASSED)

    def _tar_path(self, work: Work) -> Path:
        mark = mark_of(stand_in=_stand_in(work))
        return self.deploy / "tar" / f"{work.task.target.replace('/', '-')}{mark}-{work.task.arch}.tar"

    def _plain_files(
        self, work: Work, deployment: Deployment, items: Sequence[Artifact]
    ) -> list[tuple[Path, Artifact]]:
        plain_path = format_called(deployment.format).plain_path
        suite = deployment.suite + mark_of(stand_in=_stand_in(work))
        return [(self.deploy / plain_path(item.name, suite), item) for item in items]

    def _same(self, path: Path, item: Artifact) -> bool:
        """Whether the plain file is the artifact; a package built again may well have the size of the old one."""
        return path.is_file() and path.stat().st_size == item.size and self.digest_of(path) == item.digest

    def _copy(self, item: Artifact, path: Path) -> None:
        self._make_public(path.parent)
        temporary = path.with_name(f".{path.name}.temporary")
        with locked(path.parent):  # another run may deploy the same file
            try:
                with self.store.path(item).open("rb") as source, temporary.open("wb") as target:
                    copy(source, target)
                permit(temporary, PUBLIC_FILE)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


def _own(work: Work) -> Iterator[Artifact]:
    """What this task deploys; inputs that are deployments themselves bring no artifacts."""
    seen = set()
    for entry in work.inputs:
        for item in entry.artifacts if entry.place is Place.DEPLOY else ():
            if is_published(item.name) and item.name not in seen:
                seen.add(item.name)
                yield item


def view_of(work: Work, deployment: Deployment) -> View:
    """The view that the task's packages go into."""
    return View(format=deployment.format, target=work.task.target, suite=deployment.suite, stand_in=_stand_in(work))


def _stand_in(work: Work) -> bool:
    return any(entry.facts.get("stand-in") for entry in work.inputs)


def _tar_header(key: str) -> bytes:
    """The first bytes of an archive with that key.

    They are compared and not read: to `tarfile` a header of the whole archive is broken when no member follows it.
    """
    return tarfile.TarInfo.create_pax_global_header({"comment": key})


def _begins_with(path: Path, head: bytes) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(head)) == head
