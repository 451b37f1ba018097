"""Owns the way from an entry file to the data of one target: gather, choose, evaluate, and what else is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, TooMuch
from build_env.manifest.evaluate import Evaluation, drive
from build_env.manifest.frames import Frame
from build_env.manifest.gather import Found, Gathering
from build_env.manifest.given import Asked, mentioned
from build_env.manifest.inclusions import Inclusions
from build_env.manifest.names import no_name
from build_env.manifest.nodes import Mapping, Place, Scalar, plain
from build_env.manifest.output import added_origins, check_beside, finished
from build_env.manifest.scope import Definition, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping as Data

    from build_env.manifest.faults import Faults
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.programs import Questions
    from build_env.manifest.provenance import Origin
    from build_env.manifest.sources import Document, Sources

__all__ = ["Job", "Resolution"]

_OWN_APP = "build-env"
_NOWHERE = Place("", 0, 0)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all targets of one compile have in common."""

    document: Document
    sources: Sources
    questions: Questions
    arguments: Data[str, str]
    customizations: Data[str, tuple[object, ...]]
    variables: Data[str, object]
    allow_redefine: bool
    only_meta: bool = False
    asked: Asked = field(default_factory=Asked)


class Resolution:
    """One target of a job, or none; used once. Reports faults to the job's sources."""

    def __init__(self, job: Job, target: str) -> None:
        self.job = job
        self.target = target
        self.app = ""
        self.forcing = False
        self.chosen: Found | None = None
        faults = job.sources.faults
        self.scope = Scope(faults=faults, allow_redefine=job.allow_redefine)
        self.evaluation = Evaluation(faults, self.scope, job.customizations, self._external)
        self.inclusions = Inclusions(sources=job.sources, evaluation=self.evaluation)
        self.gathering = Gathering(inclusions=self.inclusions, evaluation=self.evaluation, given=job.arguments)
        self.frame = Frame(document=job.document)
        self.scope.namespace("user", "modifications")  # what the later project always defines
        for name, value in job.variables.items():
            path = tuple(name.split("."))
            self.scope.add(Definition(path=path, place=_NOWHERE, origin="given from outside", value=value))

    def discover(self) -> tuple[str, ...]:
        """The names of the targets that can be found without looking into one."""
        try:
            self._gather_root()
            self.gathering.settle(defaults=True)
        except TooMuch as error:
            self._faults.add(error.message, error.place, error.chain)
        return tuple(self.gathering.targets)

    def run(self) -> tuple[object, dict[str, object]]:
        """The data and the meta data; POISON is in what has a fault."""
        try:
            self._gather()
            self._check_choice()
            self.scope.settle()
            self._note_asked()
            self.inclusions.check_paths()
            tree, meta = self._tree(), self._meta()
            self._force()
        except TooMuch as error:
            self._faults.add(error.message, error.place, error.chain)
            self.job.asked.complete = False
            return Absent.POISON, {}
        return tree, meta

    def origins(self) -> dict[str, tuple[Origin, ...]]:
        """Where the values of the data came from; nothing where that would take too long."""
        from build_env.manifest.provenance import origins_of  # noqa: PLC0415 - only what is explained needs it

        self.evaluation.values = self.evaluation.characters = 0
        node = self.chosen.entry.node if self.chosen else self.job.document.root
        frame = self.chosen.frame if self.chosen else self.frame
        try:
            found = origins_of(self.evaluation, node, frame) if node is not None else {}
        except TooMuch:
            return {}
        return {**added_origins(self.app, self.chosen), **found} if self.chosen else found

    # --- gather and choose ---

    def _gather(self) -> None:
        self._gather_root()
        self.chosen = self._wanted()
        if self.chosen is None:
            self.gathering.settle(defaults=True)
            self.chosen = self._wanted()
        if self.chosen is not None:
            self.app = self.chosen.name.split(".")[0]
            self.gathering.walk(self.chosen.entry.node, self.chosen.frame, top=False)
        self.gathering.settle(defaults=True)
        self.inclusions.report()

    def _gather_root(self) -> None:
        root = self.job.document.root
        if root is None:
            self.evaluation.variables.incomplete = True
        else:
            self.gathering.walk(root, self.frame, top=True)
            self.gathering.settle()

    def _wanted(self) -> Found | None:
        targets = self.gathering.targets
        if self.target:
            return targets.get(self.target)
        return next(iter(targets.values())) if len(targets) == 1 else None

    def _check_choice(self) -> None:
        targets, faults = self.gathering.targets, self._faults
        if self.target and self.chosen is None and not self.evaluation.variables.incomplete:
            there = f"; there are {', '.join(targets)}" if targets else ""
            said = f"there is no target {self.target}{did_you_mean(self.target, targets)}{there}"
            faults.add(said, Place(self.job.document.file, 1, 1))
        elif not self.target and len(targets) > 1 and not self.job.only_meta:
            said = f"there are several targets, choose one with -t: {', '.join(targets)}"
            first = next(iter(targets.values()))
            faults.add(said, first.entry.place, first.frame.chain)

    def _note_asked(self) -> None:
        """What this target asks of the command line, and what others ask as far as they show it."""
        asked, gathering = self.job.asked, self.gathering
        others = [found.entry.node for found in gathering.targets.values() if found is not self.chosen]
        arguments, customizations = mentioned(others)
        for name, where in gathering.arguments.items():
            asked.arguments.setdefault(name, where)
        asked.elsewhere |= arguments
        asked.customizations |= gathering.customizations | customizations
        asked.complete = asked.complete and not self.evaluation.variables.incomplete

    # --- evaluate ---

    def _tree(self) -> object:
        root = self.job.document.root
        if root is None:
            return Absent.POISON
        if not self.job.sources.as_written and (isinstance(root, Scalar) or not root.directives):
            return plain(root)  # no manifest: `$` is text
        tree = drive(self.evaluation.value(root, self.frame))
        if not self.gathering.targets:
            return {} if tree is Absent.REMOVED else tree
        check_beside(self.evaluation, tree, root, self.frame)
        if self.chosen is None and self.job.only_meta:
            return {}
        if self.chosen is None or not isinstance(self.chosen.entry.node, Mapping):
            return Absent.POISON
        if not self.gathering.has_version:
            self._faults.warn("there is no otk.version: version 1 is assumed", Place(self.job.document.file, 1, 1))
        result = drive(self.evaluation.value(self.chosen.entry.node, self.chosen.frame))
        return finished(self._faults, result, self.app, self.chosen)

    def _meta(self) -> dict[str, object]:
        result: dict[str, object] = {}
        places: dict[str, Place] = {}
        for found in self.gathering.meta:
            place = found.entry.place
            if places.setdefault(found.name, place) != place:
                said = f"{found.entry.key} is given twice, first in {places[found.name].location}"
                self._faults.add(said, place, found.frame.chain)
                continue
            data = drive(self.evaluation.value(found.entry.node, found.frame))
            if not isinstance(data, dict | Absent) and isinstance(found.entry.node, Mapping):
                self._faults.add(f"{found.entry.key} must give a map", place, found.frame.chain)
            result[found.name] = {} if data is Absent.REMOVED else data
        return result

    def _force(self) -> None:
        """Evaluate what nothing used, so that its faults are not hidden; another app's programs are not run."""
        self.forcing = True
        for definition in self.scope.every:
            if definition.frame is not None:
                drive(self.evaluation.variables.definition(definition, definition.place, definition.frame))
        self._check_blocks()

    def _check_blocks(self) -> None:
        """The names that directives at the top of define blocks gave: no name twice."""
        seen: dict[str, Place] = {}
        for block in self.scope.blocks:
            chain = block.frame.chain if block.frame else ()
            if isinstance(block.value, Absent):
                continue
            if not isinstance(block.value, dict):
                self._faults.add("this gives no map, so it names no variables", block.place, chain)
                continue
            for name in block.value:
                if wrong := no_name(name):
                    self._faults.add(wrong, block.place, chain)
                other = seen.get(name) or next((one.place for one in self.scope.ordered.get(name, ())), None)
                if other is not None:
                    report = self._faults.warn if self.job.allow_redefine else self._faults.add
                    report(f"{name} is defined twice, first in {other.location}", block.place, chain)
                seen[name] = block.place

    # --- programs ---

    @property
    def _faults(self) -> Faults:
        return self.job.sources.faults

    def _external(self, faults: Faults, name: str, tree: object, entry: Entry, frame: Frame) -> Node | Absent:
        app, _, rest = name.partition(".")
        if rest and app not in {self.app, _OWN_APP}:
            if not self.forcing:
                now = f"this compiles {self.app}" if self.app else "no target is compiled"
                said = f"{entry.key} runs only for a target of {app}: {now}"
                faults.add(said, entry.place, frame.chain)
            return Absent.POISON
        answer = self.job.questions.ask(name, tree, entry)
        if isinstance(answer, str):
            faults.add(answer, entry.place, frame.chain)
            return Absent.POISON
        return answer
