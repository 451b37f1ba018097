"""Owns the walk over nodes, once to gather what they define and once to give their data; asks directives what they do.

Evaluation is lazy, changes no node and does not recurse: it is made of steps, which `drive` runs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from build_env.manifest.directive import PREFIX, Absent, Declaration, Directive, Role, Step, TooMuch, Visit
from build_env.manifest.directives.include import joins_deeply
from build_env.manifest.directives.join import deeply
from build_env.manifest.names import parse
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence, value_kind
from build_env.manifest.registry import find, unknown
from build_env.manifest.scope import UNSET, Scope
from build_env.manifest.trace import Record, Trace
from build_env.manifest.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.frames import Frame
    from build_env.manifest.resolve import Job

__all__ = ["Walker", "mentioned"]

_MOST_VALUES = 5_000_000

State = TypeVar("State")


class Walker:
    """Walks the nodes of one target of a job; what directives declare and keep is in it.

    `behind` is the content that stands behind an entry, such as a file, None where it could not be read; `results` are
    kept by directives for entries that must be evaluated once, and `answering` is how deep programs answer with
    programs. `app` is that of the target which is compiled. With `forcing` what nothing used is evaluated, only for its
    faults. `plain`: this is no manifest, so `$` is text.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.faults = job.sources.faults
        self.scope = Scope(faults=self.faults, allow_redefine=job.options.allow_redefine)
        self.variables = Variables(self)
        self.trace = Trace(self.scope) if job.options.explained else None
        self.behind: dict[tuple[int, Frame], tuple[Node, Frame] | None] = {}
        self.results: dict[tuple[int, Frame], object] = {}
        self.declared: defaultdict[str, dict[str, Declaration]] = defaultdict(dict)
        self.states: dict[type, object] = {}
        self.answering = 0
        self.app = ""
        self.forcing = False
        self.plain = False
        self.values = 0

    # --- what directives ask ---

    def fault(self, message: str, place: Place, frame: Frame) -> Absent:
        """Something is wrong at `place`; what an evaluation gives then."""
        self.faults.add(message, place, frame.chain)
        return Absent.POISON

    def role(self, key: str) -> Role | None:
        """The role of the directive that a key names; None when it names none."""
        named = find(key)
        return named[0].role if named else None

    def directive(self, entry: Entry, frame: Frame) -> tuple[Directive, str] | None:
        """The directive of an entry, and what follows its name; a key that names none is reported."""
        named = find(entry.key)
        if named is None:
            self.fault(unknown(entry.key), entry.place, frame)
        return named

    def declare(self, directive: str, name: str, entry: Entry, frame: Frame) -> Declaration:
        """Take note of a name that `directive` declares; the first declaration of that name."""
        return self.declared[directive].setdefault(name, Declaration(name, entry, frame))

    def state(self, kind: type[State]) -> State:
        """What a directive keeps while one target is compiled: one `kind`, made when it is first asked for."""
        state = self.states.get(kind)
        if not isinstance(state, kind):
            state = self.states[kind] = kind()
        return state

    def spend(self, count: int, place: Place, frame: Frame) -> None:
        """Count values that are made anew; raises TooMuch."""
        self.values += count
        if self.values > _MOST_VALUES:
            raise TooMuch(f"this makes more than {_MOST_VALUES:,} values", place, frame.chain)

    def forget(self) -> None:
        """Nothing that was evaluated before everything was gathered is kept; programs do not run again."""
        self.variables.forget()
        self.results.clear()
        self.answering = 0

    # --- gathering ---

    def gather(self, first: Visit) -> None:
        """Let the directives below a node take note of what they define, declare and include."""
        stack = [first]
        while stack:
            visit = stack.pop()
            self.spend(1, visit.node.place, visit.frame)
            if isinstance(visit.node, Scalar) or not visit.node.directives:
                continue
            if isinstance(visit.node, Sequence):
                stack.extend(Visit(item, visit.frame) for item in reversed(visit.node.items))
            else:
                stack.extend(reversed(self._gathered(visit, visit.node)))

    def _gathered(self, visit: Visit, node: Mapping) -> list[Visit]:
        """What is to be looked at below a map, in the order of the document."""
        following: list[Visit] = []
        for entry in node.entries:
            if not entry.key.startswith(PREFIX):
                following.append(Visit(entry.node, visit.frame))
                continue
            directive, rest = self.directive(entry, visit.frame) or (None, "")
            if directive and directive.gather:
                following.extend(directive.gather(self, visit, entry, rest))
            elif directive:
                following.append(Visit(entry.node, visit.frame))
        return following

    # --- evaluating ---

    def value(self, node: Node, frame: Frame) -> Step:
        """The evaluation of a node: its data, or what is there instead."""
        if isinstance(node, Sequence):
            return self._sequence(node, frame)
        if isinstance(node, Mapping):
            return self._mapping(node, frame)
        return self._scalar(node, frame)

    def all_values(self, nodes: Iterable[tuple[Node, Frame]]) -> Step:
        """The values of several nodes, without those that were removed."""
        values: list[object] = []
        for node, frame in nodes:
            value = yield self.value(node, frame)
            if value is not Absent.REMOVED:
                if self.trace:
                    self.trace.put(values, len(values))
                values.append(value)
        return values

    def _scalar(self, node: Scalar, frame: Frame) -> Step:
        value = self._literal(node, frame)
        return (yield self.variables.text(str(node.value), node.place, frame)) if value is UNSET else value

    def _literal(self, node: Node, frame: Frame) -> object:
        """The value of a scalar without variables, for which no other evaluation is needed; else UNSET."""
        if not isinstance(node, Scalar):
            return UNSET
        value = node.value
        if isinstance(value, str) and "$" in value and not self.plain:
            return UNSET
        if self.trace:
            self.trace.written(node.place, frame)
        return value

    def _sequence(self, node: Sequence, frame: Frame) -> Step:
        result: list[object] = []
        trace = self.trace
        self.spend(len(node.items), node.place, frame)
        for item in node.items:
            value = self._literal(item, frame)
            if value is UNSET:
                value = yield self.value(item, frame)
            if value is Absent.REMOVED:
                continue
            if isinstance(value, list) and self._splices(item, frame):
                if trace:
                    trace.spread(value, trace.last, result, len(result))
                result.extend(value)
            else:
                if trace:
                    trace.put(result, len(result))
                result.append(value)
        if trace:
            trace.written(node.place, frame)
        return result

    def _splices(self, item: Node, frame: Frame) -> bool:
        """Whether the sequence that this item gives is part of the sequence in which it stands."""
        while isinstance(item, Mapping):
            if any(named[0].splices for entry in item.entries if (named := find(entry.key))):
                return True
            contents = [content for entry in item.entries if (content := self.behind.get((id(entry.node), frame)))]
            if len(contents) != 1:
                break
            item, frame = contents[0]
        return False

    def _mapping(self, node: Mapping, frame: Frame) -> Step:
        result: dict[str, object] = {}
        instead: list[tuple[Entry, object, Record | None]] = []
        data = deep = False
        trace = self.trace
        self.spend(len(node.entries), node.place, frame)
        for entry in node.entries:
            if not entry.key.startswith(PREFIX):
                if "$" in entry.key and not self.plain and not (self.forcing or parse(entry.key) == (entry.key,)):
                    message = f"no variable is looked for in the key {entry.key}: keys are taken as they are written"
                    self.faults.warn(message, entry.place, frame.chain)
                value = self._literal(entry.node, frame)
                if value is UNSET:
                    value = yield self.value(entry.node, frame)
                if value is not Absent.REMOVED:
                    self._put(result, value, entry, frame, deep=deep)
                data = True
                continue
            value = yield self._directive(node, entry, frame)
            if isinstance(value, tuple):
                if self._is_alone(node, entry):
                    return value[0]
                deep = deep or joins_deeply(entry)
                self._merge(value[0], result, entry, frame)
                data = True
            elif value is not UNSET:
                instead.append((entry, value, trace.last if trace else None))
        if trace:
            trace.written(node.place, frame)
        return self._instead(instead, result, frame, data=data) if instead else result

    def _merge(self, data: dict[str, object], result: dict[str, object], entry: Entry, frame: Frame) -> None:
        """Let a directive's data join the map, `entry` says how."""
        record = self.trace.last if self.trace else Record()
        if joins_deeply(entry):
            for key, value in data.items():
                if self.trace:
                    self.trace.last = self.trace.taken(record, data, key)
                self._put(result, value, Entry(key, entry.place, entry.node), frame, deep=True)
            return
        if self.trace:
            self.trace.spread(data, record, result)
        result.update(data)

    def _put(self, result: dict[str, object], value: object, entry: Entry, frame: Frame, *, deep: bool) -> None:
        """Put the last value into a map, in which two maps of one key may become one."""
        key, old = entry.key, result.get(entry.key) if deep else None
        if not (isinstance(old, dict) and isinstance(value, dict)):
            if self.trace:
                self.trace.put(result, key)
            result[key] = value
            return
        record = self.trace.last if self.trace else Record()
        before = self.trace.taken(Record(), result, key) if self.trace else record
        result[key] = deeply(self, [(old, before), (value, record)], entry.place, frame)
        if self.trace:
            self.trace.anew(result, key)

    def _instead(
        self,
        instead: list[tuple[Entry, object, Record | None]],
        result: dict[str, object],
        frame: Frame,
        *,
        data: bool,
    ) -> object:
        """What stands for a map in which directives gave something else than entries."""
        if any(value is Absent.POISON for _, value, _ in instead):
            return Absent.POISON
        given = [one for one in instead if one[1] is not Absent.REMOVED]
        if not given:
            return result if data else Absent.REMOVED
        entry, value, record = given[0]
        if not data and len(given) == 1:
            if self.trace and record:
                self.trace.last = record
            return value
        if not data:
            entry, value, _ = given[1]
        message = f"{entry.key} gives {value_kind(value)}: this cannot stand in a map with other keys"
        return self.fault(message, entry.place, frame)

    def _directive(self, node: Mapping, entry: Entry, frame: Frame) -> Step:
        """What a directive gives instead of its map; in a tuple what joins the map; UNSET when it leaves nothing."""
        directive, rest = self.directive(entry, frame) or (None, "")
        if directive is None or directive.evaluate is None:
            return UNSET
        if directive.role is Role.REPLACED and not self._is_alone(node, entry):
            keys = ", ".join(other.key for other in node.entries if other is not entry)
            message = f"{entry.key} should not have siblings: it replaces the map where {keys} also stands"
            return self.fault(message, entry.place, frame)
        value = yield directive.evaluate(self, entry, rest, frame)
        if self.trace and directive.word:
            self.trace.led_through(directive.word, entry.place, frame)
        return (value,) if directive.role is Role.MERGED and isinstance(value, dict) else value

    def _is_alone(self, node: Mapping, entry: Entry) -> bool:
        """Whether nothing stands beside a directive in its map but those that leave nothing there."""
        return all(self.role(other.key) is Role.SILENT for other in node.entries if other is not entry)


def mentioned(nodes: Iterable[Node]) -> dict[str, set[str]]:
    """The names that each directive mentions below nodes that are not compiled, as far as they can be seen there."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar) or not node.directives:
            continue
        if isinstance(node, Sequence):
            waiting.extend(node.items)
            continue
        for entry in node:
            waiting.append(entry.node)
            directive, rest = find(entry.key) or (None, "")
            if directive and directive.mentions:
                names[directive.name].update(directive.mentions(entry, rest))
    return names
