"""Machines and needs for the tests of set-up: everything is there unless a test says otherwise."""

from __future__ import annotations

from build_env.setup.facts import BaseNeed, Emulator, EngineFacts, EngineState, Handler, Machine, Needs

__all__ = ["AARCH64", "ARM", "CENTOS", "DEBIAN", "GIB", "NEEDS", "READY", "engine"]

GIB = 1 << 30
AARCH64 = Emulator(name="qemu-aarch64", file="/usr/lib/binfmt.d/qemu-aarch64.conf")
ARM = Handler(name="qemu-aarch64", enabled=True, fixed=True)
DEBIAN = BaseNeed(
    reference="debian:12", architecture="amd64", bootstrap="bookworm", family="deb", targets=("debian/12",)
)
CENTOS = BaseNeed(reference="centos:8", architecture="arm64", bootstrap="", family="rpm", targets=("centos/8",))
NEEDS = Needs(bases=(DEBIAN, CENTOS), families=frozenset({"deb", "rpm"}))


def engine(
    state: EngineState,
    *,
    ours: bool = True,
    local: bool = True,
    free_bytes: int | None = 50 * GIB,
    packaged: bool = True,
) -> EngineFacts:
    """An engine at the usual address."""
    return EngineFacts(
        state=state,
        address="unix:///var/run/docker.sock",
        version="20.10",
        ours=ours,
        local=local,
        free_bytes=free_bytes,
        packaged=packaged and state is not EngineState.ABSENT,
        way_in="usermod" if state is EngineState.DENIED else "",
    )


READY = Machine(
    architecture="amd64",
    debian=True,
    systemd=False,
    root=True,
    engine=engine(EngineState.ANSWERS),
    programs=frozenset({"arch-test", "docker", "dpkg-deb", "mmdebstrap", "gpg", "rpmsign", "libgobject-2.0.so.0"}),
    binfmt_mounted=True,
    modules=frozenset({"createrepo_c"}),
    handlers={"arm64": ARM},
    emulators={"arm64": AARCH64},
    free_bytes=50 * GIB,
)
