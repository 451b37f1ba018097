"""The page about manifests shows what the commands really print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.cli.main import app
from build_env.cli.parser import run_app

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "manifest.md"
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_examples_give_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    for name, text in [(re.match(r"# (\S+\.yaml)\n", text), text) for kind, text in blocks if kind == "yaml"]:
        if name:
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
    shown = [text for kind, text in blocks if kind == "console"]
    assert len(shown) == 6
    for text in shown:
        command, _, expected = text.partition("\n")
        run_app(app, shlex.split(command.removeprefix("$ build-env ")), "build-env")
        printed = capfd.readouterr()
        assert printed.out + printed.err == expected
