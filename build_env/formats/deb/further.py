"""Owns the files that make apt read a further repository: its source with its key, and its pin."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from build_env.formats.further import Further

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from build_env.model.further import FurtherRepository

__all__ = ["FURTHER"]

# Names by which a release may be called that has another name of its own: no pin by name means this repository alone.
_MOVING = frozenset({"stable", "oldstable", "oldoldstable", "testing", "unstable", "devel"})


def _check(repository: FurtherRepository) -> str:
    if repository.module or repository.whole:
        return "`module` and `signed` are for repositories of dnf"
    missing = [word for word, value in _needed(repository).items() if not value]
    if missing:
        return f"a repository of apt needs {' and '.join(f'`{word}`' for word in missing)}"
    if any(suite.endswith("/") for suite in repository.suites) and repository.components:
        return "a flat repository (its suite ends with /) has no components"
    return ""


def _needed(repository: FurtherRepository) -> Mapping[str, object]:
    return {"url": repository.url, "suites": repository.suites, "key": repository.key}


def _files(repository: FurtherRepository, suites: Collection[str]) -> Mapping[str, str]:
    """The source (deb822), the key that alone may sign it, and the pin where a priority is given."""
    key = f"/etc/apt/keyrings/build-env-{repository.name}.asc"
    fields = {
        "Types": "deb",
        "URIs": repository.url,
        "Suites": " ".join(repository.suites),
        "Components": " ".join(repository.components) or _usual_component(repository),
        "Signed-By": key,
    }
    source = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    files = {key: repository.key, _source(repository): source}
    if repository.priority:
        files[f"/etc/apt/preferences.d/build-env-{repository.name}"] = "\n".join(_pins(repository, suites))
    return files


def _usual_component(repository: FurtherRepository) -> str:
    return "" if any(suite.endswith("/") for suite in repository.suites) else "main"


def _pins(repository: FurtherRepository, suites: Collection[str]) -> list[str]:
    """One pin for each suite, by its name, which also tells backports apart on the distribution's own mirror.

    A suite that the distribution has too is pinned by the host instead.
    """
    shared = any(suite in suites or suite in _MOVING or suite.endswith("/") for suite in repository.suites)
    names = [f'origin "{urlsplit(repository.url).hostname or ""}"'] if shared else []
    names = names or [f"release {field}={suite}" for suite in repository.suites for field in ("n", "a")]
    return [f"Package: *\nPin: {name}\nPin-Priority: {repository.priority}\n" for name in names]


def _commands(repository: FurtherRepository) -> Sequence[str]:
    """Fetch this index alone: that of the distribution stays as it was pinned."""
    only = f"-o Dir::Etc::sourcelist={_source(repository)} -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0"
    return (f"apt-get update {only} -o APT::Update::Error-Mode=any",)


def _source(repository: FurtherRepository) -> str:
    return f"/etc/apt/sources.list.d/build-env-{repository.name}.sources"


FURTHER = Further(check=_check, files=_files, commands=_commands)
