"""`otk.external.<name>`: the answer of another program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from build_env.manifest.directive import PREFIX, Absent, Directive, Form, Role, Step
from build_env.manifest.externals import REMOVED, ExternalError, ExternalRunner
from build_env.manifest.results import Poisoned, TooLarge, copied, nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.walker import Walker

__all__ = ["EXTERNAL", "Questions"]

_MOST_ANSWERING = 32
_OWN_APP = "build-env"


class Questions:
    """The questions to programs of a compile with all its targets: each is asked once, its answer kept.

    None as the `runner` is a compile that runs no program.
    """

    def __init__(self, runner: ExternalRunner | None) -> None:
        self.runner = runner
        self.answers: dict[tuple[int, str, str], Node | Absent | str] = {}

    def ask(self, walker: Walker, name: str, tree: object, entry: Entry) -> Node | Absent | str:
        """The nodes of the answer, REMOVED, or what is wrong. POISON when the question has a fault.

        The same directive with the same data is the same question, however it is reached.
        """
        if self.runner is None:
            return f"{entry.key} cannot run: programs are switched off"
        try:
            question = copied(tree)
            key = (id(entry.node), name, json.dumps(question))
            if key not in self.answers:
                self.answers[key] = _answer(walker, self.runner, name, question, entry)
            return self.answers[key]
        except Poisoned:
            return Absent.POISON
        except (TooLarge, RecursionError) as error:
            return f"{entry.key}: the data for it cannot be used: {error}"


def _answer(walker: Walker, runner: ExternalRunner, name: str, question: object, entry: Entry) -> Node | Absent | str:
    try:
        answer = runner.run(name, question)
        if answer is REMOVED:
            return Absent.REMOVED
        node = nodes_of(answer, entry.place)
    except (ExternalError, TooLarge) as error:
        return f"{entry.key}: {error}"
    # Names, files and targets are gathered before any program runs: these would come too late.
    late = [key for key in dict.fromkeys(_keys(answer)) if walker.role(key) not in {None, Role.REPLACED}]
    if late:
        message = "cannot stand in what a program answers: only directives that give a value can"
        return f"{entry.key}: {', '.join(late)} {message}"
    return node


def _keys(answer: object) -> Iterator[str]:
    """The keys in an answer that begin as directives do."""
    waiting = [answer]
    while waiting:
        data = waiting.pop()
        if isinstance(data, dict):
            yield from (key for key in data if key.startswith(PREFIX))
            waiting.extend(reversed(data.values()))
        elif isinstance(data, list):
            waiting.extend(reversed(data))


def _evaluate(walker: Walker, entry: Entry, name: str, frame: Frame) -> Step:
    tree = yield walker.value(entry.node, frame)
    if tree is Absent.POISON:
        return tree
    key = (id(entry.node), frame)
    if key not in walker.results:
        walker.results[key] = yield _asked(walker, name, None if tree is Absent.REMOVED else tree, entry, frame)
    if walker.trace:
        walker.trace.made(closed=True)
    return walker.results[key]


def _asked(walker: Walker, name: str, tree: object, entry: Entry, frame: Frame) -> Step:
    """Ask the program, then resolve what it answers."""
    app, _, rest = name.partition(".")
    if rest and app not in {walker.app, _OWN_APP}:
        if not walker.forcing:  # what is evaluated only for its faults needs no program of another app
            now = f"this compiles {walker.app}" if walker.app else "no target is compiled"
            walker.fault(f"{entry.key} runs only for a target of {app}: {now}", entry.place, frame)
        return Absent.POISON
    answer = walker.job.questions.ask(walker, name, tree, entry)
    if isinstance(answer, str):
        return walker.fault(answer, entry.place, frame)
    if isinstance(answer, Absent):
        return answer
    if walker.answering >= _MOST_ANSWERING:
        message = f"{entry.key}: programs that answer with programs go deeper than {_MOST_ANSWERING} levels"
        return walker.fault(message, entry.place, frame)
    walker.answering += 1
    value = yield walker.value(answer, frame)
    walker.answering -= 1
    return value


EXTERNAL = Directive(
    name="otk.external",
    form=Form.NAMED,
    role=Role.REPLACED,
    summary=(
        "Runs a program with the data below it and is replaced by the data that the program answers. "
        "`otk.external.<app>.<name>` runs only for a target of that app, `otk.external.build-env.<name>` for any."
    ),
    value="what the program expects",
    example="otk.target.osbuild:\n  sources:\n    otk.external.osbuild.embed-file:\n      text: hello\n",
    evaluate=_evaluate,
    word="external",
)
