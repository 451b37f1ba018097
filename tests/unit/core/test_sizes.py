from __future__ import annotations

import pytest

from build_env.core.machine import machine_memory
from build_env.core.sizes import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8G", 8 * 1024**3),
        ("512m", 512 * 1024**2),
        ("1.5GiB", 3 * 1024**3 // 2),
        (" 2 TiB ", 2 * 1024**4),
        ("1 GB", 1000**3),
        ("1.5kB", 1500),
        ("3kib", 3072),
        ("64K", 65536),
        ("8", None),
        ("0G", None),
        ("-1G", None),
        ("1e3G", None),
        ("G", None),
        ("", None),
        ("٣G", None),
        ("9" * 400 + "G", None),
    ],
)
def test_a_size_has_a_unit(text: str, size: int | None) -> None:
    assert parse_size(text) == size


def test_this_machine_has_memory() -> None:
    assert machine_memory() > 1024**2
