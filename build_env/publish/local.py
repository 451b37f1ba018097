"""Owns the publisher of a run: plain results below `build/deploy/`, one transaction of the channel at the end."""

from __future__ import annotations

import contextlib
import shutil
import tarfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.disk import PASSED, PUBLIC_DIRECTORY, PUBLIC_FILE, permit
from build_env.core.later import imported_later
from build_env.core.locks import locked
from build_env.formats.registry import format_called, is_binary, is_published
from build_env.formats.view import PackageFile, View, mark_of
from build_env.publish.generation import evidence, holds
from build_env.publish.model import CHANNEL

with imported_later():
    from build_env.publish import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from build_env.model.artifact import Artifact
    from build_env.model.command import Deployment
    from build_env.model.work import Work
    from build_env.ports import Store
    from build_env.publish.signing import Signer

__all__ = ["LocalPublisher"]


@dataclass
class LocalPublisher:
    """The `Publisher` port on the local disk; all that a run deploys, for whichever targets, is one transaction.

    `publishes` is false where rooms are less than fresh: their results are handed out, but no client gets them.
    `digest_of` tells the digest of a file's content, `architectures` those that a target builds for.
    """

    root: Path
    deploy: Path
    repositories: Path
    store: Store
    signer: Callable[[], Signer]
    label: str
    digest_of: Callable[[Path], str]
    architectures: Callable[[str], tuple[str, ...]]
    publishes: bool = True
    _taken: dict[View, list[PackageFile]] = field(default_factory=dict)
    _plain: set[Path] = field(default_factory=set)
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
        digests = {item.digest for item in items}
        return digests <= holds(self.channel, view_of(work, deployment).name, digests)

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

        Raises:
            RuntimeError: the task deploys nothing.

        """
        deployment = work.task.deployment
        if deployment is None:
            raise RuntimeError(f"{work.task.name} deploys nothing")
        items = list(_own(work))
        plain = self._plain_files(work, deployment, items)
        for path, item in plain:
            self._copy(item, path)
            output(f"{path.relative_to(self.deploy)}")
        with self._lock:
            self._plain |= {path for path, item in plain if is_binary(item.name)}
            taken = self._taken.setdefault(view_of(work, deployment), [])
            taken += [PackageFile(path=self.store.path(item), artifact=item) for item in items]

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

    def commit(self) -> list[str]:
        """See `Publisher.commit`; returns the plain paths of the binary packages that were deployed."""
        if self._taken and self.publishes:
            self._make_public(self.channel)
            snapshot.publish(
                self.channel,
                self._taken,
                label=self.label,
                signer=self.signer(),
                architectures={view.target: self.architectures(view.target) for view in self._taken},
            )
        self._taken.clear()
        return sorted(str(path.relative_to(self.root)) for path in self._plain)

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
                shutil.copyfile(self.store.path(item), temporary)
                permit(temporary, PUBLIC_FILE)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


def _own(work: Work) -> Iterator[Artifact]:
    """What this task deploys; inputs that are deployments themselves bring no artifacts."""
    seen = set()
    for entry in work.inputs:
        for item in entry.artifacts:
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
