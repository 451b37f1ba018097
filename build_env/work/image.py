"""Owns tasks that make target images: the engine has the image, the store what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.artifact import Isolation
from build_env.work.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.artifact import StoredResult
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.work.kind import Done, Hands

__all__ = ["Image"]


class Image(Kind):
    """An image is there only if the engine has exactly the recorded one."""

    name = "image"
    rank = 0.0
    usual_seconds = 60.0
    anew_by = frozenset({"refresh", "recreate"})
    lasts = False  # an image has no name that lasts: it is kept as long as something that was made in it

    def find(self, work: Work, hands: Hands) -> StoredResult | None:
        """See `Kind.find`."""
        stored = hands.store.find(work.key, Isolation.FRESH) if hands.images else None
        return stored if stored and hands.images and hands.images.has(stored) else None

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:
        """See `Kind.do`: the key of the result is known only when the base is there."""
        return hands.rooms.image(work, write, anew=anew)

    def log_name(self, task: Task) -> str:
        """See `Kind.log_name`: by the name that the image has in the engine."""
        return f"{task.target.replace('/', '-')}/{task.name.subject}.{task.stage}.log"
