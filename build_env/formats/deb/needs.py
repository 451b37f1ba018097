"""Owns what relationship fields of Debian control files say: names, and the conditions under which they count."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from debian.deb822 import PkgRelation

from build_env.model.package import Alternative

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.model.package import Need

__all__ = ["CROSS_PROFILES", "architectures_of", "formula_of", "needs_in", "substitutions_in"]

# In force where a package is cross-built, as common/deb/build.sh says to dpkg.
CROSS_PROFILES = frozenset({"cross", "nocheck"})
_SUBSTITUTION = re.compile(r"\$\{([^}]*)\}")
_REPLACED = "0"  # stands for a substitution; a valid version, and no name
# As dpkg's tables have them: ABI, C library, kernel, processor.
_TUPLES = {
    "amd64": ("base", "gnu", "linux", "amd64"),
    "arm64": ("base", "gnu", "linux", "arm64"),
    "armel": ("eabi", "gnu", "linux", "arm"),
    "armhf": ("eabihf", "gnu", "linux", "arm"),
    "i386": ("base", "gnu", "linux", "i386"),
    "loong64": ("base", "gnu", "linux", "loong64"),
    "mips64el": ("abi64", "gnu", "linux", "mips64el"),
    "ppc64el": ("base", "gnu", "linux", "ppc64el"),
    "riscv64": ("base", "gnu", "linux", "riscv64"),
    "s390x": ("base", "gnu", "linux", "s390x"),
}
logging.getLogger("debian.deb822").addHandler(logging.NullHandler())  # dpkg tells what cannot be read


def needs_in(fields: Iterable[str]) -> tuple[Need, ...]:
    """What relationship fields ask for; what stands for a substitution is left out."""
    items = (" ".join(item.split()) for field in fields for item in field.split(","))
    needs = (_need(item) for item in dict.fromkeys(items) if item)
    return tuple(need for need in needs if need)


def substitutions_in(fields: Iterable[str]) -> frozenset[str]:
    """The names of the substitutions that stand for needs of their own: `shlibs:Depends`."""
    items = (item.strip() for field in fields for item in field.split(","))
    return frozenset(match[1] for item in items if (match := _SUBSTITUTION.fullmatch(item)))


@lru_cache(maxsize=1 << 12)  # many packages need the same
def _need(item: str) -> Need:
    alternatives = PkgRelation.parse_relations(_SUBSTITUTION.sub(_REPLACED, item))[0]
    return tuple(
        Alternative(
            name=alternative["name"],
            native=alternative["archqual"] in {"native", "any"},
            architectures=_concerned(alternative["arch"]),
            profiles=_formula(alternative["restrictions"]),
            versioned=len(alternatives) > 1 and alternative["version"] is not None,
        )
        for alternative in alternatives
        if alternative["name"] != _REPLACED
    )


def architectures_of(field: str) -> frozenset[str] | None:
    """Those that the field `Architecture` of a binary package means; None for all."""
    words = field.split()
    return None if {"all", "any"} & {*words} else _matching(words)


def formula_of(field: str) -> tuple[tuple[str, ...], ...]:
    """The field `Build-Profiles` of a binary package as a formula."""
    return tuple(tuple(terms.split()) for terms in re.findall(r"<([^>]*)>", field.lower()))


def _concerned(restrictions: list[PkgRelation.ArchRestriction] | None) -> frozenset[str] | None:
    if not restrictions:
        return None
    matching = _matching(restriction.arch for restriction in restrictions)
    # dpkg allows either only such with a mark or only such without.
    return matching if restrictions[0].enabled else frozenset(_TUPLES) - matching


def _formula(restrictions: list[list[PkgRelation.BuildRestriction]] | None) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(f"{'' if term.enabled else '!'}{term.profile}" for term in terms) for terms in restrictions or ()
    )


def _matching(patterns: Iterable[str]) -> frozenset[str]:
    """The architectures that names or wildcards mean: `linux-any`, `any-arm`."""
    found = set[str]()
    for pattern in patterns:
        parts = pattern.split("-")
        parts = ["any"] * (4 - len(parts)) + parts
        found |= {
            name
            for name, own in _TUPLES.items()
            if pattern in {name, "any"} or ("any" in parts and all(map(_fits, parts, own)))
        }
    return frozenset(found)


def _fits(wanted: str, part: str) -> bool:
    return wanted in {"any", part}
