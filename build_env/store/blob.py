"""Owns files that hold one remembered value: a checksum, then a pickle, replaced as a whole.

For memories only, whose loss costs time: a file that is damaged, cut short or of another version reads as nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import hashlib
import os
import pickle
from typing import TYPE_CHECKING

from build_env.core.collecting import without_collecting
from build_env.core.locks import held

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_blob", "save_blob", "sweep_blobs"]

_HEAD = b"build-env memory 1\n"
_DIGEST = 32


def load_blob(file: Path) -> object:
    """The remembered value, or None. Whoever can write below `build/` could also replace the built packages."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    start = len(_HEAD) + _DIGEST
    body = memoryview(data)[start:]
    if not data.startswith(_HEAD) or hashlib.sha256(body).digest() != data[len(_HEAD) : start]:
        return None
    try:
        with without_collecting():  # what is read all lives on: looking for garbage takes half as long as reading
            value: object = pickle.loads(body)  # noqa: S301 - the checksum is right: we wrote it
            gc.freeze()  # nor does any later look for garbage go through it
    except Exception:  # noqa: BLE001 - written by a build-env with other classes: pickle may raise anything
        return None
    return value


def save_blob(file: Path, value: object) -> None:
    """Replace the remembered value; a disk that takes no more is no fault of the run."""
    body = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # while it is held, `sweep_blobs` leaves the file alone
            stream.writelines((_HEAD, hashlib.sha256(body).digest(), body))
            stream.flush()
            temporary.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def sweep_blobs(directory: Path) -> None:
    """Remove what killed processes were about to save; if that of a living one goes, it has not saved anything."""
    for entry in directory.glob(".*.[0-9]*"):
        if not held(entry):
            entry.unlink(missing_ok=True)
