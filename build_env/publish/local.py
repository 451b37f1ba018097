"""Owns the publisher of a run: plain results below `build/deploy/`, one index transaction per repository at the end."""

from __future__ import annotations

import contextlib
import shutil
import tarfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.locks import locked
from build_env.publish.generation import repository_evidence, repository_holds
from build_env.publish.layout import is_deployed, plain_path, repository_name, stand_in_mark
from build_env.publish.model import AptDescription, PackageFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.model.artifact import Artifact
    from build_env.model.command import Deployment
    from build_env.model.work import Work
    from build_env.ports import Store
    from build_env.publish.signing import Signer

__all__ = ["LocalPublisher"]


@dataclass
class LocalPublisher:
    """The `Publisher` port on the local disk.

    `publishes` is false where rooms are less than fresh: their results are handed out, but no client gets them.
    `digest_of` tells the digest of a file's content.
    """

    root: Path
    deploy: Path
    repositories: Path
    store: Store
    signer: Callable[[], Signer]
    label: str
    digest_of: Callable[[Path], str]
    publishes: bool = True
    _taken: dict[Path, list[tuple[Deployment, str, PackageFile]]] = field(default_factory=dict)
    _plain: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def holds(self, work: Work) -> bool:
        """See `Publisher.holds`: the plain files are there, and the repository has the digests."""
        if work.task.deployment is None:
            return _tar_key(self._tar_path(work)) == work.key
        items = list(_own(work))
        plain = all(self._same(self.deploy / path, item) for path, item in self._paths(work, items))
        if not plain or not self.publishes:
            return plain
        digests = {item.digest for item in items}
        return digests <= repository_holds(self._repository(work), digests)

    def evidence(self, work: Work) -> list[Path]:
        """The files whose being as they are means that `holds` answers as it did."""
        if work.task.deployment is None:
            return [self._tar_path(work)]
        items = list(_own(work))
        plain = [self.deploy / path for path, _ in self._paths(work, items)]
        if not self.publishes:
            return plain
        return plain + repository_evidence(self._repository(work), {item.digest for item in items})

    def add(self, work: Work, output: Callable[[str], None]) -> None:
        """See `Publisher.add`."""
        deployment = work.task.deployment
        if deployment is None:
            raise RuntimeError(f"{work.task.name} deploys nothing")
        items = list(_own(work))
        for path, item in self._paths(work, items):
            self._copy(item, self.deploy / path)
            output(f"{path}")
        with self._lock:
            self._plain |= {path for path, item in self._paths(work, items) if _is_binary(item.name)}
            taken = self._taken.setdefault(self._repository(work), [])
            for item in items:
                file = PackageFile(path=self.store.path(item), artifact=item)
                taken.append((deployment, _stand_in(work), file))

    def tar(self, work: Work) -> Path:
        """See `Publisher.tar`: the same packages give the same bytes; the key is kept in the archive's header."""
        path = self._tar_path(work)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".temporary")
        members = {item.name: item for item in _own(work) if _is_binary(item.name)}
        with locked(path.parent), contextlib.ExitStack() as cleaning:
            cleaning.callback(temporary.unlink, missing_ok=True)
            with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": work.key}) as archive:
                for name, item in sorted(members.items()):
                    info = tarfile.TarInfo(name)
                    info.size, info.mode = item.size, 0o644
                    with self.store.path(item).open("rb") as file:
                        archive.addfile(info, file)
            temporary.replace(path)
        return path

    def commit(self) -> list[str]:
        """See `Publisher.commit`; returns the plain paths of the binary packages that were deployed."""
        for repository, taken in self._taken.items() if self.publishes else ():
            files = list({(file.artifact.name, file.artifact.digest): file for _, _, file in taken}.values())
            deployment, stand_in, _ = taken[0]  # a plan has one format and one suite
            if deployment.format == "deb":
                self._publish_apt(repository, files, deployment)
            else:
                from build_env.publish.rpm import publish_rpm  # noqa: PLC0415 - only after a deploy

                publish_rpm(repository, files, signer=self.signer(), stand_in=bool(stand_in))
        self._taken.clear()
        return sorted(f"{self.deploy.relative_to(self.root)}/{path}" for path in self._plain)

    def _publish_apt(self, repository: Path, files: list[PackageFile], deployment: Deployment) -> None:
        from build_env.publish.apt import publish_apt  # noqa: PLC0415 - as above

        description = AptDescription(
            origin=self.label, label=self.label, suite=deployment.suite, codename=deployment.suite
        )
        publish_apt(repository, files, description=description, signer=self.signer())

    def _repository(self, work: Work) -> Path:
        return self.repositories / repository_name(work.task.target, stand_in=bool(_stand_in(work)))

    def _tar_path(self, work: Work) -> Path:
        mark = stand_in_mark(stand_in=bool(_stand_in(work)))
        return self.deploy / "tar" / f"{work.task.target.replace('/', '-')}{mark}-{work.task.arch}.tar"

    def _paths(self, work: Work, items: list[Artifact]) -> Iterator[tuple[str, Artifact]]:
        deployment = work.task.deployment
        if deployment is not None:
            suite = deployment.suite + stand_in_mark(stand_in=bool(_stand_in(work)))
            for item in items:
                yield plain_path(item.name, suite=suite), item

    def _same(self, path: Path, item: Artifact) -> bool:
        """Whether the plain file is the artifact; a package built again may well have the size of the old one."""
        return path.is_file() and path.stat().st_size == item.size and self.digest_of(path) == item.digest

    def _copy(self, item: Artifact, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.temporary")
        with locked(path.parent):  # another run may deploy the same file
            try:
                shutil.copyfile(self.store.path(item), temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


def _own(work: Work) -> Iterator[Artifact]:
    """What this task deploys; inputs that are deployments themselves bring no artifacts."""
    seen = set()
    for entry in work.inputs:
        for item in entry.artifacts:
            if is_deployed(item.name) and item.name not in seen:
                seen.add(item.name)
                yield item


def _stand_in(work: Work) -> str:
    return next((entry.facts["stand-in"] for entry in work.inputs if entry.facts.get("stand-in")), "")


def _is_binary(name: str) -> bool:
    return name.endswith((".deb", ".rpm")) and not name.endswith(".src.rpm")


def _tar_key(path: Path) -> str:
    if not path.is_file():
        return ""
    try:
        with tarfile.open(path) as archive:
            return archive.pax_headers.get("comment", "")
    except tarfile.TarError:
        return ""
