"""Owns target images and build-dependency layers: made once per key by one builder, however many tasks ask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.core.canonical import canonical_json, digest_bytes
from build_env.images.render import with_base
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.room import RoomOutcome
from build_env.plan.keys import IMAGE_FACTS, INDEX_FACTS, INSTALLED, image_inputs, image_key, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.images.bases import Base, Bases
    from build_env.model.action import ImageRecipe
    from build_env.model.image import ImageDescription
    from build_env.model.room import RoomEntry, RoomSpec
    from build_env.ports import ImageEngine, Objects

__all__ = ["TargetImages"]

_SHORT = 16
_KEY_LABEL = "build-env.key"
_PROJECT_LABEL = "build-env.project"


@dataclass
class TargetImages:
    """Makes what rooms are made from. `layer_prefix` begins the names of layers; images have that of their recipe."""

    images: ImageEngine
    bases: Bases
    store: Objects
    layer_prefix: str

    def tag(self, recipe: ImageRecipe, key: str) -> str:
        """The engine's name for the image with that key."""
        return f"{recipe.build.prefix}/{recipe.build.name}:{key[:_SHORT]}"

    def cancel(self) -> None:
        """End what is being made; callable from any thread."""
        self.bases.cancel()
        self.images.cancel()

    def has(self, stored: StoredResult) -> bool:
        """Whether the engine has still exactly the recorded image."""
        description = self.images.describe(stored.facts["tag"])
        return description is not None and description.identifier == stored.facts["image"]

    def make(
        self,
        recipe: ImageRecipe,
        context: RoomEntry | None,
        output: Callable[[str], None],
        *,
        anew: bool,
        pulled: bool = False,
    ) -> StoredResult:
        """Resolve the base and build the image; the result's artifact is its identity for the keys of dependents.

        With the base resolved the image may turn out to be there, made by this checkout or by another one: the key
        says what it was made from. `context` is a tree of the store. `anew` builds it all the same, `pulled` asks the
        registry for a base that is there.
        """
        build = recipe.build
        if pulled:
            self.bases.renew(build.base_image, recipe.architecture, output)
        base = self.bases.resolve(build.base_image, recipe.architecture, build.bootstrap, output)
        recipe = replace(recipe, base_identity=base.identity)
        key = image_key(recipe)
        description = None if anew else self.images.describe(self.tag(recipe, key))
        if description and description.labels.get(_KEY_LABEL) == key:
            output(f"{self.tag(recipe, key)} is there")
        else:
            description = self._build(recipe, key, context, base, output)
        return self._result(recipe, key, description, base)

    def _build(
        self, recipe: ImageRecipe, key: str, context: RoomEntry | None, base: Base, output: Callable[[str], None]
    ) -> ImageDescription:
        build = recipe.build
        labels = {
            _KEY_LABEL: key,
            "build-env.target-image": build.name,
            "build-env.dockerfile": build.dockerfile,
            "build-env.base": f"{build.base_image} {base.identity}",
        }
        return self.images.build(
            dockerfile=with_base(recipe.dockerfile, build.base_image, base.reference),
            context=context,
            object_path=lambda digest: self.store.path(Artifact(name="", digest=digest, size=0)),
            tag=self.tag(recipe, key),
            arguments={"PREFIX": build.prefix, **build.arguments},
            labels=labels,
            platform=build.platform,
            output=output,
        )

    def _result(self, recipe: ImageRecipe, key: str, description: ImageDescription, base: Base) -> StoredResult:
        inventory = self.images.inventory(self.tag(recipe, key))
        # Without its name: what two targets make alike is the same to all that is built on it.
        recipe_digest = key_of({name: value for name, value in image_inputs(recipe).items() if name != "name"})
        identity = {"recipe": recipe_digest, "packages": digest_bytes(inventory.packages.encode())}
        return StoredResult(
            key=key,
            artifacts=(
                self.store.put(IMAGE_FACTS, canonical_json(identity).encode()),
                self.store.put(INDEX_FACTS, canonical_json({"index": inventory.index}).encode()),
                self.store.put(INSTALLED, inventory.packages.encode()),
            ),
            isolation=Isolation.FRESH,
            seconds=0.0,
            inputs=image_inputs(recipe),
            facts={"image": description.identifier, "tag": self.tag(recipe, key), "stand-in": base.stand_in},
        )

    def layer_tag(self, spec: RoomSpec) -> str:
        """The engine's name for the layer that `spec` makes."""
        return f"{self.layer_prefix}/layer:{spec.layer_key[:_SHORT]}"

    def layer(self, spec: RoomSpec, output: Callable[[str], None], *, anew: bool) -> RoomOutcome:
        """Make the layer of `spec`; `spec.collect` gets the list of what it holds, and the packages fetched for it.

        Another checkout may have made it: then only the list is there to be had, unless it is to be made `anew`. One of
        this checkout that comes here was never recorded, because its run was killed: what was fetched for it is lost.
        """
        tag = self.layer_tag(spec)
        there = self.images.describe(tag)
        if anew or there is None or there.labels.get(_PROJECT_LABEL) == spec.labels["project"]:
            return self.images.commit_layer(spec, tag, output)
        output(f"{tag} is there")
        (spec.collect / INSTALLED).write_text(self.images.inventory(tag).packages, encoding="utf-8")
        return RoomOutcome(status=0)
