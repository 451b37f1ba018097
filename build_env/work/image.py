"""Owns tasks that make target images: the engine has the image, the store what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import TaskError
from build_env.formats.further import refused_repository
from build_env.model.action import ImageAction
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
        """See `Kind.do`: the key of the result is known only when the base is there.

        Raises:
            TaskError: a step failed; of a further repository it has the place where that was written.

        """
        refused: list[str] = []

        def heard(line: str) -> None:
            refused.extend(filter(None, (refused_repository(line),)))
            write(line)

        try:
            return hands.rooms.image(work, heard, anew=anew)
        except TaskError as error:
            places = work.task.action.recipe.build.places if isinstance(work.task.action, ImageAction) else {}
            if refused and refused[-1] in places:
                raise TaskError(
                    f"{places[refused[-1]]}: the repository {refused[-1]} cannot be used; what it says is above",
                    hint="look at its address, its key, and whether it is signed with that key",
                ) from error
            raise

    def log_name(self, task: Task) -> str:
        """See `Kind.log_name`: by the name that the image has in the engine."""
        return f"{task.target.replace('/', '-')}/{task.name.subject}.{task.stage}.log"
