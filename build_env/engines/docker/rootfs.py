"""Owns the archive that an engine loads as an image: a root file system with its config."""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["image_archive", "image_config"]


def image_config(architecture: str, layer_digest: str, labels: Mapping[str, str]) -> bytes:
    """A config of the Docker image specification 1.2 for one layer."""
    name, variant = ("arm", "v7") if architecture == "armhf" else (architecture, "")
    return json.dumps(
        {
            "architecture": name,
            **({"variant": variant} if variant else {}),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Cmd": ["/bin/sh"],
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "Labels": dict(labels),
            },
            # Podman refuses to build on an image whose history does not account for its layers.
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "build-env bootstrap"}],
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        },
        sort_keys=True,
    ).encode()


def image_archive(layer: Path, config: bytes, tag: str) -> Iterator[bytes]:
    """The tar that `docker load` takes, streamed: config, manifest, the root file system as its one layer."""
    name = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{name}.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
    for part, data in ((f"{name}.json", config), ("manifest.json", manifest)):
        info = tarfile.TarInfo(part)
        info.size = len(data)
        yield info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    info = tarfile.TarInfo("layer.tar")
    info.size = layer.stat().st_size
    yield info.tobuf(tarfile.GNU_FORMAT)
    with layer.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk
    yield bytes(-info.size % 512) + bytes(1024)
