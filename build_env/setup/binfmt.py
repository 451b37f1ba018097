"""Owns the reading of binfmt_misc: which architectures' programs the kernel hands to an emulator."""

from __future__ import annotations

from pathlib import Path

from build_env.setup.facts import Handler

__all__ = ["BINFMT", "EMULATORS", "is_mounted", "known_emulators", "parse_handler", "read_handlers"]

BINFMT = Path("/proc/sys/fs/binfmt_misc")
# The name of qemu's handler per Debian architecture, as update-binfmts knows it.
EMULATORS = {
    "amd64": "qemu-x86_64",
    "arm64": "qemu-aarch64",
    "armhf": "qemu-arm",
    "i386": "qemu-i386",
    "ppc64el": "qemu-ppc64le",
    "riscv64": "qemu-riscv64",
    "s390x": "qemu-s390x",
}
# Class, byte order and machine of an ELF header: a handler may have any name, its magic says what it is for.
_ELF = {
    (2, 1, 0x3E): "amd64",
    (2, 1, 0xB7): "arm64",
    (1, 1, 0x28): "armhf",
    (1, 1, 0x03): "i386",
    (2, 1, 0x15): "ppc64el",
    (2, 1, 0xF3): "riscv64",
    (2, 2, 0x16): "s390x",
}
_HEADER = 20
_KNOWN = (Path("/usr/share/binfmts"), Path("/var/lib/binfmts"))


def parse_handler(name: str, text: str) -> tuple[str, Handler] | None:
    """The architecture and the handler that a registration describes; None when it is for something else."""
    lines = text.splitlines()
    values = dict(line.replace(":", "", 1).split(" ", 1) for line in lines if " " in line)
    try:
        magic = bytes.fromhex(values.get("magic", ""))
    except ValueError:
        return None
    if len(magic) < _HEADER or not magic.startswith(b"\x7fELF") or values.get("offset", "0") != "0":
        return None
    order = "little" if magic[5] == 1 else "big"
    architecture = _ELF.get((magic[4], magic[5], int.from_bytes(magic[18:20], order)))  # type: ignore[arg-type]
    if architecture is None:
        return None
    return architecture, Handler(name=name, enabled="enabled" in lines, fixed="F" in values.get("flags", ""))


def is_mounted(directory: Path = BINFMT) -> bool:
    """Whether binfmt_misc is mounted: without it the directory is empty or not there."""
    return (directory / "register").exists()


def known_emulators(directories: tuple[Path, ...] = _KNOWN) -> frozenset[str]:
    """The architectures whose emulator is installed in a way that update-binfmts can register."""
    return frozenset(
        architecture
        for architecture, name in EMULATORS.items()
        if any((directory / name).is_file() for directory in directories)
    )


def read_handlers(directory: Path = BINFMT) -> dict[str, Handler]:
    """The handlers by Debian architecture; of several for one, the one that can be used."""
    handlers: dict[str, Handler] = {}
    for file in sorted(directory.iterdir()) if is_mounted(directory) else ():
        if file.name in {"register", "status"}:
            continue
        parsed = parse_handler(file.name, file.read_text(encoding="utf-8", errors="replace"))
        if parsed:
            architecture, handler = parsed
            other = handlers.get(architecture)
            if other is None or (handler.enabled, handler.fixed) > (other.enabled, other.fixed):
                handlers[architecture] = handler
    return handlers
