"""Set-up does what is missing and nothing else, says it first, and ends with what is left."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady
from build_env.setup import prepare
from build_env.setup.binfmt import BINFMT
from build_env.setup.checks import checks
from build_env.setup.facts import EngineState, Handler, Machine, Needs, State
from build_env.setup.prepare import Work, prepare_machine, wanted_work
from build_env.setup.tools import known_programs
from tests.support.machines import AARCH64, ARM, DEBIAN, NEEDS, READY, engine

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.formats.format import Program

BARE = replace(
    READY,
    engine=engine(EngineState.ABSENT),
    programs=frozenset(),
    handlers={},
    emulators={},
    binfmt_mounted=False,
)


@pytest.mark.parametrize(
    ("machine", "work"),
    [
        (READY, Work()),
        (
            BARE,
            Work(
                packages=(
                    "docker.io",
                    "qemu-user-static",
                    "gnupg",
                    "dpkg",
                    "rpm",
                    "libglib2.0-0",
                    "mmdebstrap",
                    "arch-test",
                ),
                start_engine=True,
                mount_binfmt=True,
                handlers=("arm64",),
            ),
        ),
        (replace(READY, programs=READY.programs - {"docker"}), Work(packages=("docker-cli",))),
        (
            replace(READY, programs=READY.programs - {"docker"}, engine=engine(EngineState.ANSWERS, packaged=False)),
            Work(),
        ),
        (replace(READY, apparmor=True), Work(packages=("apparmor",))),
        (replace(READY, root=False), Work(packages=("uidmap",))),
        (replace(READY, engine=engine(EngineState.STOPPED)), Work(start_engine=True)),
        (replace(READY, engine=engine(EngineState.STOPPED, ours=False)), Work()),
        (replace(READY, engine=engine(EngineState.DENIED)), Work()),
        (replace(READY, engine=engine(EngineState.ANSWERS, local=False), handlers={}), Work()),
        (replace(READY, handlers={}), Work(handlers=("arm64",))),
        (replace(READY, handlers={}, binfmt_mounted=False), Work(mount_binfmt=True, handlers=("arm64",))),
        (replace(READY, handlers={"arm64": Handler(name="q", enabled=True, fixed=False)}), Work(handlers=("arm64",))),
        (
            replace(READY, handlers={}, emulators={}),
            Work(packages=("qemu-user-static",), handlers=("arm64",)),
        ),
    ],
    ids=[
        "ready",
        "bare",
        "no client",
        "other engine without client",
        "AppArmor",
        "not root",
        "stopped",
        "other",
        "denied",
        "remote",
        "handler",
        "mount",
        "flag",
        "emulator",
    ],
)
def test_what_is_to_be_done(machine: Machine, work: Work) -> None:
    assert wanted_work(machine, NEEDS) == work


def test_only_what_the_targets_need() -> None:
    needs = Needs(bases=(DEBIAN,), families=frozenset({"deb"}))
    assert wanted_work(BARE, needs) == Work(packages=("docker.io", "gnupg", "dpkg", "mmdebstrap"), start_engine=True)


@dataclass
class Hands:
    """A machine that changes with the commands that set-up runs."""

    machine: Machine
    client: str = "docker.io"
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
            programs = READY.programs - {"docker"} | ({"docker"} if self.client in line.split() else set())
            self.machine = replace(
                self.machine,
                programs=programs,
                emulators={"arm64": AARCH64},
                engine=engine(EngineState.STOPPED),
            )
        elif line.startswith("mount "):
            self.machine = replace(self.machine, binfmt_mounted=True)
        elif "/register" in line:
            self.machine = replace(self.machine, handlers={"arm64": ARM})
        return subprocess.CompletedProcess(argv, 0, stdout="", stderr="")

    def start(self, prefix: tuple[str, ...], log: Path, note: object) -> None:
        self.commands.append("start engine")
        self.machine = replace(self.machine, engine=engine(EngineState.ANSWERS))


def prepared(hands: Hands, monkeypatch: pytest.MonkeyPatch, path: Path, needs: Needs = NEEDS) -> Machine:
    monkeypatch.setattr(subprocess, "run", hands.run)
    monkeypatch.setattr(prepare, "start_engine", hands.start)
    monkeypatch.setattr(prepare, "BINFMT", path)
    monkeypatch.setattr(prepare, "_root_prefix", lambda: ())
    return prepare_machine(needs, path / "build", path / "log", hands.said.append, hands.look)


def test_a_bare_machine_becomes_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=BARE)
    prepared(hands, monkeypatch, tmp_path)
    apt = "env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0"
    packages = "docker.io qemu-user-static gnupg dpkg rpm libglib2.0-0 mmdebstrap arch-test"
    assert hands.commands == [
        f"{apt} update",
        f"{apt} install --yes --no-install-recommends {packages}",
        f"mount -t binfmt_misc binfmt_misc {tmp_path}",
        f"sh -c cat {AARCH64.file} > {BINFMT}/register",
        "start engine",
    ]
    assert [line.split()[0] for line in hands.said] == ["installing", "mounting", "registering"]


def test_a_client_with_a_package_of_its_own_is_installed_when_that_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hands = Hands(machine=BARE, client="docker-cli")
    prepared(hands, monkeypatch, tmp_path)
    apt = "env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0"
    assert hands.commands[0] == f"{apt} update"
    assert hands.commands[2] == f"{apt} install --yes --no-install-recommends docker-cli"
    assert [line for line in hands.commands if "update" in line] == hands.commands[:1]


def test_an_emulator_that_no_package_has_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(machine=replace(READY, handlers={}, emulators={}))
    needs = replace(NEEDS, bases=(replace(DEBIAN, architecture="m68k"),))
    with pytest.raises(EnvironmentNotReady, match="no emulator for m68k"):
        prepared(hands, monkeypatch, tmp_path, needs)


@pytest.mark.parametrize("program", known_programs(), ids=lambda program: program.name)
@pytest.mark.parametrize("root", [True, False], ids=["root", "user"])
def test_what_is_said_to_be_missing_is_what_is_installed(program: Program, *, root: bool) -> None:
    """Were one of the two to forget a program, a machine would be called ready that is not."""
    has = {each.name for each in known_programs()}
    machine = replace(READY, apparmor=True, root=root, programs=frozenset(has - {program.name}))
    said = [check for check in checks(machine, NEEDS, None) if check.state is not State.OK]
    assert [check.mend.rpartition(" ")[2] for check in said] == list(wanted_work(machine, NEEDS).packages)
    assert len(said) == (0 if program.name == "newuidmap" and root else 1)


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
