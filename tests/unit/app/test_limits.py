"""What the rooms of a run may use, and which proxies they get."""

from __future__ import annotations

import pytest

from build_env.app.limits import proxy_variables, room_limits
from build_env.settings import Settings

GIBIBYTE = 1 << 30


@pytest.mark.parametrize(
    ("settings", "together", "memory"),
    [
        (Settings(), None, 9 * GIBIBYTE),
        (Settings(memory="4G"), None, 4 * GIBIBYTE),
        (Settings(memory="4G"), 2 * GIBIBYTE, 2 * GIBIBYTE),
        (Settings(memory="4G", room_memory="1G"), 2 * GIBIBYTE, GIBIBYTE),
    ],
)
def test_a_room_gets_what_all_may_use_and_never_the_whole_machine(
    settings: Settings, together: int | None, memory: int
) -> None:
    assert room_limits(settings, together=together, machine=10 * GIBIBYTE).memory == memory


def test_everything_has_a_limit_without_a_setting() -> None:
    limits = room_limits(Settings(), together=None, machine=10 * GIBIBYTE)
    assert all(vars(limits).values())


def test_a_setting_wins_over_the_environment_and_both_spellings_are_given() -> None:
    environ = {"http_proxy": "http://a", "HTTPS_PROXY": "http://b", "no_proxy": "", "HOME": "/x"}
    found = proxy_variables(Settings(proxies={"http": "http://c"}), environ)
    assert found == {
        "http_proxy": "http://c",
        "HTTP_PROXY": "http://c",
        "https_proxy": "http://b",
        "HTTPS_PROXY": "http://b",
    }
