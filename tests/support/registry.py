"""Owns a registry of one tiny image that changes when a test says so: the engine pulls from it for real."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Registry", "registry"]

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass
class Registry:
    """What is served at `address`: the image `address/tiny:1`, as it was put last."""

    address: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifest: bytes = b""

    @property
    def image(self) -> str:
        """The image's reference."""
        return f"{self.address}/tiny:1"

    def put(self, text: str, architecture: str = "amd64") -> str:
        """Serve an image with one file that has this text; the identifier that engines give it."""
        layer = _archive(text)
        packed = gzip.compress(layer, mtime=0)
        rootfs = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
        config = json.dumps({"architecture": architecture, "os": "linux", "config": {}, "rootfs": rootfs}).encode()
        content = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._kept(config, _CONFIG),
            "layers": [self._kept(packed, _LAYER)],
        }
        self.manifest = json.dumps(content).encode()
        return str(content["config"]["digest"])  # type: ignore[index]  # a map

    def _kept(self, data: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = data
        return {"mediaType": kind, "size": len(data), "digest": digest}


class _Handler(BaseHTTPRequestHandler):
    """The part of the protocol that pulls need."""

    def __init__(self, served: Registry, *arguments: Any) -> None:  # noqa: ANN401 - the base's
        self.served = served
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer with a manifest or a blob."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """The same without its bytes."""
        self._answer(body=False)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def _answer(self, *, body: bool) -> None:
        kind = _MANIFEST if "/manifests/" in self.path else "application/octet-stream"
        data = self.served.manifest if kind == _MANIFEST else self.served.blobs.get(self.path.rpartition("/")[2], b"")
        self.send_response(200 if data or self.path == "/v2/" else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(data).hexdigest()}")
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.end_headers()
        if body:
            self.wfile.write(data)


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry on this machine, which answers as long as the context lasts."""
    served = Registry(address="")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, served)) as server:
        served.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def _archive(text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("text")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
