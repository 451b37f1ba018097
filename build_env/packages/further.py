"""Owns how further repositories are written, in definitions and in constants of targets: the table of their fields.

Reads their keys, which are files of the project.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from build_env.core.bounds import ALLOW, Bounds
from build_env.core.errors import BuildEnvError, Fault, InputError, Location
from build_env.core.shapes import Field, Fields, Items, Table, Text
from build_env.core.texts import read_text
from build_env.model.further import FurtherRepository

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REPOSITORIES", "repositories_in"]

_BLOCK = "PGP PUBLIC KEY BLOCK-----"
_MOST = 100_000  # bytes of a key: it becomes a part of one argument of a program, and Linux takes 128 KiB
REPOSITORIES = Table(
    keys=Text(words="a name of small letters, digits and -", pattern="[a-z0-9][a-z0-9-]*"),
    entry="NAME",
    each=Fields(
        fields={
            "url": Field(
                shape=Text(
                    words="an address, http:// or https://, without a name or password",
                    pattern="https?://[!#-&(-?A-~]+",
                ),
                summary="where it is; for dnf what `baseurl` may be",
                default="",
            ),
            "suites": Field(
                shape=Items(each=Text(words="a suite", pattern="[A-Za-z0-9./_+-]+")),
                summary="apt: its suites; a flat repository has one, `./`",
                default=[],
            ),
            "components": Field(
                shape=Items(each=Text(words="a component", pattern="[A-Za-z0-9/_+-]+")),
                summary="apt: its components; default: main",
                default=[],
            ),
            "key": Field(
                shape=Text(
                    words="a file of the project",
                    pattern=r"(?!/)(?!.*(^|/)\.\.?(/|$))[A-Za-z0-9+._/-]+",
                ),
                summary="the public key that signs it, in ASCII armour: a file, from the root of the project",
                default="",
            ),
            "priority": Field(
                shape=Text(words="a whole number from 1 to 1000", pattern="[1-9][0-9]{0,2}|1000"),
                summary="apt: the priority of a pin, 500 is usual; dnf: 1 to 99, of which the lowest is preferred",
                default="",
            ),
            "module": Field(
                shape=Text(words="a module and its stream, NAME:STREAM", pattern="[A-Za-z0-9_.+-]+:[A-Za-z0-9_.+-]+"),
                summary="dnf: a module that is enabled, of this repository or of the distribution's",
                default="",
            ),
            "signed": Field(
                shape=Text(choices=("packages", "all")),
                summary="dnf: `all` if the index has a signature, too, which is checked then",
                default="packages",
            ),
        }
    ),
)


def repositories_in(
    bounds: Bounds, written: Mapping[str, Mapping[str, object]], places: Mapping[str, Location]
) -> tuple[tuple[FurtherRepository, ...], tuple[Fault, ...]]:
    """The repositories of a table that fits, whose `places` are by name; and a fault for each key that is none."""
    made, faults = [], []
    for name, fields in written.items():
        try:
            key = _key(bounds, str(fields["key"] or ""))
        except (BuildEnvError, OSError) as error:
            reason = error.message if isinstance(error, BuildEnvError) else str(error.strerror)
            faults.append(Fault(message=f"the key {fields['key']}: {reason}", location=places[name]))
            continue
        made.append(
            FurtherRepository(
                name=name,
                place=places[name],
                url=str(fields["url"]),
                suites=_words(fields["suites"]),
                components=_words(fields["components"]),
                key=key,
                priority=int(str(fields["priority"] or 0)),
                module=str(fields["module"]),
                whole=fields["signed"] == "all",
            )
        )
    return tuple(made), tuple(faults)


def _key(bounds: Bounds, file: str) -> str:
    """The text of a key.

    Raises:
        InputError: the file is no key in ASCII armour, or none of the project.
        OSError: it cannot be read.

    """
    if not file:
        return ""
    path = bounds.root / file
    if not bounds.allow(os.path.realpath(path)):
        raise InputError(f"it leads out of the project: {ALLOW}")
    text = read_text(path, file, errors="replace", most=_MOST)
    start, end = text.find(f"-----BEGIN {_BLOCK}"), text.find(f"-----END {_BLOCK}")
    if start < 0 or end < start or not text.isascii():
        raise InputError("it is no public key in ASCII armour; gpg --export --armor ID writes one")
    return f"{text[start:end]}-----END {_BLOCK}\n"


def _words(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
