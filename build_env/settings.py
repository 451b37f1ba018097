"""Owns the settings of a project: their defaults, where each value comes from, and what is wrong with them.

Read from `build-env.toml` (the project's, committed) and `.build-env/settings.toml` (this machine's). Frozen after.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from build_env.core.errors import Fault, InputError, Location
from build_env.core.paths import MARKER
from build_env.core.sizes import SIZE_EXAMPLE, parse_size
from build_env.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from build_env.core.paths import ProjectPaths

__all__ = ["LOCAL_SETTINGS", "Settings", "load_settings"]

LOCAL_SETTINGS = "settings.toml"
_LEAST = {"build_jobs": 1, "timeout": 0, "engine_timeout": 1, "retries": 0}
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)$")
_WORDS = {str: "text", int: "a whole number", float: "a number", dict: "a table"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; `origins` says for each name which file set it (`default` otherwise).

    - `image_prefix`: put before the names of all images and containers.
    - `base_images`: base image (`centos:8` or `centos:8/arm64`) to the image that is used in its place.
    - `archive_mirror`: host of the archive of releases that left their mirrors (CentOS 8).
    - `build_jobs`: the number a build passes to make; fixed, so that results do not depend on the machine.
    - `signing_key`, `signing_home`: a GnuPG key to sign repositories with; empty means the project's own key.
    - `repository_label`: Origin and Label of apt repositories. Clients remember it: set it once.
    - `timeout`: seconds a task may take; 0 means no limit.
    - `engine_timeout`: seconds the engine may take to answer; what takes long anyway, like a pull, gets more.
    - `memory`: what all running tasks together may be expected to use (`8G`); empty: what the engine's machine has.
    - `retries`: how often a task is tried again when the engine or the network failed, not its own work.
    """

    image_prefix: str = "build-env"
    base_images: Mapping[str, str] = field(default_factory=dict)
    archive_mirror: str = "vault.centos.org"
    build_jobs: int = 2
    signing_key: str = ""
    signing_home: str = ""
    repository_label: str = "build-env"
    timeout: float = 0.0
    engine_timeout: float = 60.0
    memory: str = ""
    retries: int = 2
    origins: Mapping[str, str] = field(default_factory=dict)


# The type of each setting is that of its default.
_DEFAULTS: Mapping[str, Any] = {
    entry.name: getattr(Settings(), entry.name) for entry in fields(Settings) if entry.name != "origins"
}


def load_settings(paths: ProjectPaths) -> Settings:
    """The settings of the project at `paths`; raises InputError with all faults of a file at once."""
    settings = Settings()
    for file in (paths.root / MARKER, paths.private / LOCAL_SETTINGS):
        if file.is_file():
            settings = _overlay(settings, file, str(file.relative_to(paths.root)))
    return settings


def _overlay(settings: Settings, file: Path, shown: str) -> Settings:
    text, data = _parse(file, shown)
    faults = [
        Fault(message=problem, location=_place(text, name, shown))
        for name, value in data.items()
        if (problem := _problem(name, value))
    ]
    if faults:
        raise InputError(f"{shown} has settings that cannot be used", faults=tuple(faults))
    changed: dict[str, Any] = {
        name: {**getattr(settings, name), **value} if isinstance(value, dict) else value for name, value in data.items()
    }
    return replace(settings, **changed, origins={**settings.origins, **dict.fromkeys(data, shown)})


def _parse(file: Path, shown: str) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise InputError("this is not UTF-8", location=Location(file=shown)) from error
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.search(str(error))
        where = Location(file=shown, line=int(found[1]), column=int(found[2])) if found else Location(file=shown)
        raise InputError(f"this is not TOML: {_PLACE.sub('', str(error)).strip()}", location=where) from error


def _place(text: str, name: str, shown: str) -> Location:
    """Where `name` is set; the parser does not tell."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(rf"\s*(?:\[\s*)?(?P<key>[\"']?{re.escape(name)}[\"']?)\s*[].=]", line)
        if found:
            return Location(file=shown, line=number, column=found.start("key") + 1)
    return Location(file=shown)


def _problem(name: str, value: object) -> str:
    if name not in _DEFAULTS:
        return f"unknown setting {name}{did_you_mean(name, _DEFAULTS)}"
    wanted = type(_DEFAULTS[name])
    accepted = (int, float) if wanted is float else wanted
    if not isinstance(value, accepted) or isinstance(value, bool):
        return f"{name} must be {_WORDS[wanted]}"
    if isinstance(value, dict) and not all(isinstance(item, str) for item in value.values()):
        return f"the values of {name} must be text"
    if name == "memory" and value and parse_size(str(value)) is None:
        return f"{name} must be {SIZE_EXAMPLE}"
    if isinstance(value, int | float) and not _LEAST[name] <= value < float("inf"):
        return f"{name} must be {_LEAST[name]} or more"
    return ""
