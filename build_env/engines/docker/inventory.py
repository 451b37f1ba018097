"""Owns what is installed in an image: a container of it is asked once, then the image's own label says it.

The label is part of the image's identifier, so it cannot come to speak of another image.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady
from build_env.engines.docker.connection import INVENTORY, NO_HANDLER, no_handler
from build_env.engines.docker.containers import Container
from build_env.engines.layout import DIGEST_INDEX, HOST_NAME, LIST_PACKAGES
from build_env.model.image import ImageInventory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.engines.docker.fresh import FreshContainers

__all__ = ["asked", "kept", "label_of"]

_LONGEST = 48 << 10  # the engine's reader of Dockerfiles takes no line above 64 KiB
_MOST = 64 << 20


def asked(fresh: FreshContainers, reference: str, labels: Mapping[str, str]) -> ImageInventory:
    """The answer of a container of the image, which carries `labels`. Raises EnvironmentNotReady when there is none."""
    listing, complaints = bytearray(), bytearray()
    container = Container(
        image=reference,
        command=["/bin/sh", "-c", f"{LIST_PACKAGES}; echo; {DIGEST_INDEX}"],
        labels=labels,
        host_name=HOST_NAME,
    )

    def told(is_error: bool, data: bytes) -> None:  # noqa: FBT001 - as `listen` gives it
        (complaints if is_error else listing).extend(data)

    with fresh.made(container) as room:
        status = fresh.listen(room, told)
    if NO_HANDLER.encode() in complaints:
        raise no_handler(NO_HANDLER)
    if status:
        words = bytes(complaints or listing).decode(errors="replace").strip()
        raise EnvironmentNotReady(
            f"the packages of {reference} cannot be listed: {words or status}",
            hint="an image needs find, sort and sha256sum",
        )
    packages, _, index = bytes(listing).decode(errors="replace").partition("\n\n")
    return ImageInventory(packages=f"{packages.strip()}\n", index=index.split(maxsplit=1)[0])


def label_of(inventory: ImageInventory) -> str:
    """The label's value; empty for what is too long to be one."""
    packed = zlib.compress(f"{inventory.index}\n{inventory.packages}".encode())
    value = base64.b64encode(packed).decode()
    return value if len(value) <= _LONGEST else ""


def kept(labels: Mapping[str, str]) -> ImageInventory | None:
    """What the labels of an image say, None when they say nothing that can be read."""
    unpacker = zlib.decompressobj()
    try:
        packed = base64.b64decode(labels.get(INVENTORY, ""), validate=True)
        text = unpacker.decompress(packed, _MOST).decode()
    except (binascii.Error, ValueError, zlib.error):
        return None
    index, _, packages = text.partition("\n")
    return ImageInventory(packages=packages, index=index) if packages and unpacker.eof else None
