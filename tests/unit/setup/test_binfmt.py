"""Which architecture a registration is for follows from its magic, whatever its name."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from build_env.setup.binfmt import is_mounted, parse_handler, read_emulators, read_handlers, registration
from build_env.setup.facts import Emulator, Handler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAGIC = {
    "amd64": "7f454c4602010100000000000000000002003e00",
    "arm64": "7f454c460201010000000000000000000200b700",
    "armhf": "7f454c4601010100000000000000000002002800",
    "ppc64el": "7f454c4602010100000000000000000002001500",
    "riscv64": "7f454c460201010000000000000000000200f300",
    "s390x": "7f454c4602020100000000000000000000020016",
}


def registered(architecture: str, *, state: str = "enabled", flags: str = "OCF") -> str:
    return (
        f"{state}\ninterpreter /usr/bin/emulator\nflags: {flags}\noffset 0\n"
        f"magic {MAGIC[architecture]}\nmask ffffffffffffff00fffffffffffffffffeffffff\n"
    )


@pytest.mark.parametrize("architecture", sorted(MAGIC))
def test_the_magic_says_the_architecture(architecture: str) -> None:
    assert parse_handler("any", registered(architecture)) == (
        architecture,
        Handler(name="any", enabled=True, fixed=True),
    )


def test_a_handler_without_flag_f_is_not_fixed() -> None:
    assert parse_handler("q", registered("arm64", flags="P")) == (
        "arm64",
        Handler(name="q", enabled=True, fixed=False),
    )


def test_a_handler_that_is_switched_off() -> None:
    assert parse_handler("q", registered("arm64", state="disabled")) == (
        "arm64",
        Handler(name="q", enabled=False, fixed=True),
    )


@pytest.mark.parametrize(
    "text",
    [
        "enabled\ninterpreter /usr/bin/jexec\nflags: \noffset 0\nmagic 504b0304\n",
        "enabled\ninterpreter /usr/bin/python\nflags: \nextension .pyc\n",
        "enabled\nmagic no number\n",
        registered("arm64").replace("offset 0", "offset 4"),
        registered("arm64").replace("b700", "ffff"),
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
    (tmp_path / "a").write_text(registered("arm64", flags="P"))
    (tmp_path / "b").write_text(registered("arm64"))
    (tmp_path / "c").write_text(registered("arm64", state="disabled"))
    assert read_handlers(tmp_path) == {"arm64": Handler(name="b", enabled=True, fixed=True)}


def rule(program: str, *, name: str = "qemu-aarch64", flags: str = "POF", machine: str = r"\xb7\x00") -> str:
    magic = r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00" + machine
    return f":{name}:M::{magic}:{'x' * 20}:{program}:{flags}\n"


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "emulator").touch(mode=0o755)
    return str(tmp_path / "emulator")


def test_emulators_are_known_by_the_magic_of_their_rules(tmp_path: Path, program: str) -> None:
    (tmp_path / "any.conf").write_text(rule(program))
    (tmp_path / "other.conf").write_text(":python:M::\\x0d\\x0a::/usr/bin/python3:\n")
    (tmp_path / "notes").write_text(rule(program, machine=r"\xf3\x00"))
    assert read_emulators((tmp_path / "absent", tmp_path)) == {
        "arm64": Emulator(name="qemu-aarch64", file=str(tmp_path / "any.conf"))
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("POF", "PO"),
        lambda text: text.replace(":M::", ":M:4:"),
        lambda text: text.replace(":M::", ":E::"),
        lambda text: text + text,
        lambda text: text.replace("/emulator", "/absent"),
        lambda text: text.rpartition(":")[0],
        lambda _text: "",
    ],
    ids=["no flag F", "offset", "extension", "two lines", "no program", "short", "empty"],
)
def test_rules_that_rooms_cannot_use(tmp_path: Path, program: str, change: Callable[[str], str]) -> None:
    (tmp_path / "q.conf").write_text(change(rule(program)))
    assert read_emulators((tmp_path,)) == {}


def test_a_rule_of_the_administrator_hides_that_of_the_distribution(tmp_path: Path, program: str) -> None:
    for directory, name in (("etc", "own"), ("usr", "shipped")):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "q.conf").write_text(rule(program, name=name))
    assert read_emulators((tmp_path / "etc", tmp_path / "usr"))["arm64"].name == "own"
    (tmp_path / "etc" / "q.conf").write_text("")
    assert read_emulators((tmp_path / "etc", tmp_path / "usr")) == {}


@pytest.mark.parametrize(
    ("handler", "written"),
    [
        (None, {"register": ":rule:"}),
        (Handler(name="q", enabled=False, fixed=True), {"q": "1\n"}),
        (Handler(name="q", enabled=True, fixed=False), {"q": "-1\n", "register": ":rule:"}),
    ],
    ids=["none", "off", "not fixed"],
)
def test_the_line_that_registers_does_it(tmp_path: Path, handler: Handler | None, written: dict[str, str]) -> None:
    file = tmp_path / "a rule.conf"
    file.write_text(":rule:")
    (tmp_path / "binfmt").mkdir()
    line = registration(Emulator(name="q", file=str(file)), handler, tmp_path / "binfmt")
    subprocess.run(["sh", "-c", line], check=True)
    assert {path.name: path.read_text() for path in (tmp_path / "binfmt").iterdir()} == written


def test_nothing_registers_what_is_not_installed() -> None:
    assert registration(None, None) == ""
    assert registration(None, Handler(name="q", enabled=True, fixed=False)) == ""
