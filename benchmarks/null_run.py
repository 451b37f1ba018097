"""Measures a run with nothing to do, on a generated tree, against other tools on as many nodes in the same run.

`python -m benchmarks.null_run [--packages 1000] [--rounds 7] [--keep DIRECTORY]`. Results are recorded without
running the tasks (see `support/seed.py`). ninja, make and doit are installed from PyPI for the time of the run where
they are missing. nix-build, snakemake and BuildStream take part where they are on PATH, with fewer nodes (see
`support/slow_rivals.py`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.measure import Measured, Runner, interleaved, table
from benchmarks.support.rivals import install, write_doit, write_make, write_ninja
from benchmarks.support.slow_rivals import MOST_PACKAGES, SLOW_RIVALS, prepare
from benchmarks.support.tree import ARCHITECTURES, STAGES, TARGET, dependents, generate, inputs_of

REPOSITORY = Path(__file__).resolve().parents[1]
_RESTORED = "(put back)"
_NULL, _VERSION, _CHANGED = "build-all, nothing to do", "build-all --version", "build-all --dry-run, 1 changed"


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="use this directory, and leave it")
    parser.add_argument("--without-rivals", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.keep or Path(temporary)
        runners = _runners(directory, options.packages, rivals=not options.without_rivals)
        changing = {_CHANGED, _RESTORED}
        # Apart, because a run after a change looks closer at what was written just now.
        measured = interleaved([runner for runner in runners if runner.name not in changing], options.rounds)
        measured |= interleaved([runner for runner in runners if runner.name in changing], options.rounds)
        sys.stdout.write("\n".join(_report(measured, options.packages)) + "\n")


def _runners(directory: Path, packages: int, *, rivals: bool) -> list[Runner]:
    root = directory / f"project-{packages}"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": ""}
    if not root.exists():
        generate(root, packages)
        time.sleep(2.5)  # what is younger than the coarsest clock is not remembered
        subprocess.run(
            [sys.executable, "-m", "benchmarks.support.seed", root, TARGET, ",".join(ARCHITECTURES)],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    program = [sys.executable, "-P", "-m", "build_env.cli.build_all"]
    what = ["--target", TARGET, "--engine", "native", "--arch", ",".join(ARCHITECTURES)]
    words = [*program, *what, *(f"--{stage}" for stage in STAGES)]
    runners = [
        Runner(name=_VERSION, argv=[*program, "--version"], cwd=root, environment=environment),
        Runner(
            name=_NULL,
            argv=words,
            cwd=root,
            environment=environment,
            expect=f"nothing to do: {packages * 4} tasks",
            nodes=packages * 4,
        ),
        Runner(
            name=_CHANGED,
            argv=[*words, "--dry-run"],
            expect=f"plan    {packages * 4} tasks for {TARGET} on {', '.join(ARCHITECTURES)}, native on this machine: "
            f"{len(dependents(packages // 2, packages)) * 4} to run",
            before=lambda number: _change(root, packages, number),
            nodes=packages * 4,
            cwd=root,
            environment=environment,
        ),
        Runner(
            name=_RESTORED,
            argv=["true"],
            before=lambda _: _restore(root, packages),
            cwd=root,
            environment=environment,
        ),
    ]
    return runners + (_rivals(directory, root, packages, environment) if rivals else [])


def _changed_file(root: Path, packages: int) -> Path:
    return root / inputs_of(packages // 2)[-1]


def _change(root: Path, packages: int, number: int) -> None:
    path = _changed_file(root, packages)
    path.write_text(f"int changed = {number};\n", encoding="utf-8")


def _restore(root: Path, packages: int) -> None:
    number, index = packages // 2, len(inputs_of(0)) - 3
    text = f"int value_{number}_{index}(void) {{ return {index}; }}\n"
    _changed_file(root, packages).write_text(text, encoding="utf-8")


def _rivals(directory: Path, root: Path, packages: int, environment: dict[str, str]) -> list[Runner]:
    programs = install(directory / "rivals", "ninja", "make", "doit")
    runners = []
    for name, write in (("ninja", write_ninja), ("make", write_make), ("doit", write_doit)):
        if name not in programs:
            continue
        place = directory / f"{name}-{packages}"
        if not place.exists():
            place.mkdir(parents=True)
            (place / "src").symlink_to(root / "src")
            (place / "out").mkdir()
            write(place, packages)
            subprocess.run([programs[name]], cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
        words = ["-s"] if name == "make" else []
        argv = [programs[name], *words]
        runners.append(Runner(name=name, argv=argv, cwd=place, environment=environment, nodes=packages * 4))
    few = min(packages, MOST_PACKAGES)
    found = {name: path for name in SLOW_RIVALS if (path := shutil.which(name))}
    return runners + [_slow_rival(name, path, directory, root, few) for name, path in found.items()]


def _slow_rival(name: str, program: str, directory: Path, root: Path, packages: int) -> Runner:
    """Made anew each time, because its first run is not measured; whatever it has to say of a failure is shown."""
    place = directory / f"{name}-{packages}"
    shutil.rmtree(place, ignore_errors=True)
    prepared = prepare(name, place, root / "src", packages)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **prepared.variables}
    first = [program, *prepared.words, *(["--touch"] if name == "snakemake" else [])]
    subprocess.run(first, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
    words = [program, *prepared.words]
    return Runner(name=name, argv=words, cwd=place, environment=environment, nodes=packages * 4)


def _report(measured: dict[str, Measured], packages: int) -> list[str]:
    del measured[_RESTORED]
    base = "ninja" if "ninja" in measured else _VERSION
    over = measured[_NULL].median - measured[_VERSION].median
    lines = [f"{packages} packages x {len(ARCHITECTURES)} architectures, {packages * 4} stage tasks", ""]
    lines += table(measured, base)
    if "ninja" in measured:
        lines += ["", f"(null run - --version) / ninja: {over / measured['ninja'].median:.1f}"]
    return lines


if __name__ == "__main__":
    main()
