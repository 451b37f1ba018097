"""Owns binfmt_misc: which programs the kernel hands to an emulator, which emulators could be, how one is registered.

Emulators are known by the files that distributions ship for systemd-binfmt. They are read and registered here without
systemd and without update-binfmts, which a machine may lack or which may not know them. Changes nothing itself.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from shlex import quote

from build_env.setup.facts import Emulator, Handler

__all__ = ["BINFMT", "is_mounted", "parse_handler", "parse_rule", "read_emulators", "read_handlers", "registration"]

BINFMT = Path("/proc/sys/fs/binfmt_misc")
# Where systemd-binfmt looks: a file hides those of the same name in later directories.
_RULES = tuple(Path(directory) for directory in ("/etc/binfmt.d", "/run/binfmt.d", "/usr/lib/binfmt.d"))
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
_FIELDS = 7  # name, type, offset, magic, mask, interpreter, flags


def parse_handler(name: str, text: str) -> tuple[str, Handler] | None:
    """The architecture and the handler that a registration describes; None when it is for something else."""
    lines = text.splitlines()
    values = dict(line.replace(":", "", 1).split(" ", 1) for line in lines if " " in line)
    try:
        magic = bytes.fromhex(values.get("magic", ""))
    except ValueError:
        return None
    architecture = _architecture(magic, values.get("offset", "0"))
    if architecture is None:
        return None
    return architecture, Handler(name=name, enabled="enabled" in lines, fixed="F" in values.get("flags", ""))


def parse_rule(file: str, text: str) -> tuple[str, Emulator, str] | None:
    """The architecture, the emulator and the path of its program that a file describes.

    None for all that rooms cannot use (they need flag F), and for a file of several lines: the kernel takes one at a
    time.
    """
    line = text.removesuffix("\n")
    fields = line[1:].split(line[0]) if line and "\n" not in line else []
    if len(fields) != _FIELDS or fields[1] != "M" or "F" not in fields[6]:
        return None
    magic = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda found: bytes.fromhex(found[1].decode()), fields[3].encode())
    architecture = _architecture(magic, fields[2] or "0")
    return (architecture, Emulator(name=fields[0], file=file), fields[5]) if architecture else None


def _architecture(magic: bytes, offset: str) -> str | None:
    if len(magic) < _HEADER or not magic.startswith(b"\x7fELF") or offset != "0":
        return None
    order = "little" if magic[5] == 1 else "big"
    return _ELF.get((magic[4], magic[5], int.from_bytes(magic[18:20], order)))  # type: ignore[arg-type]


def is_mounted(directory: Path = BINFMT) -> bool:
    """Whether binfmt_misc is mounted: without it the directory is empty or not there."""
    return (directory / "register").exists()


def read_emulators(directories: tuple[Path, ...] = _RULES) -> dict[str, Emulator]:
    """The emulators that are installed and can be registered, by Debian architecture."""
    files: dict[str, Path] = {}
    for directory in directories:
        for path in directory.glob("*.conf"):
            files.setdefault(path.name, path)
    emulators: dict[str, Emulator] = {}
    for path in (files[name] for name in sorted(files)):
        parsed = parse_rule(str(path), path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
        if parsed and os.access(parsed[2], os.X_OK):
            emulators.setdefault(parsed[0], parsed[1])
    return emulators


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


def registration(emulator: Emulator | None, handler: Handler | None, directory: Path = BINFMT) -> str:
    """The line of a root's shell after which rooms can use the handler; empty where there is no emulator for it.

    A handler that only is switched off is switched on. One without flag F, from an older installation, makes room.
    """
    if handler and handler.fixed:
        return f"echo 1 > {quote(f'{directory}/{handler.name}')}"
    if emulator is None:
        return ""
    register = f"cat {quote(emulator.file)} > {directory}/register"
    return f"echo -1 > {quote(f'{directory}/{handler.name}')} && {register}" if handler else register
