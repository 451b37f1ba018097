"""Owns which file each include stands for.

The path of an include may need variables that another file defines: such includes wait while anything else is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.directive import TooMuch
from build_env.manifest.directives.include import include_path, path_place
from build_env.manifest.evaluate import Evaluation, drive
from build_env.manifest.faults import Faults
from build_env.manifest.nodes import Entry, Mapping, Node, Scalar
from build_env.manifest.variables import NotYet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.manifest.frames import Frame
    from build_env.manifest.sources import Document, Sources

__all__ = ["Included", "Inclusions"]

_MOST = 50_000
_DEEPEST = 2_000


@dataclass(frozen=True, slots=True)
class Included:
    """The content of a file; `top`: it stands at the top of the manifest."""

    node: Node
    frame: Frame
    top: bool


@dataclass(kw_only=True)
class Inclusions:
    """The includes of a compile; what they stand for goes into `evaluation.inclusions`."""

    sources: Sources
    evaluation: Evaluation
    waiting: list[tuple[Entry, Frame, bool]] = field(default_factory=list)
    resolved: list[tuple[Entry, Frame, str]] = field(default_factory=list)

    def find(self, entry: Entry, frame: Frame, *, top: bool) -> Included | None:
        """The file behind an include; None when it is known already, has to wait, or cannot be read."""
        key = (id(entry.node), frame)
        if key in self.evaluation.inclusions:
            return None
        path = self._early_path(entry, frame)
        if path is None:
            self.waiting.append((entry, frame, top))
            return None
        self.resolved.append((entry, frame, path))
        if len(self.resolved) > _MOST or len(frame.order) >= _DEEPEST:
            many = f"{_MOST:,} includes" if len(self.resolved) > _MOST else f"{_DEEPEST:,} includes in one another"
            raise TooMuch(f"there are more than {many}", entry.place, frame.chain)
        found = self._read(path, entry, frame, top=top)
        self.evaluation.inclusions[key] = (found.node, found.frame) if found else None
        return found

    def settle(self, *, defaults: bool) -> Iterator[Included]:
        """Resolve what waits, until nothing more can be. `defaults`: a variable that may be missing is missing."""
        while self.waiting:
            before = len(self.resolved)
            waiting, self.waiting = self.waiting, []
            yield from self._again(waiting)
            if len(self.resolved) == before and defaults:
                yield from self._with_defaults()
            if len(self.resolved) == before:
                break

    def report(self) -> None:
        """Say why the includes that still wait cannot be resolved."""
        for entry, frame, _ in self.waiting:
            path = drive(include_path(self.evaluation, entry, frame))
            if isinstance(path, str):
                self._fault("the path of this include can be told only after the file was read", entry, frame)
            self.evaluation.inclusions[id(entry.node), frame] = None
        self.evaluation.variables.incomplete |= bool(self.waiting)
        self.waiting = []

    def check_paths(self) -> None:
        """An include whose path means something else now that everything is known contradicts itself."""
        for entry, frame, path in self.resolved:
            again = drive(include_path(self.evaluation, entry, frame))
            if isinstance(again, str) and again != path:
                self._fault(f"the path of this include was {path} and is {again} once that file is read", entry, frame)

    def _again(self, tried: list[tuple[Entry, Frame, bool]]) -> Iterator[Included]:
        for entry, frame, top in tried:
            found = self.find(entry, frame, top=top)
            if found is not None:
                yield found

    def _with_defaults(self) -> Iterator[Included]:
        """Resolve includes until a file defines something, which may be what the others wait for."""
        before = len(self.evaluation.scope.every)
        self.evaluation.variables.defaults = True
        for _ in range(len(self.waiting)):
            yield from self._again([self.waiting.pop(0)])
            if len(self.evaluation.scope.every) > before:
                break
        self.evaluation.variables.defaults = False

    def _early_path(self, entry: Entry, frame: Frame) -> str | None:
        """The path as far as it can be told now; what is wrong with it is said when everything is known."""
        evaluation, faults = self.evaluation, self.evaluation.faults
        evaluation.faults = Faults(line_of=lambda _file, _line: "")
        evaluation.variables.gathering = True
        try:
            path = drive(include_path(evaluation, entry, frame))
        except NotYet:
            return None
        finally:
            evaluation.faults = faults
            evaluation.variables.gathering = False
            evaluation.forget()
        return path if isinstance(path, str) else None

    def _read(self, path: str, entry: Entry, frame: Frame, *, top: bool) -> Included | None:
        document = self.sources.include(path, frame.document.file, (entry.place.location, *frame.chain))
        if isinstance(document, str):
            self.evaluation.faults.add(document, path_place(entry), frame.chain)
        elif self._is_circle(document, entry, frame):
            pass
        elif document.root is not None:
            return Included(_content(document.root), frame.inner(document, entry.place), top)
        self.evaluation.variables.incomplete = True
        return None

    def _is_circle(self, document: Document, entry: Entry, frame: Frame) -> bool:
        files = [one.document.file for one in frame.upwards()]
        if not any(one.document is document for one in frame.upwards()):
            return False
        chain = " → ".join([*reversed(files[: files.index(document.file) + 1]), document.file])
        self._fault(f"circular include from {frame.document.file}: {chain}", entry, frame)
        return True

    def _fault(self, message: str, entry: Entry, frame: Frame) -> None:
        self.evaluation.faults.add(message, entry.place, frame.chain)


def _content(root: Node) -> Node:
    """The root of a file; one in which only comments stand is an empty map, as an empty file is."""
    if isinstance(root, Scalar) and not root.text and root.plain:
        return Mapping((), root.place, root.place, directives=False, weight=1)
    return root
