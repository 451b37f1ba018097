"""Owns the externals that solve dependencies: what they take, and what they make of a solver's answer."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from build_env.core.shapes import Field, Fields, Items, Text, Truth
from build_env.core.visible import printable
from build_env.externals.program import Answer, Context, Program
from build_env.externals.solvers import DNF4, DNF5, MISSING, TOO_SLOW, apt_command, dnf_command
from build_env.manifest.externals import ExternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DEPSOLVE_APT", "DEPSOLVE_DNF4", "DEPSOLVE_DNF5", "read_apt", "read_dnf"]

_SHOWN = 40  # lines of what a solver said; the last ones tell why it failed
_WORDS_OF_APT = 4
_REMEDIES: Final = {
    "apt": ": name a target of Debian or Ubuntu, or use osbuild.depsolve-dnf4",
    "dnf 4": ": install python3-dnf in it, or name a target whose image has it",
    "dnf 5": ": install python3-libdnf5 in it (Debian has no such package), or name a target whose image has it",
}
_APT_NAME = r"[a-z0-9][a-z0-9+.-]*(=[A-Za-z0-9.+:~-]+)?"
_DNF_NAME = r"@?[A-Za-z0-9_/(][^ ,\x00-\x1f\x7f]*"


def _solved(
    arguments: Mapping[str, object],
    context: Context,
    *,
    solver: str,
    command: Callable[[str, list[str], str], list[str]],
    read: Callable[[str], list[dict[str, str]]],
) -> object:
    target = str(arguments["target"] or context.target)
    architecture = str(arguments["arch"] or context.architecture)
    if not target or not architecture:
        missing = "target" if not target else "arch"
        raise ExternalError(f"no {missing} is named: set the field {missing}; its packages are those to choose from")
    words = [
        f"{sign}{name}" for sign, field in (("+", "include"), ("-", "exclude")) for name in _names(arguments[field])
    ]
    recommends = "true" if arguments["recommends"] is True else "false"
    answer = context.rooms.run(target, architecture, command(architecture, words, recommends))
    if answer.status == MISSING:
        raise ExternalError(f"the image of {target} {architecture} has no {solver}{_REMEDIES[solver]}")
    if answer.status:
        last_lines = _said(f"{answer.standard_error}\n{answer.output}")
        lines = [f"{_how(answer)} in the room of {target} {architecture}", *(f"  | {line}" for line in last_lines)]
        raise ExternalError("\n".join(lines))
    packages = read(answer.output)
    for line in _said(answer.standard_error):
        context.tell(line)
    return {"packages": sorted(packages, key=lambda item: (item["name"], item["version"], item["arch"]))}


def read_apt(output: str) -> list[dict[str, str]]:
    """What `apt-get --print-uris` lists: a line 'ADDRESS' NAME_VERSION_ARCH.deb SIZE SHA256:DIGEST for each package."""
    packages = []
    for line in output.splitlines():
        if not line.startswith("'"):  # what apt tells people
            continue
        words = line.split()
        parts = words[1].removesuffix(".deb").split("_") if len(words) == _WORDS_OF_APT else []
        kind, _, digest = words[-1].partition(":") if words else ("", "", "")
        if len(parts) != len(("name", "version", "arch")) or kind != "SHA256" or not digest:
            raise ExternalError(f"apt printed what is no package with a SHA256: {line}")
        name, version, arch = (unquote(part) for part in parts)
        packages.append({"name": name, "version": version, "arch": arch, "checksum": f"sha256:{digest}"})
    return packages


def read_dnf(output: str) -> list[dict[str, str]]:
    """The packages that a script of ours lists as JSON; plug-ins may print other lines before."""
    try:
        packages = json.loads(output.strip().rpartition("\n")[2])
        return [{name: str(item[name]) for name in ("name", "version", "arch", "checksum")} for item in packages]
    except (ValueError, TypeError, KeyError) as error:
        raise ExternalError(f"the solver printed what is no list of packages: {output[:200]!r}") from error


def _how(answer: Answer) -> str:
    return "the solver took too long" if answer.status == TOO_SLOW else "the packages cannot be had together"


def _said(text: str) -> list[str]:
    lines = [shown for line in text.split("\n") if (shown := printable(line)).strip()]
    return lines if len(lines) <= _SHOWN else [f"… the last {_SHOWN} of {len(lines)} lines:", *lines[-_SHOWN:]]


def _names(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _schema(words: str, pattern: str) -> Fields:
    names = Items(each=Text(words=words, pattern=pattern))
    some = Items(each=Text(words=words, pattern=pattern), least=1)
    return Fields(
        fields={
            "include": Field(shape=some, summary="the packages that are wanted", required=True),
            "exclude": Field(shape=names, summary="packages that must not be taken", default=[]),
            "recommends": Field(shape=Truth(), summary="whether to take what is recommended, too", default=False),
            "target": Field(shape=Text(), summary="the target whose index is asked; default: the variable target"),
            "arch": Field(shape=Text(), summary="its architecture, a Debian name; default: the variable arch"),
        }
    )


_RPM = _schema("a package as dnf takes it, or @group", _DNF_NAME)
DEPSOLVE_DNF4: Final = Program(
    name="osbuild.depsolve-dnf4",
    summary="packages with all they need, chosen by dnf 4 in a room of the target",
    schema=_RPM,
    run=partial(_solved, solver="dnf 4", command=partial(dnf_command, "dnf", DNF4), read=read_dnf),
)
DEPSOLVE_DNF5: Final = Program(
    name="osbuild.depsolve-dnf5",
    summary="packages with all they need, chosen by dnf 5 in a room of the target",
    schema=_RPM,
    run=partial(_solved, solver="dnf 5", command=partial(dnf_command, "libdnf5", DNF5), read=read_dnf),
)
DEPSOLVE_APT: Final = Program(
    name="build-env.depsolve-apt",
    summary="packages with all they need, chosen by apt in a room of the target",
    schema=_schema("a package as apt takes it: name or name=version", _APT_NAME),
    run=partial(_solved, solver="apt", command=apt_command, read=read_apt),
)
