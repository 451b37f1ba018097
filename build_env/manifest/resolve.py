"""Owns the way from an entry file to the data of one target: gather, choose, evaluate, and what else is checked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Declaration, TooMuch, Visit, drive
from build_env.manifest.directives.define import check_definitions
from build_env.manifest.directives.include import check_includes, check_paths, settle_includes
from build_env.manifest.directives.meta import meta_data
from build_env.manifest.directives.target import app_of, check_beside, check_choice, chosen, printed, targets
from build_env.manifest.directives.version import check_version
from build_env.manifest.frames import Frame
from build_env.manifest.nodes import Mapping, Place, Scalar
from build_env.manifest.scope import Definition
from build_env.manifest.trace import Record
from build_env.manifest.walker import Walker, mentioned

if TYPE_CHECKING:
    from collections.abc import Mapping as Data

    from build_env.manifest.compile import CompileOptions
    from build_env.manifest.directives.external import Questions
    from build_env.manifest.sources import Document, Sources
    from build_env.manifest.trace import Origin

__all__ = ["Asked", "Job", "Resolution"]

_NOWHERE = Place("", 0, 0)


@dataclass(kw_only=True)
class Asked:
    """What a manifest asks of the command line, by directive and name, in all targets that were looked at.

    `elsewhere` are names in targets that are not compiled; `complete` when every file could be read.
    """

    declared: defaultdict[str, dict[str, Declaration]] = field(default_factory=lambda: defaultdict(dict))
    elsewhere: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all targets of one compile have in common."""

    document: Document
    sources: Sources
    questions: Questions
    arguments: Data[str, str]
    customizations: Data[str, tuple[object, ...]]
    options: CompileOptions
    asked: Asked = field(default_factory=Asked)


class Resolution:
    """One target of a job, or none; used once. Reports faults to the job's sources."""

    def __init__(self, job: Job, target: str) -> None:
        self.job = job
        self.target = target
        self.walker = Walker(job)
        self.frame = Frame(document=job.document)
        self.data: object = Absent.POISON
        self.record = Record()
        scope = self.walker.scope
        scope.namespace("user", "modifications")  # what the later project always defines
        for name, value in job.options.variables.items():
            path = tuple(name.split("."))
            scope.add(Definition(path=path, place=_NOWHERE, origin="given from outside", value=value))

    def discover(self) -> tuple[str, ...]:
        """The names of the targets that can be found without looking into one."""
        try:
            self._gather_root()
            settle_includes(self.walker, defaults=True)
        except TooMuch as error:
            self.walker.faults.add(*error.args)
        return tuple(targets(self.walker))

    def run(self) -> tuple[object, dict[str, object]]:
        """The data and the meta data; POISON is in what has a fault."""
        walker = self.walker
        try:
            choice = self._gather()
            check_choice(walker, self.target, choice)
            walker.scope.settle()
            self._note_asked(choice)
            check_paths(walker)
            self.data = self._data(choice)
            self.record = walker.trace.last if walker.trace else self.record
            meta = meta_data(walker)
            check_definitions(walker)
        except TooMuch as error:
            walker.faults.add(*error.args)
            self.job.asked.complete = False
            return Absent.POISON, {}
        return self.data, meta

    def origins(self) -> dict[str, tuple[Origin, ...]]:
        """Where the values of the data came from, of a job that is explained."""
        return self.walker.trace.origins(self.data, self.record) if self.walker.trace else {}

    def _gather(self) -> Declaration | None:
        walker = self.walker
        self._gather_root()
        choice = chosen(walker, self.target)
        if choice is None:
            settle_includes(walker, defaults=True)
            choice = chosen(walker, self.target)
        if choice is not None:
            walker.app = app_of(choice)
            walker.gather(Visit(choice.entry.node, choice.frame))
        settle_includes(walker, defaults=True)
        check_includes(walker)
        return choice

    def _gather_root(self) -> None:
        root = self.job.document.root
        if root is None:
            self.walker.variables.incomplete = True
        else:
            self.walker.gather(Visit(root, self.frame, top=True, file_top=True))
            settle_includes(self.walker)

    def _note_asked(self, choice: Declaration | None) -> None:
        """What this target asks of the command line, and what others ask as far as they show it."""
        asked, walker = self.job.asked, self.walker
        for directive, declared in walker.declared.items():
            asked.declared[directive] = {**declared, **asked.declared[directive]}
        others = [target.entry.node for target in targets(walker).values() if target is not choice]
        for directive, names in mentioned(others).items():
            asked.elsewhere[directive] |= names
        asked.complete = asked.complete and not walker.variables.incomplete

    def _data(self, choice: Declaration | None) -> object:
        root, walker = self.job.document.root, self.walker
        if root is None:
            return Absent.POISON
        directives = not isinstance(root, Scalar) and root.directives
        walker.plain = not directives and not self.job.options.as_written
        data = drive(walker.value(root, self.frame))
        if not targets(walker):
            return {} if data is Absent.REMOVED else data
        check_beside(walker, data, root, self.frame)
        if choice is None and self.job.options.only_meta:
            return {}
        if choice is None or not isinstance(choice.entry.node, Mapping):
            return Absent.POISON
        check_version(walker, self.job.document.file)
        return printed(walker, drive(walker.value(choice.entry.node, choice.frame)), choice)
