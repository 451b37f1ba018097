"""A bootstrap that is stopped at any moment ends, and none begins after."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from build_env.core.errors import EnvironmentNotReady, Interrupted
from build_env.images.bases import Bases
from build_env.model.image import ImageDescription
from build_env.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


class NoImages:
    """An engine that has nothing and finds nothing."""

    def describe(self, reference: str) -> None:
        pass

    def pull(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def bases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bases:
    """Bases whose mmdebstrap never ends by itself."""
    program = tmp_path / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 1000 2>&1 >/dev/null\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    images: Any = NoImages()
    return Bases(images=images, settings=Settings(), temporary=tmp_path / "rooms")


def test_nothing_is_asked_for_after_a_cancel(bases: Bases) -> None:
    said: list[str] = []
    bases.cancel()
    with pytest.raises(Interrupted):
        bases.resolve("debian:12", "amd64", "bookworm", said.append)
    assert said == []


def test_a_cancel_before_there_is_a_process_ends_it_when_it_is_there(
    bases: Bases, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = subprocess.Popen
    made: list[subprocess.Popen[str]] = []

    def start(argv: list[str], **options: object) -> subprocess.Popen[str]:
        bases.cancel()
        made.append(real(argv, **options))
        return made[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(Interrupted):
        bases.resolve("debian:12", "amd64", "bookworm", lambda _line: None)
    assert made[0].returncode < 0


def test_a_bootstrap_that_fails_is_told_with_its_last_words(bases: Bases, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "mmdebstrap"
    program.write_text("#!/bin/sh\nfor n in $(seq 40); do echo I: step $n >&2; done\necho E: arch-test >&2\nexit 25\n")
    with pytest.raises(EnvironmentNotReady) as caught:
        bases.resolve("debian:12", "arm64", "bookworm", lambda _line: None)
    assert "ended with exit status 25" in caught.value.message
    assert caught.value.message.endswith("| I: step 40\n        | E: arch-test")
    assert "| I: step 4\n" not in caught.value.message
    assert "doctor" in caught.value.hint


class Registered:
    """An engine with a base, and a registry that has `offered` of it."""

    def __init__(self, *, offered: ImageDescription | None) -> None:
        self.offered = offered
        self.images = {"build-env/base:debian-12-amd64": OLD}

    def describe(self, reference: str) -> ImageDescription | None:
        return self.images.get(reference)

    def pull(self, *_arguments: object) -> ImageDescription | None:
        return self.offered

    def tag(self, reference: str, name: str) -> None:
        assert self.offered, reference
        self.images[name] = self.offered


OLD = ImageDescription(identifier="sha256:old", architecture="amd64", labels={}, since=time.time() - 3.5 * 86400)


@pytest.mark.parametrize(
    ("offered", "said", "found"),
    [
        (None, "no registry gives it: build-env/base:debian-12-amd64 stays as it is, 3 days old", "sha256:old"),
        (OLD, "debian:12 is what the registry has", "sha256:old"),
        (
            replace(OLD, identifier="sha256:new"),
            "debian:12 is another one now: sha256:old before, sha256:new from here on",
            "sha256:new",
        ),
        (
            replace(OLD, identifier="sha256:new", architecture="arm64"),
            "no registry gives it: build-env/base:debian-12-amd64 stays as it is, 3 days old",
            "sha256:old",
        ),
    ],
)
def test_a_base_that_is_asked_for_again(
    tmp_path: Path, offered: ImageDescription | None, said: str, found: str
) -> None:
    images: Any = Registered(offered=offered)
    bases = Bases(images=images, settings=Settings(), temporary=tmp_path)
    lines: list[str] = []
    for _ in range(2):
        bases.renew("debian:12", "amd64", lines.append)
    assert lines == ["asking the registry for debian:12 for amd64 again", said]
    base = bases.find("debian:12", "amd64")
    assert base
    assert base.identity == found


def test_a_base_that_the_settings_name_is_not_asked_for(tmp_path: Path) -> None:
    images: Any = Registered(offered=replace(OLD, identifier="sha256:new"))
    mapped = {"debian:12": "build-env/base:debian-12-amd64"}
    bases = Bases(images=images, settings=Settings(base_images=mapped), temporary=tmp_path)
    bases.renew("debian:12", "amd64", pytest.fail)
