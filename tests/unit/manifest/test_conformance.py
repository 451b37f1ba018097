from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from build_env.manifest.compile import CompileOptions, ExternalError, compile_manifest
from build_env.manifest.faults import ManifestError

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("BUILD_ENV_CONFORMANCE") or ROOT.parent / "shared" / "conformance") / "otk"
REDEFINES = ("08", "11")  # the cases that want a double definition, which the language refuses otherwise

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no conformance data in {DATA}")


class Mirror:
    def run(self, name: str, tree: object) -> object:
        if name != "mirror":
            raise ExternalError(f"there is no program {name}")
        return tree


def options(file: Path) -> CompileOptions:
    return CompileOptions(target="osbuild", externals=Mirror(), allow_redefine=file.name.startswith(REDEFINES))


@pytest.mark.parametrize("file", sorted((DATA / "base").glob("*.yaml")), ids=lambda file: file.stem)
def test_base(file: Path) -> None:
    result = compile_manifest(str(file), file.read_text("utf-8"), options(file))
    assert result.tree == json.loads(file.with_suffix(".json").read_text("utf-8"))


@pytest.mark.parametrize("file", sorted((DATA / "error").glob("*.yaml")), ids=lambda file: file.stem)
def test_error(file: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        compile_manifest(str(file), file.read_text("utf-8"), options(file))
    assert all(fault.location is not None and fault.location.line for fault in caught.value.faults)
