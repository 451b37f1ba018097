"""Owns the base images of a project: which are needed, how each stands, making and mapping them, stand-ins included."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from build_env.app.planning import Planner
from build_env.core.canonical import canonical_json, digest_bytes
from build_env.core.errors import BuildEnvError, EnvironmentNotReady, UsageError
from build_env.core.machine import DEBIAN_TO_OCI
from build_env.core.suggest import mistyped
from build_env.images.render import build_context, context_digest, render
from build_env.model.command import ImageBuild, ImageKind
from build_env.plan.select import Request
from build_env.settings import LOCAL_SETTINGS, load_settings
from build_env.setup.facts import BaseFound, BaseNeed, BaseState, Check, Needs, State
from build_env.targets.load import load_target
from build_env.ui.files import write_whole
from build_env.work.snapshot import LocalTrees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from build_env.app.containers import Containers
    from build_env.app.project import Project

__all__ = [
    "at_hand",
    "base_called",
    "make_base",
    "make_stand_in",
    "map_base",
    "needs_of",
    "reload",
    "stand_in_name",
    "state_of",
    "target_needs",
    "unmap_base",
]

# A stand-in is made of this base, whatever it stands in for.
_STAND_IN_BASE = "debian:12"
_STAND_IN_SUITE = "bookworm"
_STAND_IN_FILES = ("Dockerfiles/standin/Dockerfile.j2", "common/standin")


def needs_of(project: Project, names: Sequence[str], *, bare: bool = False) -> Needs:
    """What the targets `names` need for all their architectures; one that cannot be planned becomes a fault.

    `bare` as in `target_needs`.
    """
    needs: list[BaseNeed] = []
    faults: list[Check] = []
    for name in names:
        try:
            listed = load_target(project.paths, name).variables.get("ARCHITECTURES")
            archs = tuple(str(arch) for arch in listed) if isinstance(listed, list | tuple) else ()
            needs += target_needs(project, name, archs, bare=bare)
        except BuildEnvError as error:
            first, *rest = error.lines()
            mend = next((line.strip().removeprefix("next  ") for line in rest if "next" in line), "")
            faults.append(
                Check(name=f"target {name}", purpose="can be planned", state=State.MISSING, text=first, mend=mend)
            )
    return Needs(bases=_joined(needs), families=frozenset(need.family for need in needs), faults=tuple(faults))


def target_needs(
    project: Project, name: str, architectures: tuple[str, ...], *, bare: bool = False
) -> tuple[BaseNeed, ...]:
    """The bases of one target for `architectures` (none: the host's), from the images that its plan contains.

    A target without a package needs nothing; `bare` says that its build images count in any case.
    """
    planner = Planner(
        project=project,
        target_name=name,
        architectures=architectures,
        native=False,
        base_identity=lambda _reference, _architecture: "",
        digest_tree=project.trees.digest,
    )
    scan = planner.scan(Request())
    planned = planner.plan(Request(), None)
    recipes = [*(scan.recipes.values() if scan else ()), *planned.recipes.values()]
    if bare and not recipes:
        for architecture in architectures or (project.host.architecture,):
            planner.images.name(architecture, ImageKind.BUILD)
        recipes = [*planner.images.recipes.values()]
    return _joined(
        BaseNeed(
            reference=recipe.build.base_image,
            architecture=recipe.architecture,
            bootstrap=recipe.build.bootstrap,
            family=planner.target.family,
            targets=(name,),
        )
        for recipe in recipes
    )


def _joined(needs: Iterable[BaseNeed]) -> tuple[BaseNeed, ...]:
    """One entry per base, with all its targets."""
    table: dict[str, BaseNeed] = {}
    for need in needs:
        joined = table.get(need.key, need)
        table[need.key] = replace(joined, targets=tuple(dict.fromkeys((*joined.targets, *need.targets))))
    return tuple(table.values())


def state_of(containers: Containers, need: BaseNeed) -> BaseFound:
    """How a base stands now; asks no registry and makes nothing."""
    try:
        base = containers.bases.find(need.reference, need.architecture)
    except EnvironmentNotReady as error:
        return BaseFound(need=need, state=BaseState.BROKEN, text=error.message)
    if base is None:
        return BaseFound(need=need, state=BaseState.BOOTSTRAP if need.bootstrap else BaseState.PULL)
    mapped = containers.bases.mapped(need.reference, need.architecture)
    state = BaseState.MAPPED if mapped else BaseState.THERE
    return BaseFound(need=need, state=state, image=base.reference, stand_in=base.stand_in)


def at_hand(project: Project, containers: Containers, names: Sequence[str]) -> str:
    """The first of the targets `names` whose bases are here, else the first of all; nothing is made or asked for."""

    def here(name: str) -> bool:
        return all(state_of(containers, need).image for need in target_needs(project, name, (), bare=True))

    return next(filter(here, names), names[0])


def make_base(containers: Containers, need: BaseNeed, output: Callable[[str], None]) -> str:
    """Pull or bootstrap a base; the engine's name for it."""
    return containers.bases.resolve(need.reference, need.architecture, need.bootstrap, output).reference


def base_called(project: Project, reference: str, architecture: str) -> BaseNeed:
    """The base that targets name so, for an architecture that perhaps none of them needs. Raises UsageError."""
    needs = needs_of(project, project.target_names(), bare=True).bases
    fitting = [need for need in needs if need.reference == reference]
    if not fitting:
        listed = ", ".join(dict.fromkeys(need.reference for need in needs))
        bases = [need.reference for need in needs]
        hint = f"bases of the targets: {listed}"
        raise mistyped(f"no target is built on {reference}", reference, bases, hint=hint)
    return replace(fitting[0], architecture=architecture)


def stand_in_name(project: Project, target: str, architecture: str) -> str:
    """The engine's name for the stand-in base of a target."""
    return f"{project.settings.image_prefix}/stand-in:{target.replace('/', '-')}-{architecture}"


def make_stand_in(
    project: Project, containers: Containers, target: str, architecture: str, output: Callable[[str], None]
) -> str:
    """Make the stand-in base for an RPM target from Debian 12; one that is there and up to date stays. Its name."""
    base = containers.bases.resolve(_STAND_IN_BASE, architecture, _STAND_IN_SUITE, output)
    host = project.host.architecture
    dockerfile, context = _STAND_IN_FILES
    build = ImageBuild(
        name="stand-in",
        kind=ImageKind.BUILD,
        dockerfile=dockerfile,
        context=context,
        base_image=base.reference,
        variables={"stand_in_for": target},
        platform="" if architecture == host else f"linux/{DEBIAN_TO_OCI.get(architecture, architecture)}",
    )
    text = render(project.paths, build, architecture, host)
    context = context_digest(project.paths, build, project.trees.digest)
    recipe = {"dockerfile": text, "context": context, "base": base.identity}
    key = digest_bytes(canonical_json(recipe).encode())
    name = stand_in_name(project, target, architecture)
    there = containers.images.describe(name)
    if there and there.labels.get("build-env.key") == key and there.architecture == architecture:
        return name
    output(f"making {name} from {base.reference}")
    files = build_context(project.paths, build)
    with TemporaryDirectory() as scratch:
        trees = LocalTrees(project.trees, Path(scratch))
        containers.images.build(
            dockerfile=text,
            context=trees.entry(files.source, ".", files.leave_out) if files else None,
            object_path=trees.path,
            tag=name,
            arguments={},
            labels={"build-env.key": key, "build-env.dockerfile": dockerfile, "build-env.base": base.identity},
            platform=build.platform,
            output=output,
        )
    return name


def map_base(project: Project, containers: Containers, reference: str, image: str, architecture: str) -> str:
    """Let `image` serve as the base `reference`, for its own architecture; raises when that is not `architecture`.

    The key of the mapping that was written.
    """
    facts = containers.images.describe(image)
    if facts is None:
        raise EnvironmentNotReady(
            f"the engine has no image {image}",
            hint=f"docker pull {image}, or docker load it; docker images lists what is there",
        )
    if architecture and facts.architecture != architecture:
        raise EnvironmentNotReady(
            f"{image} is for {facts.architecture}, not for {architecture}",
            hint=f"name an image for {architecture}, or pass --arch {facts.architecture}",
        )
    key = f"{reference}/{facts.architecture}"
    _change_mappings(project, {key: image}, ())
    return key


def unmap_base(project: Project, reference: str, architecture: str) -> tuple[str, ...]:
    """Forget the mappings of a base on this machine, all or those of one architecture; the keys that went."""
    there = _local_settings(project).get("base_images", {})
    keys = [key for key in there if key == reference or key.startswith(f"{reference}/")]
    if architecture:
        keys = [key for key in keys if key == f"{reference}/{architecture}"]
    if not keys:
        shown = f".build-env/{LOCAL_SETTINGS}"
        raise UsageError(
            f"{shown} maps no base {reference}{f' for {architecture}' if architecture else ''}",
            hint=f"it maps {', '.join(there) or 'nothing'}; what build-env.toml maps is changed there",
        )
    _change_mappings(project, {}, keys)
    return tuple(keys)


def reload(project: Project) -> Project:
    """The project with its settings read again."""
    return replace(project, settings=load_settings(project.paths, project.environ))


def _local_settings(project: Project) -> dict[str, dict[str, str]]:
    """The machine's settings as they are in the file, which is checked before."""
    load_settings(project.paths, project.environ)
    file = project.paths.private / LOCAL_SETTINGS
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _change_mappings(project: Project, added: dict[str, str], removed: Iterable[str]) -> None:
    """Write the file anew, whole or not at all; other settings keep their values."""
    import tomli_w  # noqa: PLC0415 - only here is anything written

    data = _local_settings(project)
    table = {key: image for key, image in data.get("base_images", {}).items() if key not in set(removed)} | added
    data = {**data, "base_images": table}
    if not table:
        del data["base_images"]
    write_whole(project.paths.private / LOCAL_SETTINGS, tomli_w.dumps(data), "base map")
