"""What a Dockerfile's steps print, which the engine cuts into events wherever it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from build_env.core.errors import BuildEnvError, InfrastructureError, TaskError
from build_env.engines.docker import images

if TYPE_CHECKING:
    from collections.abc import Iterator


def streamed(*texts: str) -> Iterator[dict[str, Any]]:
    return iter([{"stream": text} for text in texts])


def lines_of(*texts: str) -> list[str]:
    lines: list[str] = []
    images._follow_build(streamed(*texts), lines.append)
    return lines


def test_lines_come_whole_however_they_are_cut() -> None:
    said = [
        "Step 1/2 : RUN apt-get install nothing\n",
        " ---> Running in 1a2b\n",
        "E",
        ":",
        " Unable to",
        " locate\nmore\n",
    ]
    assert lines_of(*said) == [
        "Step 1/2 : RUN apt-get install nothing",
        " ---> Running in 1a2b",
        "E: Unable to locate",
        "more",
    ]


def test_the_colours_of_the_engine_are_in_no_line() -> None:
    said = [
        "\x1b[91mcannot\n\x1b[0m",
        "waiting\n",
        "\x1b[91mE: Un\x1b[0m",
        "\x1b[91mable\n\x1b[0m",
        "\x1b[1mown\x1b[0m\n",
    ]
    assert lines_of(*said) == ["cannot", "waiting", "E: Unable", "\x1b[1mown\x1b[0m"]


@pytest.mark.parametrize("mark", ["Step 2/2 : RUN true", " ---> 1a2b3c"])
def test_a_line_without_an_end_does_not_run_into_the_next_step(mark: str) -> None:
    assert lines_of("Step 1/2 : RUN printf word\n", "wo", "rd", f"{mark}\n", "last") == [
        "Step 1/2 : RUN printf word",
        "word",
        mark,
        "last",
    ]


@pytest.mark.parametrize(
    ("words", "kind"),
    [(("Temporary ", "failure in name resolution"), InfrastructureError), (("no ", "luck"), TaskError)],
)
def test_a_fault_is_seen_in_lines_that_were_cut(words: tuple[str, ...], kind: type[BuildEnvError]) -> None:
    lines: list[str] = []
    error = {"error": "The command returned a non-zero code: 100", "errorDetail": {"code": 100}}
    with pytest.raises(kind):
        images._follow_build(iter([*streamed("Step 1/1 : RUN x\n", *words), error]), lines.append)
    assert lines[-1] == "".join(words)
