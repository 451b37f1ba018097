"""Owns the metadata of one rpm repository, written by createrepo_c: gzip, which EL8 reads, and no clock.

The same packages and revision give the same bytes: file times are taken from the packages' own build times.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from build_env.core.errors import EnvironmentNotReady, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

__all__ = ["write_metadata"]

_WRITERS = {"primary": "PrimaryXmlFile", "filelists": "FilelistsXmlFile", "other": "OtherXmlFile"}


def write_metadata(directory: Path, packages: Mapping[str, Path], *, revision: int) -> tuple[str, ...]:
    """Write `repodata` for packages (location → file); return its files except `repomd.xml`."""
    library = _library()
    repodata = directory / "repodata"
    repodata.mkdir(parents=True)
    loaded = [_package(library, packages[location], location) for location in sorted(packages)]
    repomd = library.Repomd()
    repomd.set_revision(str(revision))
    names = []
    for kind, writer in _WRITERS.items():
        path = repodata / f"{kind}.xml.gz"
        _write_list(getattr(library, writer)(str(path), library.GZ), loaded)
        record = library.RepomdRecord(kind, str(path))
        record.fill(library.SHA256)
        record.timestamp = revision
        record.rename_file()
        repomd.set_record(record)
        names.append(f"repodata/{record.location_href.rsplit('/', 1)[-1]}")
    (repodata / "repomd.xml").write_text(repomd.xml_dump(), encoding="utf-8")
    return tuple(names)


def _library() -> ModuleType:
    try:
        return importlib.import_module("createrepo_c")
    except ModuleNotFoundError as error:
        hint = "pip install createrepo_c (it has wheels for Linux with glibc)"
        raise EnvironmentNotReady("createrepo_c is not installed", hint=hint) from error
    except ImportError as error:  # a library that it is linked with is missing
        raise EnvironmentNotReady(f"createrepo_c cannot be used: {error}", hint="build-env doctor --setup") from error


def _package(library: ModuleType, path: Path, location: str) -> Any:  # noqa: ANN401  (untyped library)
    try:
        package = library.package_from_rpm(str(path), location_href=location)
    except OSError as error:
        raise InputError(f"not a readable RPM file: {path} ({error})", hint="build the package again") from error
    package.time_file = package.time_build
    return package


def _write_list(writer: Any, packages: list[Any]) -> None:  # noqa: ANN401  (untyped library)
    writer.set_num_of_pkgs(len(packages))
    for package in packages:
        writer.add_pkg(package)
    writer.close()
