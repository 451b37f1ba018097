from __future__ import annotations

import pytest

from build_env.images.unused import last_use, unused_images, unused_layers, unused_untagged
from build_env.model.garbage import LAYER_IMAGE, EngineImage, LayerLimit

SINCE = 100.0
KEYS = {name: name * 64 for name in "abcd"}


def layer(name: str, *, created: float = 1.0, size: int = 10) -> EngineImage:
    tag = f"prefix/layer:{KEYS[name][:16]}"
    return EngineImage(identifier=name, tags=(tag,), role=LAYER_IMAGE, created=created, size=size)


def image(*tags: str, created: float = 1.0, role: str = "target-image") -> EngineImage:
    return EngineImage(identifier="i", tags=tags, role=role, created=created, size=1)


def gone(*layers: EngineImage, uses: dict[str, float], needed: str = "", limit: LayerLimit | None = None) -> str:
    by_key = {KEYS[name]: time for name, time in uses.items()}
    wanted = {KEYS[name] for name in needed}
    return "".join(item.identifier for item in unused_layers(layers, by_key, wanted, SINCE, limit or LayerLimit()))


def test_a_layer_stays_while_it_is_needed_or_was_used_lately() -> None:
    layers = [layer(name) for name in "abcd"]
    assert gone(*layers, uses={"a": 150.0, "b": 50.0, "c": 50.0}, needed="c") == "bd"


def test_a_layer_that_was_made_lately_stays_though_nothing_used_it() -> None:
    assert gone(layer("a", created=150.0), uses={}) == ""
    assert last_use(layer("a", created=150.0), {KEYS["a"]: 120.0}) == 150.0


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (LayerLimit(count=2), "cd"),
        (LayerLimit(count=0), ""),
        (LayerLimit(size=25), "cd"),
        (LayerLimit(size=9), ""),
        (LayerLimit(size=40), "abcd"),
    ],
)
def test_of_what_may_stay_the_longest_unused_goes_beyond_the_limit(limit: LayerLimit, left: str) -> None:
    layers = [layer(name) for name in "abcd"]
    found = gone(*layers, uses={"a": 50.0, "b": 101.0, "c": 102.0, "d": 103.0}, needed="abcd", limit=limit)
    assert set("abcd") - set(found) == set(left)


def test_a_foreign_name_makes_no_layer_of_an_image() -> None:
    other = EngineImage(identifier="x", tags=("mine/other:1",), role=LAYER_IMAGE, created=1.0, size=1)
    assert gone(other, uses={}) == ""


def test_target_images_stay_while_a_result_names_them() -> None:
    images = [image("p/debian-12:1"), image("p/debian-12:2"), image("p/debian-12:3", created=150.0), layer("a")]
    assert unused_images(images, {"p/debian-12:1"}, SINCE) == [images[1]]


def test_what_lost_its_name_goes_when_it_is_old() -> None:
    images = [image(), image(created=150.0, role="room"), image("p/debian-12:1"), image(role="image")]
    assert unused_untagged(images, SINCE) == [images[0], images[3]]
