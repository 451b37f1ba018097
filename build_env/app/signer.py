"""Owns the choice of the key that signs a project's repositories: the one of the settings, or one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.later import imported_later

with imported_later():
    from build_env.publish import signing

if TYPE_CHECKING:
    from build_env.core.paths import ProjectPaths
    from build_env.publish.signing import Signer
    from build_env.settings import Settings

__all__ = ["project_signer"]


def project_signer(settings: Settings, paths: ProjectPaths) -> Signer:
    """The signer, whose key is made when there is none."""
    if settings.signing_key:
        home = paths.root / settings.signing_home if settings.signing_home else None
        return signing.configured_signer(home, settings.signing_key)
    return signing.ensure_project_key(paths.private / "gnupg", f"{settings.repository_label} package repository")
