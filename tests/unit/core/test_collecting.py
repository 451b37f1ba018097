from __future__ import annotations

import gc

import pytest

from build_env.core.collecting import without_collecting


def failing() -> None:
    with without_collecting():
        assert not gc.isenabled()
        raise ValueError


@pytest.mark.parametrize("before", [True, False])
def test_collecting_is_as_it_was_also_after_an_error(*, before: bool) -> None:
    was = gc.isenabled()
    (gc.enable if before else gc.disable)()
    try:
        with pytest.raises(ValueError, match=r"^$"):
            failing()
        assert gc.isenabled() is before
    finally:
        (gc.enable if was else gc.disable)()
