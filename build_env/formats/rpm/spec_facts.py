"""Owns what spec files say, as a room reported it: reading that report into packages.

Parsing a spec runs code, so it happens in a room (`common/rpm/scan.sh`); this module reads only the report.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from build_env.core.errors import InputError
from build_env.model.package import Packaging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.package import Package

__all__ = ["SPEC_FACTS", "with_spec_facts"]

SPEC_FACTS = "spec-facts.json"


def with_spec_facts(packages: Mapping[str, Package], report: str) -> dict[str, Package]:
    """`packages` with the facts of a scan: one JSON object per line, as `common/rpm/scan.sh` writes them.

    Raises:
        InputError: a line is something else.

    """
    result = dict(packages)
    # A room has every package at `src/<name>`, wherever the project keeps it.
    by_directory = {f"src/{name}": package for name, package in packages.items()}
    for line in report.splitlines():
        facts = _facts(line)
        package = by_directory.get(facts["directory"])
        if package is not None:
            known = package.packaging.get("rpm", Packaging())
            packaging = replace(
                known,
                binaries=tuple(dict.fromkeys((*facts["binaries"], *facts["provides"]))),
                build_depends=tuple(facts["build_requires"]),
                depends=tuple(facts["requires"]),
                all_only=facts["noarch"],
                mixed=facts["mixed"],
            )
            result[package.name] = replace(package, packaging={**package.packaging, "rpm": packaging})
    return result


def _facts(line: str) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except ValueError as error:
        raise InputError(f"the scan of the spec files answered something else than JSON: {line[:80]}") from error
    wanted = {"directory", "binaries", "provides", "build_requires", "requires", "noarch", "mixed"}
    if not isinstance(facts, dict) or not wanted <= facts.keys():
        raise InputError(f"the scan of the spec files left out one of {', '.join(sorted(wanted))}")
    return facts
