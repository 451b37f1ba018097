"""Set-up does what is missing and nothing else, says it first, and ends with what is left."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady
from build_env.setup import prepare
from build_env.setup.facts import EngineState, Handler, Machine, Needs
from build_env.setup.prepare import Work, prepare_machine, wanted_work
from tests.support.machines import ARM, DEBIAN, NEEDS, READY, engine

if TYPE_CHECKING:
    from pathlib import Path

BARE = replace(
    READY,
    engine=engine(EngineState.ABSENT),
    programs=frozenset(),
    handlers={},
    emulators=frozenset(),
    binfmt_mounted=False,
)


@pytest.mark.parametrize(
    ("machine", "work"),
    [
        (READY, Work()),
        (
            BARE,
            Work(
                packages=("docker.io", "binfmt-support", "qemu-user-static", "gnupg", "rpm", "mmdebstrap", "arch-test"),
                start_engine=True,
                mount_binfmt=True,
                handlers=("arm64",),
            ),
        ),
        (replace(READY, engine=engine(EngineState.STOPPED)), Work(start_engine=True)),
        (replace(READY, engine=engine(EngineState.STOPPED, ours=False)), Work()),
        (replace(READY, engine=engine(EngineState.DENIED)), Work()),
        (replace(READY, engine=engine(EngineState.ANSWERS, local=False), handlers={}), Work()),
        (replace(READY, handlers={}), Work(handlers=("arm64",))),
        (replace(READY, handlers={}, binfmt_mounted=False), Work(mount_binfmt=True, handlers=("arm64",))),
        (replace(READY, handlers={"arm64": Handler(name="q", enabled=True, fixed=False)}), Work(handlers=("arm64",))),
        (
            replace(READY, handlers={}, emulators=frozenset()),
            Work(packages=("qemu-user-static",), handlers=("arm64",)),
        ),
    ],
    ids=["ready", "bare", "stopped", "other", "denied", "remote", "handler", "mount", "flag", "emulator"],
)
def test_what_is_to_be_done(machine: Machine, work: Work) -> None:
    assert wanted_work(machine, NEEDS) == work


def test_only_what_the_targets_need() -> None:
    needs = Needs(bases=(DEBIAN,), families=frozenset({"deb"}))
    assert wanted_work(BARE, needs) == Work(packages=("docker.io", "gnupg", "mmdebstrap"), start_engine=True)


@dataclass
class Hands:
    """A machine that changes with the commands that set-up runs."""

    machine: Machine
    commands: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    failing: str = ""

    def look(self, build: Path) -> Machine:
        return self.machine

    def run(self, argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        line = " ".join([argv[0].rsplit("/", 1)[-1], *argv[1:]])
        self.commands.append(line)
        if self.failing and self.failing in line:
            return subprocess.CompletedProcess(argv, 100, stdout="", stderr="E: it broke\n")
        if " install " in line:
            programs = frozenset({"arch-test", "mmdebstrap", "gpg", "rpmsign", "update-binfmts"})
            self.machine = replace(
                self.machine,
                programs=programs,
                emulators=frozenset({"arm64"}),
                engine=engine(EngineState.STOPPED),
            )
        elif line.startswith("mount "):
            self.machine = replace(self.machine, binfmt_mounted=True)
        elif "--enable" in line:
            self.machine = replace(self.machine, handlers={"arm64": ARM})
        return subprocess.CompletedProcess(argv, 0, stdout="", stderr="")

    def start(self, prefix: tuple[str, ...], log: Path, note: object) -> None:
        self.commands.append("start engine")
        self.machine = replace(self.machine, engine=engine(EngineState.ANSWERS))


def prepared(hands: Hands, monkeypatch: pytest.MonkeyPatch, path: Path) -> Machine:
    monkeypatch.setattr(subprocess, "run", hands.run)
    monkeypatch.setattr(prepare, "start_engine", hands.start)
    monkeypatch.setattr(prepare, "BINFMT", path)
    monkeypatch.setattr(prepare, "_root_prefix", lambda: ())
    return prepare_machine(NEEDS, path / "build", path / "log", hands.said.append, hands.look)


def test_a_bare_machine_becomes_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=BARE)
    prepared(hands, monkeypatch, tmp_path)
    apt = "env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0"
    packages = "docker.io binfmt-support qemu-user-static gnupg rpm mmdebstrap arch-test"
    assert hands.commands == [
        f"{apt} update",
        f"{apt} install --yes --no-install-recommends {packages}",
        f"mount -t binfmt_misc binfmt_misc {tmp_path}",
        "update-binfmts --enable qemu-aarch64",
        "start engine",
    ]
    assert [line.split()[0] for line in hands.said] == ["installing", "mounting", "registering"]


def test_a_ready_machine_is_not_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=READY)
    prepared(hands, monkeypatch, tmp_path)
    assert (hands.commands, hands.said) == ([], [])


def test_twice_is_as_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=BARE)
    prepared(hands, monkeypatch, tmp_path)
    done = len(hands.commands)
    prepared(hands, monkeypatch, tmp_path)
    assert len(hands.commands) == done


def test_another_distribution_is_told_and_not_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=replace(BARE, debian=False))
    with pytest.raises(EnvironmentNotReady, match="changed nothing") as caught:
        prepared(hands, monkeypatch, tmp_path)
    assert hands.commands == []
    assert any("engine" in line and "docker" in line for line in caught.value.lines())


def test_a_command_that_fails_is_shown_with_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=BARE, failing="apt-get -q -o Dpkg::Use-Pty=0 update")
    with pytest.raises(EnvironmentNotReady, match=r"exit status 100\n        \| E: it broke"):
        prepared(hands, monkeypatch, tmp_path)
    assert len(hands.commands) == 1


@pytest.mark.parametrize(
    ("broken", "hint"),
    [
        (replace(READY, engine=engine(EngineState.DENIED)), "usermod"),
        (replace(READY, engine=engine(EngineState.STOPPED, ours=False)), "DOCKER_HOST"),
    ],
    ids=["denied", "other"],
)
def test_what_set_up_cannot_mend_is_an_error(
    broken: Machine, hint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hands = Hands(machine=broken)
    with pytest.raises(EnvironmentNotReady) as caught:
        prepared(hands, monkeypatch, tmp_path)
    assert hint in "\n".join(caught.value.lines())
    assert hands.commands == []


def test_without_root_and_sudo_nothing_is_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(prepare, "find_program", lambda _name: None)
    hands = Hands(machine=BARE)
    with pytest.raises(EnvironmentNotReady, match="sudo is not installed"):
        prepare_machine(NEEDS, tmp_path, tmp_path / "log", hands.said.append, hands.look)
    assert hands.said == []
