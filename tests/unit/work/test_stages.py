"""What a build says when it leaves nothing that is a package."""

from __future__ import annotations

from typing import Any, cast

import pytest

from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.work.kind import Done
from build_env.work.stages import Build


class Rooms:
    """Rooms in which every build leaves files of these names."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def do(self, work: object, write: object) -> Done:
        artifacts = tuple(Artifact(name=name, digest="0" * 64, size=1) for name in self.names)
        return Done(stored=StoredResult(key="key", artifacts=artifacts, isolation=Isolation.FRESH, seconds=0.0))


@pytest.mark.parametrize(
    ("names", "said"),
    [((), True), (("one.changes",), True), (("one_1_all.deb",), False), (("one-1-1.x86_64.rpm",), False)],
)
def test_a_build_that_leaves_no_package_says_so(names: tuple[str, ...], *, said: bool) -> None:
    lines: list[str] = []
    hands = cast("Any", type("Hands", (), {"rooms": Rooms(*names)})())
    assert Build().do(cast("Any", None), hands, lines.append, anew=False).stored
    assert ["left no package" in line for line in lines] == [True] * said
