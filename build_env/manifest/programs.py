"""Owns the questions to programs of one compile with all its targets: each is asked once, its answer kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Role
from build_env.manifest.externals import REMOVED, ExternalError, ExternalRunner
from build_env.manifest.registry import PREFIX, find
from build_env.manifest.results import Poisoned, TooLarge, copied, nodes_of

if TYPE_CHECKING:
    from build_env.manifest.nodes import Entry, Node

__all__ = ["Questions"]

_NOT_IN_ANSWERS = frozenset({Role.SILENT, Role.MERGED})


class Questions:
    """Asks `runner`; None is a compile that runs no program."""

    def __init__(self, runner: ExternalRunner | None) -> None:
        self.runner = runner
        self.answers: dict[tuple[int, str, str], Node | Absent | str] = {}

    def ask(self, name: str, tree: object, entry: Entry) -> Node | Absent | str:
        """The nodes of the answer, REMOVED, or what is wrong. POISON when the question has a fault.

        The same directive with the same data is the same question, however it is reached.
        """
        if self.runner is None:
            return f"{entry.key} cannot run: programs are switched off"
        try:
            question = copied(tree)
            key = (id(entry.node), name, json.dumps(question))
            if key not in self.answers:
                self.answers[key] = _answer(self.runner, name, question, entry)
            return self.answers[key]
        except Poisoned:
            return Absent.POISON
        except (TooLarge, RecursionError) as error:
            return f"{entry.key}: the data for it cannot be used: {error}"


def _answer(runner: ExternalRunner, name: str, question: object, entry: Entry) -> Node | Absent | str:
    try:
        answer = runner.run(name, question)
        if answer is REMOVED:
            return Absent.REMOVED
        node = nodes_of(answer, entry.place)
    except (ExternalError, TooLarge) as error:
        return f"{entry.key}: {error}"
    refused = ", ".join(_refused(answer))
    if refused:
        said = "cannot stand in what a program answers: only directives that give a value can"
        return f"{entry.key}: {refused} {said}"
    return node


def _refused(answer: object) -> list[str]:
    """The directives in an answer that would come too late: names, files and targets are gathered before."""
    keys: dict[str, None] = {}
    waiting = [answer]
    while waiting:
        data = waiting.pop()
        if isinstance(data, dict):
            keys |= dict.fromkeys(key for key in data if key.startswith(PREFIX))
            waiting.extend(reversed(data.values()))
        elif isinstance(data, list):
            waiting.extend(reversed(data))
    found = [(key, find(key)) for key in keys]
    return [key for key, directive in found if directive and directive[0].role in _NOT_IN_ANSWERS]
