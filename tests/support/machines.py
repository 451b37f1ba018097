"""Machines and needs for the tests of set-up: everything is there unless a test says otherwise."""

from __future__ import annotations

from build_env.setup.facts import BaseNeed, EngineFacts, EngineState, Handler, Machine, Needs

__all__ = ["ARM", "CENTOS", "DEBIAN", "GIB", "NEEDS", "READY", "engine"]

GIB = 1 << 30
ARM = Handler(name="qemu-aarch64", enabled=True, fixed=True)
DEBIAN = BaseNeed(
    reference="debian:12", architecture="amd64", bootstrap="bookworm", family="deb", targets=("debian/12",)
)
CENTOS = BaseNeed(reference="centos:8", architecture="arm64", bootstrap="", family="rpm", targets=("centos/8",))
NEEDS = Needs(bases=(DEBIAN, CENTOS), families=frozenset({"deb", "rpm"}))


def engine(
    state: EngineState, *, ours: bool = True, local: bool = True, free_bytes: int | None = 50 * GIB
) -> EngineFacts:
    """An engine at the usual address."""
    return EngineFacts(
        state=state,
        address="unix:///var/run/docker.sock",
        version="20.10",
        ours=ours,
        local=local,
        free_bytes=free_bytes,
    )


READY = Machine(
    architecture="amd64",
    debian=True,
    systemd=False,
    root=True,
    engine=engine(EngineState.ANSWERS),
    programs=frozenset({"arch-test", "mmdebstrap", "gpg", "rpmsign", "update-binfmts"}),
    binfmt_mounted=True,
    modules=frozenset({"createrepo_c"}),
    handlers={"arm64": ARM},
    emulators=frozenset({"arm64"}),
    free_bytes=50 * GIB,
)
