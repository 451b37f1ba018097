from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from build_env.manifest.compile import Compiled, CompileOptions, ExternalError, compile_manifest
from build_env.manifest.externals import REMOVED
from build_env.manifest.faults import ManifestError

GOLDEN = Path(__file__).parents[2] / "golden" / "manifest"
CASES = sorted(GOLDEN.glob("*.yaml"))


class Programs:
    """`mirror` answers what it is asked, `read` the JSON in a text; `nothing` removes. No question is asked twice."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def run(self, name: str, tree: object) -> object:
        assert (name, tree) not in self.asked
        self.asked.append((name, tree))
        if name == "nothing":
            return REMOVED
        if name == "read":
            return json.loads(str(tree))
        if name not in {"mirror", "osbuild.mirror", "build-env.mirror"}:
            raise ExternalError(f"there is no program {name}")
        return tree


def compiled(file: Path) -> Compiled:
    text = file.read_text("utf-8")
    first = text.split("\n", 1)[0]
    options = json.loads(first.removeprefix("# ")) if first.startswith("# {") else {}
    # Relative, so that the places in the expected text are those of every machine.
    return compile_manifest(file.name, text, CompileOptions(externals=Programs(), **options))


def told(file: Path) -> tuple[str, str]:
    try:
        result = compiled(file)
    except ManifestError as error:
        return ".err", "\n".join(error.lines()) + "\n"
    said = {"tree": result.tree, "meta": result.meta, "warnings": [str(fault) for fault in result.warnings]}
    return ".json", json.dumps(said, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_golden(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    kind, said = told(file)
    expected = file.with_name(file.stem + kind)
    if os.environ.get("BUILD_ENV_WRITE_GOLDEN"):
        expected.write_text(said, "utf-8")
    assert expected.exists(), said
    assert said == expected.read_text("utf-8")
