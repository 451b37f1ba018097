"""Owns the files that make dnf read a further repository, with its key; and the modules that are enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.further import Further

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from build_env.model.further import FurtherRepository

__all__ = ["FURTHER"]

_HIGHEST = 99  # of dnf's priorities, of which the lowest is preferred


def _check(repository: FurtherRepository) -> str:
    if repository.suites or repository.components:
        return "`suites` and `components` are for repositories of apt"
    if not (repository.url or repository.module):
        return "a repository of dnf needs `url`, or `module`"
    if bool(repository.url) != bool(repository.key):
        return "`url` and `key` go together: packages of no repository are taken without their signature checked"
    if repository.priority > _HIGHEST:
        return f"priorities of dnf end with {_HIGHEST}"
    return ""


def _files(repository: FurtherRepository, suites: Collection[str]) -> Mapping[str, str]:  # noqa: ARG001 - as formats answer
    if not repository.url:
        return {}
    key = f"/etc/pki/rpm-gpg/build-env-{repository.name}.asc"
    settings = {
        "name": repository.name,
        "baseurl": repository.url,
        "enabled": 1,
        "gpgcheck": 1,
        "repo_gpgcheck": int(repository.whole),
        "gpgkey": f"file://{key}",
        "skip_if_unavailable": 0,
        **({"priority": repository.priority} if repository.priority else {}),
    }
    lines = [f"[{_called(repository)}]", *(f"{name}={value}" for name, value in settings.items())]
    return {key: repository.key, f"/etc/yum.repos.d/{_called(repository)}.repo": "\n".join(lines) + "\n"}


def _commands(repository: FurtherRepository) -> Sequence[str]:
    commands = []
    if repository.url:
        commands.append(f"dnf -y --disablerepo='*' --enablerepo={_called(repository)} makecache")
    if repository.module:
        commands.append(f"dnf -y --setopt='*.metadata_expire=never' module enable {repository.module}")
    return commands


def _called(repository: FurtherRepository) -> str:
    return f"build-env-{repository.name}"


FURTHER = Further(check=_check, files=_files, commands=_commands)
