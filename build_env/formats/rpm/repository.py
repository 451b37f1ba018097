"""Owns dnf's side of a channel: a repository for each view, with the source packages in one of their own.

    rpm/<target>/Packages/          rpm/<target>/repodata/          binary packages of all architectures
    rpm/<target>/source/Packages/   rpm/<target>/source/repodata/   source packages

A target that deploys into a suite that is not called after it gets `<target>@<suite>`. Files are signed copies, each
signed once: a signature holds the time.

One limit of the format: clients fetch `repomd.xml` and its signature one after the other; a switch between the two
requests makes that one read fail its signature check. Other mixtures are impossible: old lists stay readable.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.core.later import imported_later
from build_env.formats.rpm import facts
from build_env.formats.rpm.metadata import write_metadata
from build_env.formats.rpm.names import check_declared
from build_env.formats.view import KEY_FILE, Entry, Repository, check_name

with imported_later():  # only where something is published
    from build_env.formats.rpm import tools

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from build_env.formats.view import IndexRequest, PackageFile, Signer, View

__all__ = ["DNF"]

_PARTS = {"binary": "repodata", "source": "source/repodata"}  # directory of the index: where clients read it


def _home(view: View) -> str:
    suite = "" if view.suite == view.target.replace("/", "-") else f"@{view.suite}"
    return f"rpm/{view.slug}{suite}"


def _served(view: View) -> Mapping[str, str]:
    return {f"{_home(view)}/{place}": f"{part}/repodata" for part, place in _PARTS.items()}


def _read(view: View, files: Sequence[PackageFile], _held: Collection[str]) -> list[Entry]:
    for file in files:
        if not check_name(file.artifact.name).endswith(".rpm"):
            raise InputError(f"not for an rpm repository: {file.artifact.name}", hint="publish .rpm files only")
        if facts.read_rpm(file.path) is None:
            raise InputError(
                f"not a readable RPM file: {file.artifact.name}: its header is broken, or larger than any",
                hint="build the package again",
            )
    headers = tools.read_headers({file.artifact.name: file.path for file in files})
    entries = []
    for file, header in zip(files, headers, strict=True):
        # Sources that cannot be built everywhere are called nosrc.
        if file.artifact.name not in {header.file_name, header.file_name.replace(".src.rpm", ".nosrc.rpm")}:
            raise InputError(f"{file.artifact.name} says of itself that it is {header.file_name}")
        if header.stand_in != view.stand_in:
            kind = "was built on a stand-in base" if header.stand_in else "was not built on a stand-in base"
            raise InputError(f"{file.artifact.name} {kind}; the view {view.slug} is for the other kind")
        # dnf looks for packages relative to its repository, so the pool of a view lies beside its `repodata`.
        pool = "source/Packages" if header.is_source else "Packages"
        entries.append(
            Entry(
                key=header.key,
                home=f"{_home(view)}/{pool}",
                mark=file.artifact.digest,
                files={file.artifact.name: file.artifact.digest},
            )
        )
    return entries


def _write(request: IndexRequest) -> Collection[str]:
    names: list[str] = []
    for part, place in _PARTS.items():
        top = f"{_home(request.view)}/{place.removesuffix('repodata')}"  # what locations are relative to
        paths = (f"{entry.directory}/{name}" for entry in request.entries for name in entry.files)
        located = {path.removeprefix(top): request.root / path for path in paths if path.startswith(f"{top}Packages/")}
        written = write_metadata(request.directory / part, located, revision=request.epoch)
        names += [f"{part}/{name}" for name in written]
        _sign_metadata(request.directory / part / "repodata", request.signer, request.epoch)
    return names


def _sign_metadata(repodata: Path, signer: Signer, epoch: int) -> None:
    """Sign `repomd.xml`, and give all files the time of the publish."""
    index = repodata / "repomd.xml"
    (repodata / "repomd.xml.asc").write_bytes(signer.detach_sign(index.read_bytes()))
    # Servers answer `if modified since` by these times; they must not differ from file to file of one publish.
    for path in repodata.iterdir():
        os.utime(path, (epoch, epoch))


def _client_lines(view: View, address: str, _key: Path) -> tuple[str, ...]:
    home = _home(view)
    # The id of a repository has letters, digits and - _ . : only.
    name = f"build-env-{home.partition('/')[2]}".replace("@", "-").replace("+", "-")
    options = [
        f"--repofrompath={name},{address}/{home}",
        f"--setopt={name}.gpgkey={address}/{KEY_FILE}",
        f"--setopt={name}.gpgcheck=1",
        f"--setopt={name}.repo_gpgcheck=1",
    ]
    return (f"install from it on {view.target}, as root:", f"dnf {shlex.join(options)} install PACKAGE")


def _sign(files: Sequence[Path], signer: Signer) -> None:
    tools.sign(files, signer)


DNF = Repository(served=_served, read=_read, check=check_declared, write=_write, client_lines=_client_lines, sign=_sign)
