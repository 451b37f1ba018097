"""Golden files: what something looked like when it was last reviewed. `./run-tests --update-golden` writes them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["GOLDEN", "check_golden"]

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def check_golden(name: str, text: str, *, update: bool) -> None:
    """Compare `text` with tests/golden/`name`, or write it there."""
    path = GOLDEN / name
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    assert path.is_file(), f"there is no {path}: ./run-tests --update-golden writes it"
    assert text == path.read_text(encoding="utf-8")
