"""The RPM format: `.rpm` packages, spec files that a room reads, repositories for dnf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.later import imported_later
from build_env.formats.answers import found_in
from build_env.formats.format import Finder, Format, Program, Scan
from build_env.formats.rpm.further import FURTHER
from build_env.formats.rpm.needs import build_depends_in
from build_env.formats.rpm.repository import DNF
from build_env.formats.rpm.spec import SPEC_FACTS, files_of_source, read_packaging, source_name, with_spec_facts

with imported_later():  # only where packages are compared
    from build_env.formats.rpm import header
with imported_later():
    from build_env.formats.rpm import facts

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.formats.compare import Opened
    from build_env.formats.format import PackageFacts

__all__ = ["RPM"]

_SOURCE = ".src.rpm"
_NOT_INSTALLED = ("-debuginfo-", "-debugsource-", _SOURCE)


def _is_package(name: str) -> bool:
    return name.endswith(".rpm")


def _is_binary(name: str) -> bool:
    return name.endswith(".rpm") and not name.endswith(_SOURCE)


def _is_installed(name: str) -> bool:
    return name.endswith(".rpm") and not any(part in name for part in _NOT_INSTALLED)


def _plain_path(name: str, suite: str) -> str:
    """`rpm/<suite>/` with source packages on top and a directory for each architecture, the layout of the seed."""
    if name.endswith(_SOURCE):
        return f"rpm/{suite}/{name}"
    architecture = name.removesuffix(".rpm").rpartition(".")[2]
    return f"rpm/{suite}/{architecture}/{name}"


def _opened(data: bytes) -> Opened | None:
    return header.opened(data)


def _facts(path: Path) -> PackageFacts | None:
    return facts.read_rpm(path)


# What dnf protects itself, and what no system of the family runs without.
_ESSENTIAL = """
    basesystem bash centos-stream-release coreutils coreutils-single dnf dnf5 filesystem glibc glibc-common libdnf
    libgcc ncurses-base ncurses-libs redhat-release rocky-release rpm rpm-libs setup shadow-utils sudo systemd
    systemd-libs systemd-udev util-linux yum
"""

RPM = Format(
    name="rpm",
    packaging=("rpm", "SPECS"),
    at_top=(".spec", ".src.rpm"),
    read_packaging=read_packaging,
    source_name=source_name,
    source_suffix=".src.rpm",
    source_files=files_of_source,
    import_word="srpm",
    scan=Scan(subject="spec files", report=SPEC_FACTS, read=with_spec_facts),
    dependency_set="build-depends.spec",
    choices=frozenset({"enabled", "disabled", "defined", "only"}),
    source_choices=frozenset({"enabled", "disabled", "defined"}),
    is_content=_is_package,
    is_published=_is_package,
    is_binary=_is_binary,
    is_installed=_is_installed,
    plain_path=_plain_path,
    repository=DNF,
    build_depends=build_depends_in,
    package_facts=_facts,
    opened=_opened,
    essential=frozenset(_ESSENTIAL.split()),
    programs=(
        Program(name="rpmsign", package="rpm", purpose="signs RPM packages"),
        Program(
            name="libgobject-2.0.so.0",
            package="libglib2.0-0",
            purpose="is what createrepo_c is made with",
            library=True,
        ),
    ),
    modules={"createrepo_c": "writes the metadata of dnf repositories"},
    stand_in=True,
    further=FURTHER,
    upstream_finder=Finder(script="common/rpm/find-sources.sh", folders=("common/rpm", "common/fetch"), read=found_in),
)
