"""A table of machines: what is said of each, which command mends it, and the exit code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from build_env.setup.binfmt import BINFMT
from build_env.setup.checks import checks, exit_code
from build_env.setup.facts import BaseFound, BaseState, Check, EngineState, Handler, Machine, Needs, State
from tests.support.machines import AARCH64, CENTOS, DEBIAN, GIB, NEEDS, READY, engine


def found(machine: Machine, name: str, needs: Needs = NEEDS, bases: list[BaseFound] | None = None) -> Check:
    (check,) = [check for check in checks(machine, needs, bases) if check.name == name]
    return check


def test_a_ready_machine() -> None:
    result = checks(READY, NEEDS, None)
    assert [check.name for check in result if check.state is not State.OK] == []
    assert [check.mend for check in result if check.mend] == []
    assert exit_code(result) == 0


STOPPED, ABSENT, DENIED = EngineState.STOPPED, EngineState.ABSENT, EngineState.DENIED
BROKEN = [
    (
        replace(READY, engine=engine(ABSENT)),
        "engine",
        "apt-get update && apt-get install --yes --no-install-recommends docker.io",
    ),
    (
        replace(READY, engine=engine(ABSENT), root=False),
        "engine",
        "sudo apt-get update && sudo apt-get install --yes --no-install-recommends docker.io",
    ),
    (replace(READY, engine=engine(ABSENT), debian=False), "engine", "package manager: docker"),
    (replace(READY, engine=engine(STOPPED)), "engine", "build-env doctor --setup"),
    (replace(READY, engine=engine(STOPPED), systemd=True), "engine", "systemctl start docker"),
    (replace(READY, engine=engine(STOPPED, ours=False)), "engine", "unset DOCKER_HOST"),
    (replace(READY, engine=engine(DENIED)), "engine", "usermod"),
    (replace(READY, binfmt_mounted=False, handlers={}), "emulation arm64", "mount -t binfmt_misc"),
    (replace(READY, handlers={}), "emulation arm64", f"cat {AARCH64.file} > {BINFMT}/register"),
    (
        replace(READY, handlers={}, root=False),
        "emulation arm64",
        f"sudo sh -c 'cat {AARCH64.file} > {BINFMT}/register'",
    ),
    (replace(READY, handlers={}, emulators={}), "emulation arm64", "qemu-user-static"),
    (
        replace(READY, handlers={"arm64": Handler(name="q", enabled=False, fixed=True)}),
        "emulation arm64",
        f"echo 1 > {BINFMT}/q",
    ),
    (
        replace(READY, handlers={"arm64": Handler(name="q", enabled=True, fixed=False)}),
        "emulation arm64",
        f"echo -1 > {BINFMT}/q && cat {AARCH64.file} > {BINFMT}/register",
    ),
    (replace(READY, programs=READY.programs - {"mmdebstrap"}), "mmdebstrap", "--no-install-recommends mmdebstrap"),
    (replace(READY, programs=READY.programs - {"arch-test"}), "arch-test", "--no-install-recommends arch-test"),
    (replace(READY, root=False), "newuidmap", "--no-install-recommends uidmap"),
    (replace(READY, apparmor=True), "apparmor_parser", "--no-install-recommends apparmor"),
    (replace(READY, programs=READY.programs - {"gpg"}), "gpg", "--no-install-recommends gnupg"),
    (replace(READY, programs=READY.programs - {"rpmsign"}), "rpmsign", "--no-install-recommends rpm"),
    (
        replace(READY, programs=READY.programs - {"libgobject-2.0.so.0"}),
        "libgobject-2.0.so.0",
        "--no-install-recommends libglib2.0-0",
    ),
    (replace(READY, modules=frozenset()), "createrepo_c", "pip install createrepo_c"),
    (replace(READY, free_bytes=GIB), "disk build", "rm -r build"),
    (replace(READY, engine=engine(EngineState.ANSWERS, free_bytes=GIB)), "disk engine", "docker system df"),
]


@pytest.mark.parametrize(
    ("machine", "name", "mend"), BROKEN, ids=[f"{index}-{case[1]}" for index, case in enumerate(BROKEN)]
)
def test_what_is_missing_and_what_mends_it(machine: Machine, name: str, mend: str) -> None:
    check = found(machine, name)
    assert check.state is State.MISSING
    assert mend in check.mend
    assert exit_code(checks(machine, NEEDS, None)) == 4


def test_emulation_only_for_the_architectures_of_images() -> None:
    needs = Needs(bases=(DEBIAN,), families=frozenset({"deb"}))
    machine = replace(READY, handlers={}, programs=READY.programs - {"rpmsign"}, modules=frozenset())
    assert exit_code(checks(machine, needs, None)) == 0
    assert not [check for check in checks(machine, needs, None) if check.name.startswith("emulation")]


def test_an_engine_on_another_machine_hides_its_handlers() -> None:
    machine = replace(READY, engine=engine(EngineState.ANSWERS, local=False), handlers={})
    assert found(machine, "emulation arm64").state is State.NOTE


def test_a_disk_with_little_space_is_a_note() -> None:
    assert found(replace(READY, free_bytes=5 * GIB), "disk build").state is State.NOTE


def test_mmdebstrap_is_not_needed_where_every_base_is_there() -> None:
    machine = replace(READY, programs=READY.programs - {"mmdebstrap"})
    there = BaseFound(need=DEBIAN, state=BaseState.THERE, image="debian:12")
    assert found(machine, "mmdebstrap", bases=[there]).state is State.NOTE
    assert found(machine, "mmdebstrap", bases=[replace(there, state=BaseState.BOOTSTRAP)]).state is State.MISSING


@pytest.mark.parametrize(
    ("base", "state", "text", "mend"),
    [
        (BaseFound(need=DEBIAN, state=BaseState.THERE, image="debian:12"), State.OK, "there as debian:12", ""),
        (BaseFound(need=CENTOS, state=BaseState.MAPPED, image="own:8"), State.OK, "mapped to own:8", ""),
        (
            BaseFound(need=CENTOS, state=BaseState.MAPPED, image="own:8", stand_in="centos/8"),
            State.NOTE,
            "stand-in",
            "",
        ),
        (BaseFound(need=DEBIAN, state=BaseState.BOOTSTRAP), State.NOTE, "bootstraps bookworm", "base make debian:12"),
        (BaseFound(need=CENTOS, state=BaseState.PULL), State.NOTE, "pulls it", "--stand-in centos/8 --arch arm64"),
        (
            BaseFound(need=replace(CENTOS, family="deb"), state=BaseState.PULL),
            State.NOTE,
            "pulls it",
            "base map centos:8",
        ),
        (BaseFound(need=CENTOS, state=BaseState.BROKEN, text="is for amd64"), State.MISSING, "for amd64", "base map"),
    ],
    ids=["there", "mapped", "stand-in", "bootstrap", "pull rpm", "pull deb", "broken"],
)
def test_how_a_base_stands(base: BaseFound, state: State, text: str, mend: str) -> None:
    check = found(READY, f"base {base.need.reference} {base.need.architecture}", bases=[base])
    assert check.state is state
    assert text in check.text
    assert mend in check.mend
    assert bool(check.mend) == bool(mend)


def test_a_target_that_cannot_be_planned_comes_first() -> None:
    fault = Check(name="target x", purpose="p", state=State.MISSING, text="it is wrong")
    result = checks(READY, replace(NEEDS, faults=(fault,)), None)
    assert result[0] is fault
    assert exit_code(result) == 4
