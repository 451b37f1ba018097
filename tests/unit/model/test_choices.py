"""What can be chosen about a build: what two choices come to, what commands find of it, how it is called."""

from __future__ import annotations

import pytest

from build_env.core.errors import UsageError
from build_env.model.choices import Choices
from build_env.packages.choices import choices_asked


def test_what_a_run_asks_for_goes_on_top_of_what_a_definition_says() -> None:
    own = Choices(
        profiles=("nocheck",), enabled=("docs", "gui"), disabled=("tls",), defined=("v 1", "w 2"), only="arch"
    )
    run = Choices(profiles=("nodoc",), options=("noopt",), enabled=("tls",), disabled=("gui",), defined=("v 3 4",))
    assert own.and_then(run) == Choices(
        profiles=("nocheck", "nodoc"),
        options=("noopt",),
        enabled=("docs", "tls"),
        disabled=("gui",),
        defined=("w 2", "v 3 4"),
        only="arch",
    )


def test_commands_find_what_was_chosen_and_no_more() -> None:
    assert Choices().variables() == {}
    chosen = Choices(profiles=("nocheck", "nodoc"), enabled=("docs",), defined=("v 1", "w 2"), only="indep")
    assert chosen.variables() == {
        "BUILD_PROFILES": "nocheck nodoc",
        "BUILD_WITH": "docs",
        "BUILD_DEFINE": "v 1\nw 2",
        "BUILD_ONLY": "indep",
    }
    assert chosen.words == "profiles nocheck nodoc, with docs, define v 1 w 2, only indep"
    assert not Choices()
    assert chosen.of({"only", "options"}) == Choices(only="indep")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"profiles": ["No Check"]}, "--profiles: 'No Check' is not a build profile"),
        ({"options": ["parallel=8"]}, "--build-options: 'parallel=8' is not a word for DEB_BUILD_OPTIONS"),
        ({"with": ["a b"]}, "--with: 'a b' is not the name of a conditional"),
        (
            {"define": ["version"]},
            "--define: 'version' is not the name of a macro (three letters or more), a blank, and what it is",
        ),
        ({"define": ["version 1\n%(touch x)"]}, "--define: "),
        ({"only": "archs"}, "did you mean arch?"),
    ],
)
def test_what_cannot_be_meant(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        choices_asked(given)
    assert said in caught.value.message
