"""Owns the graph for tools that nobody has to have: nix-build, snakemake and BuildStream, used when they are on PATH.

They need long to build so many nodes for the first time, so that they get the first packages only: the same nodes,
files and edges as for the others, and the table tells seconds per 1,000 nodes.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.support.rivals import nodes
from benchmarks.support.tree import inputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["MOST_PACKAGES", "SLOW_RIVALS", "Prepared", "prepare"]

MOST_PACKAGES = 250


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The words after the program, and what its environment needs; its caches lie in the directory of the graph."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def _write_nix(root: Path, packages: int) -> Prepared:
    """A derivation per node with a store of its own, so that neither a daemon nor rights are needed."""
    place = root.resolve()
    known = {out: f"n{number}" for number, (out, _, _) in enumerate(nodes(packages))}
    lines = ["let", *(f"  s{number} = ./src/{_folder(number)};" for number in range(packages))]
    for number, (out, _, needed) in enumerate(nodes(packages)):
        before = " ".join(known[other] for other in needed)
        lines.append(
            f'  {known[out]} = derivation {{ name = "{out.rpartition("/")[2]}"; system = builtins.currentSystem; '
            f'builder = "/bin/sh"; args = ["-c" ": > $out"]; preferLocalBuild = true; '
            f"src = s{number // 4}; before = [{before}]; }};"
        )
    (root / "default.nix").write_text("\n".join([*lines, f"in [{' '.join(known.values())}]"]) + "\n", encoding="utf-8")
    (root / "conf").mkdir()
    settings = ("build-users-group =", "sandbox = false", "substitute = false", "fsync-metadata = false")
    (root / "conf" / "nix.conf").write_text("\n".join(settings) + "\n", encoding="utf-8")
    places = {"STORE_DIR": "store", "STATE_DIR": "state", "LOG_DIR": "log", "CONF_DIR": "conf"}
    variables = {f"NIX_{name}": str(place / directory) for name, directory in places.items()}
    return Prepared(words=("--no-out-link", "--quiet"), variables={**variables, "NIX_REMOTE": "", "HOME": str(place)})


_SNAKEFILE = """\
from benchmarks.support.rivals import nodes

NEEDS = {{out: [*files, *needed] for out, files, needed in nodes({packages})}}

rule all:
    input: list(NEEDS)

rule node:
    input: lambda wildcards: NEEDS[f"out/{{wildcards.name}}"]
    output: "out/{{name}}"
    run:
        open(output[0], "w").close()
"""


def _write_snakemake(root: Path, packages: int) -> Prepared:
    """One rule for all nodes; what each needs comes from a function. The outputs are there, and only taken over."""
    (root / "Snakefile").write_text(_SNAKEFILE.format(packages=packages), encoding="utf-8")
    (root / "out").mkdir()
    for out, _, _ in nodes(packages):
        (root / out).touch()
    place = root.resolve()
    return Prepared(words=("--cores", "2", "--quiet"), variables={"HOME": str(place), "XDG_CACHE_HOME": str(place)})


def _write_buildstream(root: Path, packages: int) -> Prepared:
    """An element per node that imports the package's files, and one that needs all."""
    (root / "project.conf").write_text("name: bench\nmin-version: '2.0'\nelement-path: elements\n", encoding="utf-8")
    (root / "elements").mkdir()
    names = []
    for number, (out, _, needed) in enumerate(nodes(packages)):
        name = _element(out)
        names.append(name)
        lines = ["kind: import", "sources:", "- kind: local", f"  path: src/{_folder(number // 4)}"]
        lines += [f"build-depends: [{', '.join(map(_element, needed))}]"]
        (root / "elements" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = f"kind: stack\ndepends: [{', '.join(names)}]\n"
    (root / "elements" / "all.bst").write_text(text, encoding="utf-8")
    place = root.resolve()
    variables = {"HOME": str(place / "home"), "XDG_CACHE_HOME": str(place / "cache")}
    return Prepared(words=("--no-interactive", "build", "all.bst"), variables=variables)


def _element(out: str) -> str:
    return f"{out.rpartition('/')[2]}.bst"


def _folder(number: int) -> str:
    return inputs_of(number)[0].split("/")[1]


_WRITERS: dict[str, Callable[[Path, int], Prepared]] = {
    "nix-build": _write_nix,
    "snakemake": _write_snakemake,
    "bst": _write_buildstream,
}
# Names of programs.
SLOW_RIVALS = tuple(_WRITERS)


def prepare(program: str, root: Path, sources: Path, packages: int) -> Prepared:
    """Write the graph for `program` into the new directory `root`, with a copy of the files of its packages."""
    for number in range(packages):
        shutil.copytree(sources / _folder(number), root / "src" / _folder(number))
    return _WRITERS[program](root, packages)
