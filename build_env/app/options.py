"""Owns the options of a run, as the command line says them. Imports little: a quick answer stays quick."""

from __future__ import annotations

from dataclasses import dataclass

from build_env.model.artifact import Isolation

__all__ = ["BuildOptions"]


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """How to run, as the command line says it. `container` is empty, `keep` or `clean`; `memory` is in bytes or 0.

    `timeout` is in seconds, 0 for no limit; without it the setting decides.
    """

    targets: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    native: bool = False
    jobs: int = 2
    memory: int = 0
    keep_going: bool = False
    container: str = ""
    recreate: bool = False
    refresh: bool = False
    install: bool = False
    timeout: float | None = None

    @property
    def images_anew(self) -> bool:
        """Whether target images are made anew, whatever is recorded."""
        return self.recreate or self.refresh

    @property
    def isolation(self) -> Isolation:
        """The rank of the rooms that such a run makes."""
        if self.native:
            return Isolation.NATIVE
        return Isolation.REUSED if self.container else Isolation.FRESH

    @property
    def publishes(self) -> bool:
        """Whether clients get the results: they do only from fresh rooms."""
        return not (self.native or self.container)
