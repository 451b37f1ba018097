"""Owns the images of a plan: which image each unit needs, and the recipe of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from build_env.core.canonical import digest_data
from build_env.core.errors import EnvironmentNotReady, HookError
from build_env.core.machine import debian_architecture
from build_env.images.render import context_digest, render
from build_env.model.action import ImageRecipe
from build_env.targets.record import call_hook

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.command import ImageKind
    from build_env.model.further import FurtherRepository
    from build_env.targets.record import Env

__all__ = ["ImagePlanner"]

_SHORT = 8


@dataclass
class ImagePlanner:
    """Asks a target's image hooks, once per architecture and kind.

    `base_identity` answers what is known of a base without making it: (reference, architecture) to its identity;
    `digest_tree` answers as `core.trees.Trees.digest`. All images read the further `repositories` of the target;
    `reading` gives the steps of a Dockerfile for that.
    """

    recorder: Callable[[str], Env]
    base_identity: Callable[[str, str], str]
    digest_tree: Callable[..., str]
    reading: Callable[[tuple[FurtherRepository, ...]], str] = lambda _repositories: ""
    repositories: tuple[FurtherRepository, ...] = ()
    recipes: dict[str, ImageRecipe] = field(default_factory=dict)
    _names: dict[tuple[str, str, tuple[FurtherRepository, ...]], str] = field(default_factory=dict)

    def name(self, arch: str, kind: ImageKind, more: tuple[FurtherRepository, ...] = ()) -> str:
        """The image of that kind for tasks that build for `arch`, and read `more` repositories than the target.

        Its recipe is in `recipes` afterwards.
        """
        key = (arch, kind.value, more)
        if key not in self._names:
            self._names[key] = self._ask(arch, kind, more)
        return self._names[key]

    def _ask(self, arch: str, kind: ImageKind, more: tuple[FurtherRepository, ...]) -> str:
        recorder = self.recorder(arch)
        _, record = call_hook(recorder, "docker_image_create", kind)
        images = [image for image in record.images if image.kind is kind]
        if len(images) != 1:
            raise HookError(
                f"docker_image_create of {recorder.loaded.file} must record one {kind.value} image, "
                f"it recorded {len(images)}",
                hint="call env.docker_build_image(DOCKERFILE, kind) once",
            )
        repositories = (*self.repositories, *more)
        places = {each.name: str(each.place) for each in repositories}
        build = replace(images[0], name=_called(images[0].name, more), places=places)
        host = recorder.host_arch
        architecture = debian_architecture(build.platform, host)
        recipe = ImageRecipe(
            build=build,
            architecture=architecture,
            dockerfile=render(recorder.loaded.paths, build, architecture, host) + self.reading(repositories),
            context_digest=context_digest(recorder.loaded.paths, build, self.digest_tree),
            base_identity=self._identity(build.base_image, architecture),
        )
        first = self.recipes.setdefault(build.name, recipe)
        if replace(first, build=replace(first.build, kind=kind)) != recipe:
            raise HookError(
                f"docker_image_create of {recorder.loaded.file} records different images under the name {build.name}",
                hint="let docker_image_name tell them apart",
            )
        return build.name

    def _identity(self, reference: str, architecture: str) -> str:
        try:
            return self.base_identity(reference, architecture)
        except EnvironmentNotReady:
            # Told when the image is made; a plan can be printed without an engine.
            return ""


def _called(name: str, more: tuple[FurtherRepository, ...]) -> str:
    """The name of the image that reads `more`: the same for all who read the same."""
    if not more:
        return name
    what = [replace(each, place=None) for each in more]
    return f"{name}-with-{'-'.join(each.name for each in more)}-{digest_data(what)[:_SHORT]}"


def platform_architecture(recorder: Env) -> str:
    """The architecture of the images that `docker_pre_run` asks for."""
    platform, _ = call_hook(recorder, "docker_pre_run")
    return debian_architecture(cast("str", platform) or "", recorder.host_arch)
