"""The Debian format: `.deb` packages, `.dsc` sources, repositories for apt."""

from __future__ import annotations

from build_env.formats.deb.control import PINNED_CONTROL, build_depends_in, read_deb, read_packaging, with_pinned
from build_env.formats.deb.entries import is_apt_file
from build_env.formats.deb.found import FINDER, UPSTREAM
from build_env.formats.deb.further import FURTHER
from build_env.formats.deb.needs import CROSS_PROFILES
from build_env.formats.deb.repository import APT
from build_env.formats.deb.source import DEPENDENCY_SET, files_of_source, source_name
from build_env.formats.deb.syntax import SOURCE_NAMES
from build_env.formats.deb.upstream import upstream_files
from build_env.formats.format import Format, Program, Scan

__all__ = ["DEB"]

# Those that Debian and Ubuntu mark as essential, with what dpkg and apt cannot be without.
_ESSENTIAL = """
    apt base-files base-passwd bash bsdutils coreutils dash debianutils diffutils dpkg findutils grep gzip hostname
    init-system-helpers libc-bin libc6 login login.defs mount ncurses-base ncurses-bin passwd perl-base sed
    sysvinit-utils tar util-linux
"""
_BINARY = (".deb", ".udeb", ".ddeb")


def _is_content(name: str) -> bool:
    return name.endswith((*_BINARY, ".dsc")) or ".tar" in name


def _is_published(name: str) -> bool:
    """The dependency set is not, although it has the suffix of a source."""
    return is_apt_file(name) and name != DEPENDENCY_SET


def _is_binary(name: str) -> bool:
    return name.endswith(".deb")


def _is_installed(name: str) -> bool:
    return name.endswith(".deb") and "-dbgsym_" not in name


def _plain_path(name: str, suite: str) -> str:
    """`deb/<codename>/main/{source,binary-<arch>}/…`, the layout of the seed."""
    if name.endswith(_BINARY):
        architecture = name.rpartition(".")[0].rpartition("_")[2]
        return f"deb/{suite}/main/binary-{architecture}/{name}"
    return f"deb/{suite}/main/source/{name}"


DEB = Format(
    name="deb",
    packaging=("deb", "debian"),
    at_top=(".dsc",),
    source_names=SOURCE_NAMES,
    read_packaging=read_packaging,
    source_name=source_name,
    source_suffix=".dsc",
    source_files=files_of_source,
    import_word="deb",
    scan=Scan(subject="source packages of the archive", report=PINNED_CONTROL, read=with_pinned, of_pins=True),
    dependency_set=DEPENDENCY_SET,
    is_content=_is_content,
    is_published=_is_published,
    is_binary=_is_binary,
    is_installed=_is_installed,
    plain_path=_plain_path,
    repository=APT,
    about_builds=(".buildinfo", ".changes"),
    cross_profiles=CROSS_PROFILES,
    choices=frozenset({"profiles", "options", "only"}),
    build_depends=build_depends_in,
    package_facts=read_deb,
    finder=FINDER,
    further=FURTHER,
    upstream_finder=UPSTREAM,
    upstream=upstream_files,
    essential=frozenset(_ESSENTIAL.split()),
    programs=(Program(name="dpkg-deb", package="dpkg", purpose="reads Debian packages"),),
)
