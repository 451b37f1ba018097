from __future__ import annotations

import pytest

from build_env.core.ages import parse_age


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("14d", 14 * 86400), ("0", 0), ("0d", 0), ("90m", 5400), ("12 h", 43200), ("2W", 1209600), (" 1d ", 86400)],
)
def test_an_age(text: str, seconds: int) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "14", "d", "-1d", "1.5d", "14 days", "1y", "٣d"])
def test_no_age(text: str) -> None:
    assert parse_age(text) is None
