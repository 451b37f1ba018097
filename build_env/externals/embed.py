"""Owns `osbuild.embed-file`: a file or a text as a source that is addressed by its digest, and its mode."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Final

from build_env.core.shapes import Field, Fields, Text
from build_env.externals.program import Context, Program
from build_env.manifest.externals import ExternalError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EMBED_FILE"]

_MOST = 16 << 20  # the content lies in the manifest, so large files are mistakes
_SOURCE = "org.osbuild.inline"


def _embed(arguments: Mapping[str, object], context: Context) -> object:
    path, text = arguments["path"], arguments["text"]
    if (path is None) == (text is None):
        raise ExternalError("give either path or text")
    data, mode = (str(text).encode(), "0644") if path is None else _read(context, str(path))
    identifier = f"sha256:{hashlib.sha256(data).hexdigest()}"
    item = {"encoding": "base64", "data": base64.b64encode(data).decode()}
    return {
        "id": identifier,
        "mode": str(arguments["mode"] or mode),
        "size": len(data),
        "source": {_SOURCE: {"items": {identifier: item}}},
    }


def _read(context: Context, name: str) -> tuple[bytes, str]:
    """The content of a regular file, and 0755 or 0644: other bits depend on who made the checkout."""
    path = context.directory / name
    try:
        # A named pipe or a device would be waited for.
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(number, "rb") as file:
            facts = os.fstat(number)
            if not stat.S_ISREG(facts.st_mode):
                raise ExternalError(f"path: {name} is no file")
            data = file.read(_MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ExternalError(f"path: {name} cannot be read: {why} (looked for {path})") from error
    if len(data) > _MOST:
        raise ExternalError(f"path: {name} is larger than {_MOST >> 20} MiB")
    return data, "0755" if facts.st_mode & stat.S_IXUSR else "0644"


EMBED_FILE: Final = Program(
    name="osbuild.embed-file",
    summary="a file or a text as a source addressed by its digest",
    schema=Fields(
        fields={
            "path": Field(shape=Text(words="a path"), summary="the file; relative: to the folder of the manifest"),
            "text": Field(shape=Text(blank=True), summary="the content itself"),
            "mode": Field(
                shape=Text(words="a mode such as '0644', in quotes", pattern=r"[0-7]{3,4}"),
                summary="the mode, octal, as text; default: 0755 for a file that can be executed, else 0644",
            ),
        }
    ),
    run=_embed,
)
