"""How choices about builds are written in a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.packages.definitions import Purpose, read_definition

if TYPE_CHECKING:
    from pathlib import Path

WRONG = """\
name: one
build:
  profiles: [nocheck, No]
  opts: [x]
  only: all
"""
FAULTS = [
    "definition.yaml:4:3: build.opts: there is no such field",
    "definition.yaml:3:23: build.profiles[1]: 'No' is not a build profile",
    "definition.yaml:5:3: build.only: 'all' is not known",
]


@pytest.mark.parametrize("more", ["", "otk.define: {x: 1}\n"])
def test_faults_have_their_places(tmp_path: Path, more: str) -> None:
    (tmp_path / "definition.yaml").write_text(WRONG + more, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_definition(tmp_path, "definition.yaml", Purpose())
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == len(FAULTS)
    assert all(line.startswith(wanted) for line, wanted in zip(sorted(said), sorted(FAULTS), strict=True)), said
