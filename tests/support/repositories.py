"""Owns tiny packages for the tests of repositories: made in milliseconds, each with contents that a test chooses."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from build_env.formats.view import PackageFile, View
from build_env.model.artifact import Artifact
from build_env.publish.generation import current_generation
from build_env.publish.model import Clock
from build_env.publish.snapshot import publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from build_env.publish.signing import Signer

__all__ = ["BOOKWORM", "CENTOS", "Time", "deb", "package_file", "publish_to", "rpm", "source"]

BOOKWORM = View(format="deb", target="debian/12", suite="bookworm")
CENTOS = View(format="rpm", target="centos/8", suite="centos-8", stand_in=True)
_SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: A package of the tests
License: MIT
BuildArch: noarch
{distribution}
%description
A package of the tests.
%install
mkdir -p %{{buildroot}}/usr/share/{name}
echo '{text}' > %{{buildroot}}/usr/share/{name}/text
%files
/usr/share/{name}
"""


START = datetime(2024, 3, 1, 12, 0, 0, tzinfo=UTC)


@dataclass
class Time:
    """A clock for tests; `advance` moves it, and so does whoever sleeps."""

    value: datetime = START
    slept: list[float] = field(default_factory=list)

    def advance(self, seconds: float) -> None:
        self.value += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.value, sleep=self.sleep)


def publish_to(
    root: Path,
    view: View,
    files: Sequence[PackageFile],
    *,
    signer: Signer,
    clock: Clock | None = None,
    label: str = "tests",
) -> bool:
    """Publish files into one view of the channel at `root`; whether clients have another generation then."""
    before = current_generation(root)
    publish(root, {view: files}, label=label, signer=signer, clock=clock)
    return current_generation(root) != before


def package_file(path: Path) -> PackageFile:
    """Describe a file as the artifact it is."""
    data = path.read_bytes()
    return PackageFile(
        path=path, artifact=Artifact(name=path.name, digest=hashlib.sha256(data).hexdigest(), size=len(data))
    )


def deb(  # noqa: PLR0913  (each test names the one or two it cares about)
    directory: Path,
    name: str,
    version: str = "1.0",
    *,
    architecture: str = "amd64",
    text: str = "",
    fields: str = "",
    file: str = "",
) -> PackageFile:
    """Make a binary package with one file, `/usr/share/NAME/text`."""
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
        f"Maintainer: Tests <tests@example.invalid>\n{fields}Description: a package of the tests\n long text\n"
    )
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": _tar({"./control": control}),
        "data.tar.gz": _tar({f"./usr/share/{name}/text": text}),
    }
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / (file or f"{name}_{version}_{architecture}.deb")
    path.write_bytes(b"!<arch>\n" + b"".join(_member(*member) for member in members.items()))
    return package_file(path)


def source(directory: Path, name: str, version: str = "1.0", *, text: str = "") -> list[PackageFile]:
    """Make a source package: the .dsc and its tar."""
    directory.mkdir(parents=True, exist_ok=True)
    tar = directory / f"{name}_{version}.tar.gz"
    tar.write_bytes(_tar({f"{name}/text": text}))
    part = package_file(tar)
    md5 = hashlib.md5(tar.read_bytes(), usedforsecurity=False).hexdigest()
    dsc = directory / f"{name}_{version}.dsc"
    dsc.write_text(
        f"Format: 3.0 (native)\nSource: {name}\nBinary: {name}\nArchitecture: any\nVersion: {version}\n"
        f"Maintainer: Tests <tests@example.invalid>\nPackage-List:\n {name} deb misc optional arch=any\n"
        f"Checksums-Sha256:\n {part.artifact.digest} {part.artifact.size} {tar.name}\n"
        f"Files:\n {md5} {part.artifact.size} {tar.name}\n"
    )
    return [package_file(dsc), part]


def rpm(
    directory: Path,
    name: str,
    version: str = "1.0",
    *,
    text: str = "",
    stand_in: bool = True,
    kind: str = "-bb",
) -> PackageFile:
    """Make a binary (or with `-bs` a source) RPM with the host's rpmbuild."""
    directory.mkdir(parents=True, exist_ok=True)
    distribution = "Distribution: stand-in" if stand_in else ""
    spec = directory / f"{name}.spec"
    spec.write_text(_SPEC.format(name=name, version=version, text=text, distribution=distribution))
    top = directory / "top"
    defines = {"_topdir": top, "_rpmdir": directory, "_srcrpmdir": directory, "_build_id_links": "none"}
    words = [word for key, value in defines.items() for word in ("--define", f"{key} {value}")]
    command = ["rpmbuild", "--quiet", *words, "--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm"]
    subprocess.run([*command, kind, str(spec)], check=True, capture_output=True, timeout=60)
    suffix = "src" if kind == "-bs" else "noarch"
    return package_file(directory / f"{name}-{version}-1.{suffix}.rpm")


def _tar(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in sorted({parent for path in files for parent in _parents(path)}):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(directory)
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o644
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(data.getvalue(), mtime=0)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: index + 1]) for index in range(len(parts))]


def _member(name: str, data: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
    return head + data + (b"\n" if len(data) % 2 else b"")
