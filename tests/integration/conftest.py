"""What all tests with a container engine need: base images under their plain names."""

from __future__ import annotations

import pytest

from tests.support.bases import provide_bases
from tests.support.programs import need_programs


@pytest.fixture(scope="session", autouse=True)
def bases() -> None:
    """Make the base images that this machine lacks."""
    need_programs("git", "ssh-agent")
    provide_bases()
