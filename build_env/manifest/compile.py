"""Owns the compile of a manifest: one entry file and the options of one call to data. The language's only entrance.

Writes nothing and prints nothing; programs are run by the runner it is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent
from build_env.manifest.documents import Unreadable, read_nodes
from build_env.manifest.evaluate import Evaluation, drive
from build_env.manifest.externals import REMOVED, ExternalError, ExternalRunner
from build_env.manifest.faults import ManifestError
from build_env.manifest.frames import Frame
from build_env.manifest.gather import Found, Gathering
from build_env.manifest.nodes import Entry, Place
from build_env.manifest.nodes import Mapping as MapNode
from build_env.manifest.provenance import Origin, origins_of
from build_env.manifest.registry import PREFIX
from build_env.manifest.results import Poisoned, TooLarge, copied, nodes_of
from build_env.manifest.scope import Definition, Scope
from build_env.manifest.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.core.errors import Fault
    from build_env.manifest.nodes import Node

__all__ = ["CompileOptions", "Compiled", "ExternalError", "ExternalRunner", "Origin", "compile_manifest", "is_manifest"]

_OSBUILD = "osbuild"
_OWN_APP = "build-env"


@dataclass(frozen=True, kw_only=True)
class CompileOptions:
    """What the caller decides: the options of `build-env manifest compile`. `explained` asks for origins, too."""

    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    customizations: tuple[tuple[str, str], ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    allow_redefine: bool = False
    externals: ExternalRunner | None = None
    output: bool = True
    explained: bool = False


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The data of a manifest, and what is known about it."""

    tree: object
    meta: Mapping[str, object]
    targets: tuple[str, ...]
    warnings: tuple[Fault, ...]
    files: tuple[str, ...]
    origins: Mapping[str, tuple[Origin, ...]]


def is_manifest(text: str) -> bool:
    """Whether a key of the text starts with `otk.`; a text that is no YAML is judged by the look of its lines."""
    if PREFIX not in text:
        return False
    try:
        node = read_nodes(text, "", lambda _said, _place: None, lambda _said, _place: None)
    except Unreadable:
        return any(line.lstrip(" -").startswith(PREFIX) for line in text.splitlines())
    return getattr(node, "directives", False)


def compile_manifest(file: str, text: str, options: CompileOptions) -> Compiled:
    """The data of `text`, the content of `file`; raises ManifestError with everything that is wrong."""
    if options.output:
        return _Compile(file, text, options).run()
    return _checked(file, text, options)


def _checked(file: str, text: str, options: CompileOptions) -> Compiled:
    """Compile for each target; the faults of all."""
    if options.target:
        return _Compile(file, text, replace(options, output=True)).run()
    first = _Compile(file, text, options)
    targets = first.discover()
    if len(targets) <= 1:
        return _Compile(file, text, replace(options, output=True)).run()
    results: list[Compiled] = []
    faults: dict[tuple[str, str], Fault] = {}
    for target in targets:
        try:
            results.append(_Compile(file, text, replace(options, output=True, target=target)).run())
        except ManifestError as error:
            faults.update({(str(fault), ""): fault for fault in error.faults})
    if faults:
        raise ManifestError(f"{file} cannot be compiled", faults=tuple(faults.values()))
    warnings = {str(fault): fault for result in results for fault in result.warnings}
    return replace(results[0], targets=targets, warnings=tuple(warnings.values()))


class _Compile:
    """One compile; used once."""

    def __init__(self, file: str, text: str, options: CompileOptions) -> None:
        self.file = file
        self.options = options
        self.sources = Sources()
        self.faults = self.sources.faults
        self.scope = Scope(faults=self.faults, allow_redefine=options.allow_redefine)
        self.answers: dict[tuple[int, Frame], object] = {}
        self.forcing = False
        self.app = ""
        self.line = Place("", 0, 0)
        self.evaluation = Evaluation(self.faults, self.scope, self._customizations(), self._external)
        given = dict(options.arguments)
        self.gathering = Gathering(sources=self.sources, evaluation=self.evaluation, given=given)
        document = self.sources.entry(file, text)
        self.frame = Frame(document=document)
        self.root = document.root
        self.scope.namespace(("user", "modifications"))  # what the later project always defines
        self._given()

    def discover(self) -> tuple[str, ...]:
        """The names of the targets that can be found without looking into one."""
        self._gather_root()
        return tuple(self.gathering.targets)

    def run(self) -> Compiled:
        """Compile."""
        self._gather_root()
        chosen = self._choose()
        if chosen is not None:
            self.app = chosen.name.split(".")[0]
            self.gathering.walk(chosen.entry.node, chosen.frame, top=False)
            self.gathering.settle()
            self._several(chosen)
        self.gathering.report()
        self.scope.settle()
        self._command_line()
        self.gathering.check_paths()
        tree = self._tree(chosen)
        meta = self._meta()
        self._force()
        self.faults.stop(self.file)
        try:
            tree, meta = copied(tree), {app: copied(data) for app, data in meta.items()}
        except TooLarge as error:
            self.faults.add(str(error), Place(self.file, 1, 1))
        self.faults.stop(self.file)
        return Compiled(
            tree=tree,
            meta=meta,
            targets=tuple(self.gathering.targets),
            warnings=tuple(self.faults.warnings),
            files=self.sources.files,
            origins=self._origins(chosen),
        )

    def _origins(self, chosen: Found | None) -> dict[str, tuple[Origin, ...]]:
        if not self.options.explained or self.root is None:
            return {}
        node, frame = (chosen.entry.node, chosen.frame) if chosen else (self.root, self.frame)
        return origins_of(self.evaluation, node, frame)

    # --- beginning ---

    def _given(self) -> None:
        for name, value in self.options.variables.items():
            path = tuple(name.split("."))
            self.scope.add(Definition(path=path, place=self.line, origin="given by build-env", value=value))

    def _customizations(self) -> dict[str, tuple[object, ...]]:
        result: dict[str, tuple[object, ...]] = {}
        for name, text in self.options.customizations:
            source = f"-C {name}"
            try:
                node = read_nodes(text, source, self.faults.add, self.faults.warn)
            except Unreadable as error:
                self.faults.add(error.message, Place(source, error.line, error.column))
                continue
            result[name] = (*result.get(name, ()), _plain(node) if text.strip() else None)
        return result

    def _gather_root(self) -> None:
        if self.root is not None:
            self.gathering.walk(self.root, self.frame, top=True)
            self.gathering.settle()
        else:
            self.evaluation.incomplete = True

    def _choose(self) -> Found | None:
        targets, wanted = self.gathering.targets, self.options.target
        if wanted:
            if wanted not in targets and not self.gathering.waiting and not self.evaluation.incomplete:
                there = f"; there are {', '.join(targets)}" if targets else ""
                said = f"there is no target {wanted}{did_you_mean(wanted, targets)}{there}"
                self.faults.add(said, Place(self.file, 1, 1))
            return targets.get(wanted)
        self._several(None)
        return next(iter(targets.values())) if len(targets) == 1 else None

    def _several(self, _chosen: Found | None) -> None:
        targets = self.gathering.targets
        if len(targets) > 1 and not self.options.target:
            said = f"there are several targets, choose one with -t: {', '.join(targets)}"
            self.faults.add(said, next(iter(targets.values())).entry.place)

    def _command_line(self) -> None:
        gathering, seen = self.gathering, set[str]()
        for name, _ in self.options.arguments:
            if name in seen:
                self.faults.add(f"the argument {name} is given twice", self._place(f"-A {name}"))
            elif name not in gathering.arguments and not self.evaluation.incomplete:
                said = (
                    f"the argument {name} is not declared by an otk.argument{did_you_mean(name, gathering.arguments)}"
                )
                self.faults.add(said, self._place(f"-A {name}"))
            seen.add(name)
        missing = [name for name in gathering.arguments if name not in seen]
        if missing:
            place, frame = gathering.arguments[missing[0]]
            said = f"arguments are missing: {', '.join(missing)}; give each with -A name=value"
            self.faults.add(said, place, frame.chain)
        for name, _ in self.options.customizations:
            known = self._customization_names()
            if name not in known and not self.evaluation.incomplete:
                said = f"there is no otk.customization.{name}{did_you_mean(name, known)}"
                self.faults.add(said, self._place(f"-C {name}"))

    def _customization_names(self) -> set[str]:
        names = set(self.gathering.customizations)
        waiting = [found.entry.node for found in self.gathering.targets.values()]
        while waiting:
            node = waiting.pop()
            if isinstance(node, MapNode):
                start = "otk.customization."
                names.update(key.removeprefix(start) for key, _, _ in node if key.startswith(start))
                waiting.extend(inner for _, _, inner in node)
            else:
                waiting.extend(getattr(node, "items", ()))
        return names

    def _place(self, source: str) -> Place:
        return Place(source, 0, 0)

    # --- result ---

    def _tree(self, chosen: Found | None) -> object:
        if self.root is None:
            return Absent.POISON
        tree = drive(self.evaluation.value(self.root, self.frame))
        if not self.gathering.targets:
            return {} if tree is Absent.REMOVED else tree
        if isinstance(tree, dict) and tree:
            self._lonely(tree)
        elif not isinstance(tree, dict | Absent):
            self.faults.add("data stands beside targets", self.root.place)
        if not self.gathering.has_version and chosen is not None:
            self.faults.warn("there is no otk.version: version 1 is assumed", Place(self.file, 1, 1))
        if chosen is None or not isinstance(chosen.entry.node, MapNode):
            return Absent.POISON
        result = drive(self.evaluation.value(chosen.entry.node, chosen.frame))
        return self._finished(result, chosen)

    def _lonely(self, tree: dict[str, object]) -> None:
        place = self.root.place if self.root else self.line
        if isinstance(self.root, MapNode):
            place = next((entry.place for entry in self.root if not entry.key.startswith(PREFIX)), place)
        names = ", ".join(tree)
        self.faults.add(f"top-level keys beside the targets, which would be lost: {names}", place)

    def _finished(self, result: object, chosen: Found) -> object:
        entry, chain = chosen.entry, chosen.frame.chain
        if result is Absent.REMOVED:
            result = {}
        if not isinstance(result, dict):
            if not isinstance(result, Absent):
                self.faults.add(f"{entry.key} must give a map", entry.place, chain)
            return Absent.POISON
        if self.app != _OSBUILD:
            return result
        if "version" in result:
            place = (
                next((one.place for one in entry.node if one.key == "version"), entry.place)
                if isinstance(entry.node, MapNode)
                else entry.place
            )
            self.faults.add(f'{entry.key} must not have a version: build-env adds "version": "2"', place, chain)
        return {**result, "version": "2"}

    def _meta(self) -> dict[str, object]:
        result: dict[str, object] = {}
        places: dict[str, Place] = {}
        for found in self.gathering.meta:
            place = found.entry.place
            if places.setdefault(found.name, place) != place:
                said = f"{found.entry.key} is given twice, first in {places[found.name].location}"
                self.faults.add(said, place, found.frame.chain)
                continue
            data = drive(self.evaluation.value(found.entry.node, found.frame))
            if not isinstance(data, dict | Absent):
                self.faults.add(f"{found.entry.key} must give a map", place, found.frame.chain)
            result[found.name] = {} if data is Absent.REMOVED else data
        return result

    def _force(self) -> None:
        """Evaluate what nothing used, so that its faults are not hidden; another app's programs are not run."""
        self.forcing = True
        for definition in self.scope.every:
            if definition.frame is not None:
                drive(self.evaluation.definition(definition, definition.place, definition.frame))
        self._blocks()

    def _blocks(self) -> None:
        """The names that directives at the top of define blocks gave: no name twice."""
        seen: dict[str, Place] = {}
        for block in self.scope.blocks:
            chain = block.frame.chain if block.frame else ()
            if isinstance(block.value, Absent):
                continue
            if not isinstance(block.value, dict):
                self.faults.add("this gives no map, so it names no variables", block.place, chain)
                continue
            for name in block.value:
                other = seen.get(name) or next((one.place for one in self.scope.ordered.get(name, ())), None)
                if other is not None and not self.options.allow_redefine:
                    self.faults.add(f"{name} is defined twice, first in {other.location}", block.place, chain)
                seen[name] = block.place

    # --- externals ---

    def _external(self, name: str, tree: object, entry: Entry, frame: Frame) -> object:
        key = (id(entry.node), frame)
        if key not in self.answers:
            self.answers[key] = self._asked(name, tree, entry, frame)
        return self.answers[key]

    def _asked(self, name: str, tree: object, entry: Entry, frame: Frame) -> object:
        app, _, rest = name.partition(".")
        if rest and app != self.app and not (app == _OWN_APP and not self.app):
            if not self.forcing:
                now = f"this compiles {self.app}" if self.app else "no target is compiled"
                said = f"{entry.key} runs only for a target of {app}: {now}"
                self.faults.add(said, entry.place, frame.chain)
            return Absent.POISON
        if self.options.externals is None:
            self.faults.add(f"{entry.key} cannot run: programs are switched off", entry.place, frame.chain)
            return Absent.POISON
        try:
            answer = self.options.externals.run(name, copied(tree))
            if answer is REMOVED or (isinstance(answer, dict) and not answer):
                return Absent.REMOVED
            return nodes_of(answer, entry.place)
        except Poisoned:
            return Absent.POISON
        except (ExternalError, TooLarge) as error:
            self.faults.add(f"{entry.key}: {error}", entry.place, frame.chain)
            return Absent.POISON


def _plain(node: Node) -> object:
    """The data of a node in which `$` and `otk.` mean nothing."""
    if isinstance(node, MapNode):
        return {key: _plain(inner) for key, _, inner in node}
    return [_plain(item) for item in node.items] if hasattr(node, "items") else getattr(node, "value", None)
