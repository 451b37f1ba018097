"""Owns what a `definition.yaml` may hold: the table of its fields, of which faults and JSON Schema are made. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.core.shapes import Either, Field, Fields, Items, Table, Text
from build_env.core.sizes import SIZE_EXAMPLE, SIZE_PATTERN
from build_env.model.cache import CACHES
from build_env.packages.choices import CHOICES
from build_env.packages.further import REPOSITORIES
from build_env.packages.names import PACKAGE_NAME

__all__ = ["DEFINITION", "URL_PATTERN", "day_of"]


def day_of(text: str) -> datetime:
    """The beginning of a day, UTC. Raises ValueError for what is none, as 2025-02-30."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def _is_day(text: str) -> bool:
    try:
        return bool(day_of(text))
    except ValueError:
        return False


# Without user and password: what is fetched is told everywhere.
URL_PATTERN = r"https?://[A-Za-z0-9.\-\[\]:]+/[!-~]+"
_ARCHITECTURES = tuple(MACHINE_TO_DEBIAN.values())
_ALL = Text(choices=("all",))
_NAMES = Items(each=Text(words="a name"))
_NUMBER = Text(words="a whole number above zero", pattern="[1-9][0-9]{0,8}")
_SIZE = Text(words=SIZE_EXAMPLE, pattern=SIZE_PATTERN)
_DIGEST = Text(words="64 hexadecimal digits", pattern="[0-9a-f]{64}")
_PIN = Fields(
    fields={
        "version": Field(shape=Text(words="a version"), summary="the version of the source package", required=True),
        "sha256": Field(
            shape=_DIGEST,
            summary="the digest of its .dsc",
            required=True,
        ),
        "patches": Field(
            shape=Items(
                each=Text(
                    words="a file below the package's directory", pattern=r"(?!/)(?!.*(^|/)\.\.?(/|$))[A-Za-z0-9+._/-]+"
                )
            ),
            summary="patches that are put on top of it, in this order",
            default=[],
        ),
    }
)
_FILE_NAME = Text(words="the name of a file: letters, digits and + . _ ~ : -", pattern="[A-Za-z0-9][A-Za-z0-9+._~:-]*")
_REMOTE = Fields(
    fields={
        "url": Field(
            shape=Text(
                words="an address that begins with http:// or https://, without a password", pattern=URL_PATTERN
            ),
            summary="where it is fetched from",
            required=True,
        ),
        "sha256": Field(shape=_DIGEST, summary="its digest", required=True),
    }
)
DEFINITION: Final = Fields(
    fields={
        "name": Field(shape=PACKAGE_NAME, summary="the package's name; default: that of its directory"),
        "version": Field(shape=Text(blank=True), summary="the version, as it is written", default=""),
        "summary": Field(shape=Text(blank=True), summary="what it is, in one line", default=""),
        "license": Field(shape=Text(blank=True), summary="its licence", default=""),
        "date": Field(
            shape=Text(
                words="a date, YYYY-MM-DD",
                pattern="[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
                blank=True,
                check=_is_day,
            ),
            summary="the day that its files are dated with",
            default="",
        ),
        "role": Field(
            shape=Text(choices=("package", "tool")),
            summary="`tool`: it serves the builds of others, and is built for the machine that builds (DEPENDS of a "
            "target that lists its packages)",
            default="package",
        ),
        "requires": Field(shape=_NAMES, summary="the packages of src/ that are built before it", default=[]),
        "provides": Field(shape=_NAMES, summary="further names by which others may require it", default=[]),
        "architectures": Field(
            shape=Either(
                options=(_ALL, Items(each=_ALL, least=1, most=1), Items(each=Text(choices=_ARCHITECTURES))),
                words="`all` or a list of architectures",
            ),
            summary="`all` for a package of every architecture, or those that it is built for; default: no limit",
            default=[],
        ),
        "room": Field(
            shape=Fields(
                fields={
                    "processes": Field(shape=_NUMBER, summary="how many processes and threads its rooms may have"),
                    "files": Field(shape=_NUMBER, summary="how many files each process may have open"),
                    "memory": Field(shape=_SIZE, summary="the memory that its rooms may use"),
                    "shared_memory": Field(shape=_SIZE, summary="the size of /dev/shm"),
                    "log": Field(shape=_SIZE, summary="how much its commands may print"),
                    "caches": Field(
                        shape=Items(each=Text(choices=tuple(CACHES))),
                        summary="caches that its rooms keep from build to build, if the setting room_caches allows it",
                        default=[],
                    ),
                }
            ),
            summary="caches of its rooms, and limits that differ from the settings room_processes, room_files, …",
            default={},
        ),
        "build": Field(
            shape=CHOICES, summary="how it is built, where that can be chosen; `build-all` adds to it", default={}
        ),
        "repositories": Field(
            shape=Table(each=REPOSITORIES, entry="TARGET"),
            summary="by target: further repositories from which its builds may install",
            default={},
        ),
        "archive": Field(
            shape=Table(each=_PIN, entry="TARGET"),
            summary="by target: the source package of the distribution's archive that is built",
            default={},
        ),
        "sources": Field(
            shape=Table(each=_REMOTE, keys=_FILE_NAME, entry="FILE"),
            summary="by name: the files that the source stage fetches, as upstream tarballs and the sources of a spec",
            default={},
        ),
    }
)
