"""`otk.include`: the content of another file.

The path may need variables that another file defines: such includes wait while anything else is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.directive import PREFIX, Absent, Directive, Form, Role, Step, TooMuch, Visit, drive
from build_env.manifest.faults import Faults
from build_env.manifest.nodes import Mapping, Scalar, value_kind
from build_env.manifest.variables import NotYet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.sources import Document
    from build_env.manifest.walker import Walker

__all__ = ["INCLUDE", "check_includes", "check_paths", "joins_deeply", "settle_includes"]

# The keys beside the path, and the one value that each may have.
_OPTIONS = {"path": "", "join": "deep", "optional": "true"}
_MOST = 50_000
_DEEPEST = 2_000


@dataclass
class _Includes:
    """Those whose path cannot be told yet, and those that were, with their path."""

    waiting: list[tuple[Entry, Visit]] = field(default_factory=list)
    resolved: list[tuple[Entry, Frame, str]] = field(default_factory=list)


def _gather(walker: Walker, visit: Visit, entry: Entry, _rest: str) -> Iterable[Visit]:
    return Visit(entry.node, visit.frame), *_content(walker, visit, entry)


def _content(walker: Walker, visit: Visit, entry: Entry) -> Iterable[Visit]:
    """The content of the file; nothing when it was gathered already, has to wait, or cannot be read."""
    key = (id(entry.node), visit.frame)
    if key in walker.behind:
        return ()
    includes, frame = walker.state(_Includes), visit.frame
    path = _early_path(walker, entry, frame)
    if path is None:
        includes.waiting.append((entry, visit))
        return ()
    includes.resolved.append((entry, frame, path))
    if len(includes.resolved) > _MOST or len(frame.order) >= _DEEPEST:
        many = f"{_MOST:,} includes" if len(includes.resolved) > _MOST else f"{_DEEPEST:,} includes in one another"
        raise TooMuch(f"there are more than {many}", entry.place, frame.chain)
    content = walker.behind[key] = _read(walker, path, entry, frame)
    return (Visit(*content, top=visit.top, file_top=True),) if content else ()


def joins_deeply(entry: Entry) -> bool:
    """Whether what an entry includes joins the maps in its map, too."""
    return isinstance(entry.node, Mapping) and entry.node.get("join") is not None


def settle_includes(walker: Walker, *, defaults: bool = False) -> None:
    """Gather from what waits, until nothing more can be. `defaults`: a variable that may be missing is missing."""
    includes = walker.state(_Includes)
    while includes.waiting:
        before = len(includes.resolved)
        waiting, includes.waiting = includes.waiting, []
        _try(walker, waiting)
        if len(includes.resolved) == before and defaults:
            # One after the other, until a file defines something: that may be what the others wait for.
            definitions = len(walker.scope.every)
            walker.variables.defaults = True
            for _ in range(len(includes.waiting)):
                _try(walker, [includes.waiting.pop(0)])
                if len(walker.scope.every) > definitions:
                    break
            walker.variables.defaults = False
        if len(includes.resolved) == before:
            break


def _try(walker: Walker, waiting: list[tuple[Entry, Visit]]) -> None:
    for entry, visit in waiting:
        for content in _content(walker, visit, entry):
            walker.gather(content)


def check_includes(walker: Walker) -> None:
    """Say why the includes that still wait cannot be resolved."""
    includes = walker.state(_Includes)
    for entry, visit in includes.waiting:
        path = drive(_path(walker, entry, visit.frame))
        if isinstance(path, str):
            message = "the path of this include can be told only after the file was read"
            walker.fault(message, entry.place, visit.frame)
        walker.behind[id(entry.node), visit.frame] = None
    walker.variables.incomplete |= bool(includes.waiting)
    includes.waiting = []


def check_paths(walker: Walker) -> None:
    """An include whose path means something else now that everything is known contradicts itself."""
    for entry, frame, path in walker.state(_Includes).resolved:
        again = drive(_path(walker, entry, frame))
        if isinstance(again, str) and again != path:
            message = f"the path of this include was {path} and is {again} once that file is read"
            walker.fault(message, entry.place, frame)


def _early_path(walker: Walker, entry: Entry, frame: Frame) -> str | None:
    """The path as far as it can be told now; what is wrong with it is said when everything is known."""
    faults = walker.faults
    walker.faults = Faults(line_of=lambda _file, _line: "")
    walker.variables.gathering = True
    try:
        path = drive(_path(walker, entry, frame))
    except NotYet:
        return None
    finally:
        walker.faults = faults
        walker.variables.gathering = False
        walker.forget()
    return path if isinstance(path, str) else None


def _path(walker: Walker, entry: Entry, frame: Frame) -> Step:
    """The path that an include names, as text, or POISON."""
    node = entry.node
    if isinstance(node, Mapping) and not any(key.startswith(PREFIX) for key, _, _ in node):
        for key, place, given in node:
            if key not in _OPTIONS:
                walker.fault(f"{entry.key} takes path, not {key}", place, frame)
            elif _OPTIONS[key] and not (isinstance(given, Scalar) and given.text == _OPTIONS[key]):
                walker.fault(f"{key} of {entry.key} is {_OPTIONS[key]}, or left out", given.place, frame)
        inner = node.get("path")
        if inner is None:
            return walker.fault(f"{entry.key} needs a path", entry.place, frame)
        node = inner
    path = yield walker.value(node, frame)
    if path is Absent.POISON or (isinstance(path, str) and path):
        return path
    what = "empty" if path == "" else "removed" if path is Absent.REMOVED else value_kind(path)
    verb = "was" if path is Absent.REMOVED else "is"
    return walker.fault(f"{entry.key} takes the path of a file, this {verb} {what}", node.place, frame)


def _read(walker: Walker, path: str, entry: Entry, frame: Frame) -> tuple[Node, Frame] | None:
    optional = isinstance(entry.node, Mapping) and entry.node.get("optional") is not None
    chain = (entry.place.location, *frame.chain)
    document = walker.job.sources.include(path, frame.document.file, chain, optional=optional)
    if isinstance(document, str):
        inner = entry.node.get("path") if isinstance(entry.node, Mapping) else None
        walker.fault(document, (inner or entry.node).place, frame)
    elif not _is_circle(walker, document, entry, frame) and document.root is not None:
        root = document.root
        if isinstance(root, Scalar) and not root.text and root.plain:
            # Only comments: an empty map, as an empty file is.
            root = Mapping((), root.place, root.place, directives=False, weight=1)
        return root, frame.inner(document, entry.place)
    walker.variables.incomplete = True
    return None


def _is_circle(walker: Walker, document: Document, entry: Entry, frame: Frame) -> bool:
    files = [one.document.file for one in frame.upwards()]
    if not any(one.document is document for one in frame.upwards()):
        return False
    chain = " → ".join([*reversed(files[: files.index(document.file) + 1]), document.file])
    walker.fault(f"circular include from {frame.document.file}: {chain}", entry.place, frame)
    return True


def _evaluate(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
    key = (id(entry.node), frame)
    if key not in walker.behind:
        walker.fault(f"{entry.key} is not allowed here", entry.place, frame)
    content = walker.behind.get(key)
    return (yield walker.value(*content)) if content is not None else Absent.POISON


INCLUDE = Directive(
    name="otk.include",
    form=Form.TAG,
    role=Role.MERGED,
    summary=(
        "The content of another file, its path relative to the file that includes it. A map joins the map where the "
        "include stands; anything else replaces it."
    ),
    value="a path, or a map with `path`, `join: deep` (also maps in maps join), `optional: true` (it may be missing)",
    example="otk.include: common.yaml\nname: hello\n",
    gather=_gather,
    evaluate=_evaluate,
)
