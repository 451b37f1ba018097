"""Owns the same graph for other tools: as many nodes, the same input files, the same edges."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from typing import TYPE_CHECKING

from benchmarks.support.tree import ARCHITECTURES, STAGES, inputs_of, name_of, needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Node", "install", "nodes", "write_doit", "write_make", "write_ninja"]

Node = tuple[str, tuple[str, ...], tuple[str, ...]]


def nodes(packages: int) -> Iterator[Node]:
    """Per node its output, the input files, the outputs it needs; four nodes for each package."""
    for number in range(packages):
        for arch in ARCHITECTURES:
            build, verify = (f"out/{name_of(number)}.{arch}.{stage}" for stage in STAGES)
            before = tuple(f"out/{name_of(other)}.{arch}.{STAGES[0]}" for other in needs(number))
            yield build, inputs_of(number), before
            yield verify, inputs_of(number), (build,)


def write_ninja(root: Path, packages: int) -> list[str]:
    """A build.ninja; the command to run it (Debian's ninja is as fast as the one of PyPI)."""
    lines = ["rule touch", "  command = touch $out"]
    lines += [f"build {out}: touch {' '.join(files)} {' '.join(needed)}" for out, files, needed in nodes(packages)]
    (root / "build.ninja").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["ninja"]


def write_make(root: Path, packages: int) -> list[str]:
    """A Makefile without implicit rules."""
    rows = list(nodes(packages))
    lines = ["MAKEFLAGS += -r", f"all: {' '.join(out for out, _, _ in rows)}"]
    lines += [f"{out}: {' '.join(files)} {' '.join(needed)}\n\t@touch $@" for out, files, needed in rows]
    (root / "Makefile").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["make", "-s"]


_DODO = '''\
"""Generated."""

from pathlib import Path

from benchmarks.support.rivals import nodes

DOIT_CONFIG = {{"verbosity": 0, "reporter": "zero"}}


def touch(targets):
    Path(targets[0]).touch()


def task_node():
    for out, files, needed in nodes({packages}):
        yield {{"name": out, "actions": [touch], "targets": [out], "file_dep": [*files, *needed]}}
'''


def write_doit(root: Path, packages: int) -> list[str]:
    """A dodo.py whose tasks are functions in the process."""
    (root / "dodo.py").write_text(_DODO.format(packages=packages), encoding="utf-8")
    return ["doit"]


def install(directory: Path, *names: str) -> dict[str, str]:
    """Programs by name: those of the machine, else from PyPI in an environment of the benchmark's own."""
    found = {name: path for name in names if (path := shutil.which(name))}
    missing = [name for name in names if name not in found]
    if missing:
        venv.create(directory, with_pip=True)
        pip = [str(directory / "bin" / "pip"), "install", "-q"]
        for name in missing:
            if subprocess.run([*pip, name], check=False, stdout=sys.stderr).returncode == 0:
                found[name] = str(directory / "bin" / name)
    return found
