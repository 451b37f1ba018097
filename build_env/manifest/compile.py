"""Owns the compile of a manifest: one entry file and the options of one call to data. The language's only entrance.

Writes nothing and prints nothing; programs are run by the runner it is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.collecting import without_collecting
from build_env.manifest.directives.argument import check_arguments
from build_env.manifest.directives.customization import Customization, check_customizations, parsed
from build_env.manifest.directives.external import Questions
from build_env.manifest.directives.target import targets
from build_env.manifest.externals import ExternalError, ExternalRunner
from build_env.manifest.nodes import Place
from build_env.manifest.resolve import Job, Resolution
from build_env.manifest.results import Poisoned, TooLarge, copied
from build_env.manifest.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.core.bounds import Bounds
    from build_env.core.errors import Fault
    from build_env.manifest.trace import Origin

__all__ = [
    "CompileOptions",
    "Compiled",
    "Customization",
    "ExternalError",
    "ExternalRunner",
    "compile_manifest",
]


@dataclass(frozen=True, kw_only=True)
class CompileOptions:
    """What the caller decides: the options of `build-env manifest compile`.

    Without `output` all targets are checked. `explained` asks for origins, too. With `only_meta` the data of targets is
    not asked for, so that none of several need be chosen. With `as_written` scalars of files are the text that is
    written, and `$` means a variable in a file without directives, too. With `bounds` no file is read out of them.
    """

    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    customizations: tuple[Customization | tuple[str, str], ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    allow_redefine: bool = False
    externals: ExternalRunner | None = None
    output: bool = True
    explained: bool = False
    only_meta: bool = False
    as_written: bool = False
    bounds: Bounds | None = None


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The data of a manifest, of its first target where all are checked, and what is known about it."""

    tree: object
    meta: Mapping[str, object]
    targets: tuple[str, ...]
    warnings: tuple[Fault, ...]
    files: tuple[str, ...]
    origins: Mapping[str, tuple[Origin, ...]]


def compile_manifest(file: str, text: str, options: CompileOptions) -> Compiled:
    """The data of `text`, the content of `file`; raises ManifestError with everything that is wrong."""
    with without_collecting():
        return _compiled(file, text, options)


def _compiled(file: str, text: str, options: CompileOptions) -> Compiled:
    sources = Sources(as_written=options.as_written, bounds=options.bounds)
    faults = sources.faults
    customizations = [Customization(*given) for given in options.customizations]
    job = Job(
        document=sources.entry(file, text),
        sources=sources,
        questions=Questions(options.externals),
        arguments=dict(options.arguments),
        customizations=parsed(customizations, sources),
        options=options,
    )
    resolutions = [Resolution(job, target) for target in _chosen(job)]
    results = [resolution.run() for resolution in resolutions]
    check_arguments(faults, options.arguments, job.asked)
    check_customizations(faults, customizations, job.asked)
    faults.stop(file)
    copies: list[tuple[object, dict[str, object]]] = []
    try:
        copies = [(copied(tree), {app: copied(data) for app, data in meta.items()}) for tree, meta in results]
    except TooLarge as error:
        faults.add(str(error), Place(file, 1, 1))
    except Poisoned:
        faults.add("this cannot be compiled, and build-env cannot say why: that is a defect of it", Place(file, 1, 1))
    faults.stop(file)
    first, (tree, meta) = resolutions[0], copies[0]
    return Compiled(
        tree=tree,
        meta=meta,
        targets=tuple(targets(first.walker)),
        warnings=tuple(faults.warnings),
        files=tuple(sources.files),
        origins=first.origins(),
    )


def _chosen(job: Job) -> tuple[str, ...]:
    """What is resolved, one after the other; an empty name is the only target, or none."""
    if job.options.target or job.options.output:
        return (job.options.target,)
    return Resolution(job, "").discover() or ("",)
