"""Owns a copy of this checkout for measuring in: its own results, its own images, everything removed afterwards."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Checkout", "checkout"]

_REPOSITORY = Path(__file__).resolve().parents[2]
_COPIED = ("Dockerfiles", "build_env", "common", "src", "targets")


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A project at `root`; the names of its images begin with `prefix`."""

    root: Path
    prefix: str

    def events(self, *words: str) -> Iterator[tuple[float, dict[str, Any]]]:
        """Run `build-all`; its events with the seconds since its start, as they come. Ends with it."""
        command = [sys.executable, "-P", "-m", "build_env.cli.build_all", "--log-format", "json", *words]
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=self.root, env=environment, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                yield time.perf_counter() - began, json.loads(line)
        if process.returncode:
            raise SystemExit(f"build-all {' '.join(words)} ended with {process.returncode}")

    def build(self, *words: str) -> float:
        """Run `build-all` to its end; the seconds of the whole process."""
        began = time.perf_counter()
        for _ in self.events(*words):
            pass
        return time.perf_counter() - began

    def forget(self, package: str, stage: str) -> None:
        """Take the results of these tasks out of the store."""
        database = sqlite3.connect(self.root / "build" / "store.db")
        with database:
            database.execute("DELETE FROM result WHERE subject = ? AND stage = ?", (package, stage))
        database.close()

    def images(self) -> list[str]:
        """The names of its images."""
        command = ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"{self.prefix}/*"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@contextmanager
def checkout() -> Iterator[Checkout]:
    """A copy that shares nothing with this checkout but the base images."""
    with tempfile.TemporaryDirectory(prefix="build-env-benchmark-") as directory:
        root = Path(directory)
        for name in _COPIED:
            shutil.copytree(_REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        found = Checkout(root=root, prefix=f"build-env-{root.name.rpartition('-')[2].lower().replace('_', '0')}")
        (root / "build-env.toml").write_text(f'image_prefix = "{found.prefix}"\n', encoding="utf-8")
        try:
            yield found
        finally:
            for image in found.images():
                subprocess.run(["docker", "rmi", "--force", image], check=False, capture_output=True)
