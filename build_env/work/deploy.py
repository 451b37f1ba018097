"""Owns tasks that have an effect on what users get: packages in a repository, archives. The publisher does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.artifact import Isolation, StoredResult
from build_env.work.kind import Done, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from build_env.model.work import Work
    from build_env.work.kind import Hands

__all__ = ["Deploy", "Effect", "Tar"]


class Effect(Kind):
    """What was done is looked up where it took place; the store has no result of it."""

    effect = True
    usual_seconds = 1.0

    def find(self, work: Work, hands: Hands) -> StoredResult | None:
        """See `Kind.find`."""
        return _as_result(work) if hands.publisher.holds(work) else None

    def reason(self, work: Work, hands: Hands) -> str:  # noqa: ARG002 - nothing is recorded that could differ
        """See `Kind.reason`."""
        return "not deployed yet, or not as it is now"

    def evidence(self, work: Work, hands: Hands) -> Sequence[Path]:
        """See `Kind.evidence`."""
        return hands.publisher.evidence(work)


class Deploy(Effect):
    """Packages go into the open transaction of their repository."""

    name = "deploy"
    finishes = True
    rank = 5.0
    of_packages = True

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:  # noqa: ARG002 - done again all the same
        """See `Kind.do`."""
        hands.publisher.add(work, write)
        return Done(stored=_as_result(work))


class Tar(Effect):
    """One archive of everything that was built for an architecture."""

    name = "tar"
    rank = 6.0
    others = "archives of"

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:  # noqa: ARG002 - as above
        """See `Kind.do`."""
        write(str(hands.publisher.tar(work)))
        return Done(stored=_as_result(work))


def _as_result(work: Work) -> StoredResult:
    return StoredResult(key=work.key, artifacts=(), isolation=Isolation.FRESH, seconds=0.0)
