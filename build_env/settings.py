"""Owns the settings of a project: the table of them, where each value comes from, and what is wrong with them.

Each layer wins over those before it: the defaults, `build-env.toml` (the project's, committed),
`.build-env/settings.toml` (this machine's), variables `BUILD_ENV_<NAME>`. Frozen afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

from build_env.core.errors import Fault, InputError, Location
from build_env.core.paths import MARKER
from build_env.core.schema import Path, fitted, located
from build_env.core.shapes import Decimal, Field, Fields, Shape, Table, Text, Truth, Whole
from build_env.core.sizes import SIZE_EXAMPLE, SIZE_PATTERN
from build_env.core.suggest import did_you_mean, nearest
from build_env.core.toml import read_toml
from build_env.model.cache import CACHES, OWN, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.core.paths import ProjectPaths

__all__ = ["LOCAL_SETTINGS", "SETTINGS", "Layer", "SettingValue", "Settings", "load_settings", "setting_values"]

LOCAL_SETTINGS = "settings.toml"
_DEFAULT = "default"
_PREFIX = "BUILD_ENV_"


def _setting(shape: Shape, summary: str, *, default: object) -> Any:  # noqa: ANN401 - it stands for a value
    return field(
        default_factory=lambda: default, metadata={"field": Field(shape=shape, summary=summary, default=default)}
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; `origins` says for each name what set it (`default` where a name is missing)."""

    image_prefix: str = _setting(Text(), "put before the names of all images and containers", default="build-env")
    base_images: Mapping[str, str] = _setting(
        Table(each=Text()),
        "a base image (centos:8 or centos:8/arm64) to the image that is used in its place",
        default={},
    )
    archive_mirror: str = _setting(
        Text(),
        "the host of the archive of releases that left their mirrors (CentOS 8)",
        default="vault.centos.org",
    )
    archive_suffix: str = _setting(
        Text(words="a part of a version", pattern=r"[0-9A-Za-z.+~]*", blank=True),
        "put behind the version of a source package of the distribution, so that apt takes ours where both are equal, "
        "and a newer one of the distribution before ours; empty: the version stays",
        default="+~local1",
    )
    build_jobs: int = _setting(
        Whole(least=1),
        "the number a build passes to make; fixed, so that results do not depend on the machine",
        default=2,
    )
    signing_key: str = _setting(
        Text(blank=True),
        "the GnuPG key that signs repositories; empty: a key of the project's own",
        default="",
    )
    signing_home: str = _setting(
        Text(blank=True),
        "the GnuPG home with that key, relative to the project; empty: your own",
        default="",
    )
    repository_label: str = _setting(
        Text(),
        "Origin and Label of apt repositories; clients remember it, so set it once",
        default="build-env",
    )
    final_versions: bool = _setting(
        Truth(),
        "whether a published version may never be deployed again with other bytes; otherwise that is told",
        default=False,
    )
    timeout: float = _setting(Decimal(), "the seconds that a task may take; 0: no limit", default=0.0)
    engine_timeout: float = _setting(
        Decimal(least=1),
        "the seconds that the engine may take to answer; what takes long anyway, like a pull, gets more",
        default=60.0,
    )
    memory: str = _setting(
        Text(words=SIZE_EXAMPLE, pattern=SIZE_PATTERN, blank=True),
        "what all running tasks together may be expected to use (8G); empty: what the engine's machine has",
        default="",
    )
    room_processes: int = _setting(
        Whole(least=16),
        "how many processes and threads a room may have",
        default=8192,
    )
    room_files: int = _setting(
        Whole(),
        "how many files each process of a room may have open; 0, or more than the engine itself may: as many as that",
        default=16_384,
    )
    room_memory: str = _setting(
        Text(words=SIZE_EXAMPLE, pattern=SIZE_PATTERN, blank=True),
        "the memory that a room may use; empty: what `memory` says, else nine tenths of what the engine's machine has",
        default="",
    )
    room_shared_memory: str = _setting(
        Text(words=SIZE_EXAMPLE, pattern=SIZE_PATTERN),
        "the size of a room's /dev/shm, which counts as memory",
        default="1G",
    )
    room_log: str = _setting(
        Text(words=SIZE_EXAMPLE, pattern=SIZE_PATTERN),
        "how much the commands of a task may print before they are stopped",
        default="4G",
    )
    room_caches: Mapping[str, str] = _setting(
        Table(each=Text(choices=(OWN, SHARED)), keys=Text(choices=tuple(CACHES))),
        f"the caches ({', '.join(CACHES)}) that rooms of packages that ask for them keep: `own`, one for each package, "
        "or `shared`, where each package of a target may change what the others build from it; in no key",
        default={},
    )
    proxies: Mapping[str, str] = _setting(
        Table(each=Text()),
        "proxies for rooms with network: http, https, ftp, all, and no; those of the environment are used without",
        default={},
    )
    retries: int = _setting(
        Whole(),
        "how often a task is tried again when the engine or the network failed, not its own work",
        default=2,
    )
    publish_every: float = _setting(
        Decimal(),
        "the least number of minutes between two switches of the repository while a run goes on; 0: only at its end",
        default=5.0,
    )
    replaces: str = _setting(
        Text(blank=True),
        "essential packages of the distribution that this project means to publish itself, names with blanks between",
        default="",
    )
    outside: str = _setting(
        Text(blank=True),
        "directories outside of the project, absolute and with `:` between them, that links and includes may lead to",
        default="",
    )
    origins: Mapping[str, str] = field(default_factory=dict)


SETTINGS: Final = Fields(
    fields={entry.name: entry.metadata["field"] for entry in fields(Settings) if entry.metadata}, noun="setting"
)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Settings of one origin: a file as it is named from the root, or a variable of the environment."""

    origin: str
    values: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class SettingValue:
    """A setting, or one entry of a table (`base_images.centos:8`), in force: its value and where that comes from.

    `overruled` are the values that lost, as pairs of origin and value, the nearest first; the default is one of them.
    """

    name: str
    value: object
    origin: str
    overruled: tuple[tuple[str, object], ...] = ()


def load_settings(paths: ProjectPaths, environ: Mapping[str, str]) -> Settings:
    """The settings of the project at `paths`. Raises InputError with all faults of all files and variables."""
    settings = Settings()
    for layer in _layers(paths, environ):
        changed: dict[str, Any] = {
            name: {**getattr(settings, name), **value} if isinstance(value, dict) else value
            for name, value in layer.values.items()
        }
        settings = replace(settings, **changed, origins={**settings.origins, **dict.fromkeys(changed, layer.origin)})
    return settings


def setting_values(paths: ProjectPaths, environ: Mapping[str, str]) -> tuple[SettingValue, ...]:
    """Every setting in force, with its origin and who lost. Raises InputError as `load_settings` does."""
    layers = [Layer(origin=_DEFAULT, values={name: entry.default for name, entry in SETTINGS.fields.items()})]
    layers += _layers(paths, environ)
    given: dict[str, list[tuple[str, object]]] = {}
    for name in SETTINGS.fields:
        for layer in reversed(layers):
            value = layer.values.get(name)
            if isinstance(value, dict):
                for key, item in value.items():
                    given.setdefault(f"{name}.{key}", []).append((layer.origin, item))
            elif value is not None:
                given.setdefault(name, []).append((layer.origin, value))
        if not any(known.partition(".")[0] == name for known in given):
            given[name] = [(_DEFAULT, {})]
    return tuple(
        SettingValue(name=name, value=values[0][1], origin=values[0][0], overruled=tuple(values[1:]))
        for name, values in given.items()
    )


def _layers(paths: ProjectPaths, environ: Mapping[str, str]) -> list[Layer]:
    """What was set, the weakest first."""
    layers: list[Layer] = []
    faults: list[Fault] = []
    for file in (paths.root / MARKER, paths.private / LOCAL_SETTINGS):
        if file.is_file():
            shown = str(file.relative_to(paths.root))
            data, places = read_toml(file, shown)
            layers.append(_checked(shown, data, places, faults))
    for variable, name, text in _variables(environ, faults):
        try:
            value = _from_text(SETTINGS.fields[name].shape, text)
        except ValueError as error:
            faults.append(Fault(message=f"{name}: {error}", location=Location(file=variable)))
            continue
        layers.append(_checked(variable, {name: value}, {}, faults))
    if faults:
        raise InputError("the settings cannot be used", faults=tuple(faults))
    return layers


def _checked(origin: str, data: dict[str, Any], places: Mapping[Path, Location], faults: list[Fault]) -> Layer:
    """The layer of `data`, in which nothing is set that was not given."""
    values, misfits = fitted(SETTINGS, data)
    faults += located(misfits, places.get, origin)
    checked = values if isinstance(values, dict) else {}
    return Layer(origin=origin, values={name: checked[name] for name in data if name in checked})


def _variables(environ: Mapping[str, str], faults: list[Fault]) -> Iterator[tuple[str, str, str]]:
    """The variables that set something: their names, the settings' and the texts. An empty one counts as not set.

    Other programs and scripts have variables with the same beginning: only what looks like a slip is a fault.
    """
    own = {f"{_PREFIX}{name.upper()}": name for name in SETTINGS.fields}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or not environ[variable]:
            continue
        if variable in own:
            yield variable, own[variable], environ[variable]
        elif nearest(variable.removeprefix(_PREFIX), [name.upper() for name in SETTINGS.fields]):
            message = f"no setting has this variable{did_you_mean(variable, own)}"
            faults.append(Fault(message=message, location=Location(file=variable)))


def _from_text(shape: Shape, text: str) -> object:
    """The value that the text of a variable means. Raises ValueError for what is no table."""
    match shape:
        case Whole() if re.fullmatch(r"-?[0-9]{1,18}", text):
            return int(text)
        case Decimal() if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text):
            return float(text)
        case Truth() if text in {"true", "false"}:
            return text == "true"
        case Table():
            pairs = [piece.partition("=") for piece in text.split(",")]
            if not all(name.strip() and value.strip() for name, _, value in pairs):
                raise ValueError("NAME=VALUE is expected, several with a comma between them")
            return {name.strip(): value.strip() for name, _, value in pairs}
        case _:
            return text
