"""Which architecture a registration is for follows from its magic, whatever its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.setup.binfmt import is_mounted, known_emulators, parse_handler, read_handlers
from build_env.setup.facts import Handler

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = {
    "amd64": "7f454c4602010100000000000000000002003e00",
    "arm64": "7f454c460201010000000000000000000200b700",
    "armhf": "7f454c4601010100000000000000000002002800",
    "ppc64el": "7f454c4602010100000000000000000002001500",
    "riscv64": "7f454c460201010000000000000000000200f300",
    "s390x": "7f454c4602020100000000000000000000020016",
}


def registration(architecture: str, *, state: str = "enabled", flags: str = "OCF") -> str:
    return (
        f"{state}\ninterpreter /usr/bin/emulator\nflags: {flags}\noffset 0\n"
        f"magic {MAGIC[architecture]}\nmask ffffffffffffff00fffffffffffffffffeffffff\n"
    )


@pytest.mark.parametrize("architecture", sorted(MAGIC))
def test_the_magic_says_the_architecture(architecture: str) -> None:
    assert parse_handler("any", registration(architecture)) == (
        architecture,
        Handler(name="any", enabled=True, fixed=True),
    )


def test_a_handler_without_flag_f_is_not_fixed() -> None:
    assert parse_handler("q", registration("arm64", flags="P")) == (
        "arm64",
        Handler(name="q", enabled=True, fixed=False),
    )


def test_a_handler_that_is_switched_off() -> None:
    assert parse_handler("q", registration("arm64", state="disabled")) == (
        "arm64",
        Handler(name="q", enabled=False, fixed=True),
    )


@pytest.mark.parametrize(
    "text",
    [
        "enabled\ninterpreter /usr/bin/jexec\nflags: \noffset 0\nmagic 504b0304\n",
        "enabled\ninterpreter /usr/bin/python\nflags: \nextension .pyc\n",
        "enabled\nmagic no number\n",
        registration("arm64").replace("offset 0", "offset 4"),
        registration("arm64").replace("b700", "ffff"),
        "",
    ],
    ids=["jar", "extension", "broken", "offset", "unknown machine", "empty"],
)
def test_what_is_no_emulator(text: str) -> None:
    assert parse_handler("other", text) is None


def test_without_the_file_system_there_are_no_handlers(tmp_path: Path) -> None:
    assert not is_mounted(tmp_path)
    assert read_handlers(tmp_path) == {}


def test_of_two_handlers_the_usable_one_counts(tmp_path: Path) -> None:
    (tmp_path / "register").touch()
    (tmp_path / "status").write_text("enabled\n")
    (tmp_path / "a").write_text(registration("arm64", flags="P"))
    (tmp_path / "b").write_text(registration("arm64"))
    (tmp_path / "c").write_text(registration("arm64", state="disabled"))
    assert read_handlers(tmp_path) == {"arm64": Handler(name="b", enabled=True, fixed=True)}


def test_emulators_are_known_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "qemu-aarch64").touch()
    (tmp_path / "jar").touch()
    assert known_emulators((tmp_path / "absent", tmp_path)) == {"arm64"}
