"""What a room holds, all of it: paths, mounts, variables, identity, capabilities, network, for each stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.listing import LISTING_SCRIPT, listing
from tests.support.servers import serve
from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.tiny import Tiny

GOLDEN = Path(__file__).parents[1] / "golden" / "room"
STAGES = {"source": "", "build": "amd64", "verify": "amd64"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """A package with everything that a room must and must not see."""
    served = tmp_path_factory.mktemp("served")
    with serve(served) as address, tiny_project(tmp_path_factory.mktemp("listing")) as tiny:
        tiny.package("listed", LISTING_SCRIPT, definition="name: listed\ndate: 2024-01-01\n")
        tiny.write("src/listed/deb/control", "Source: listed\n\nPackage: listed\nArchitecture: any\n", mode=0o600)
        tiny.write("src/listed/deb/changelog", CHANGELOG, mode=0o666)
        tiny.write("src/listed/rpm/listed.spec", "Name: listed\n")
        tiny.write("src/listed/peer", address.removeprefix("http://"))
        tiny.write("src/listed/package.py", "")
        tiny.write("src/listed/build.yaml", "")
        tiny.write("src/listed/program", "#!/bin/sh\n", mode=0o700)
        tiny.root.joinpath("src/listed/link").symlink_to("program")
        tiny.write("common/shared/file", "text")
        tiny.environment["FOREIGN"] = "a variable of the caller"
        tiny.write("common/other/file", "text")
        tiny.configure(_USES_SHARED)
        yield tiny


CHANGELOG = "listed (1) x; urgency=low\n\n  * One.\n\n -- T <t@example.invalid>  Mon, 01 Jan 2024 00:00:00 +0000\n"
_USES_SHARED = """

def run_build(env: Env, package: Package) -> None:
    env.use("common/shared")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""


@pytest.mark.parametrize("stage", STAGES)
def test_fresh_room(project: Tiny, stage: str, *, update_golden: bool) -> None:
    project.build().expect(0)
    compare(f"fresh-{stage}", listing(project.log("listed", stage, STAGES[stage])), update=update_golden)


@pytest.mark.parametrize("stage", STAGES)
def test_reused_room(project: Tiny, stage: str, *, update_golden: bool) -> None:
    project.write("src/listed/stage", stage)  # otherwise the fresh results satisfy this run, too
    project.build("--container=clean", "--jobs", "1").expect(0)
    compare(f"reused-{stage}", listing(project.log("listed", stage, STAGES[stage])), update=update_golden)


def compare(name: str, text: str, *, update: bool) -> None:
    file = GOLDEN / f"{name}.txt"
    if update:
        file.write_text(text)
    assert text == file.read_text()
