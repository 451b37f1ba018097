"""Owns the look ahead of a command that runs nothing: the plan, and what a run would do with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.app.build import resolve
from build_env.app.recall import recalled
from build_env.schedule.foresee import foresee

if TYPE_CHECKING:
    from build_env.app.planned import Planned
    from build_env.app.session import Session
    from build_env.model.identity import TaskName
    from build_env.plan.select import Request
    from build_env.schedule.foresee import Answer, Hits

__all__ = ["foresee_build"]


def foresee_build(
    session: Session, request: Request, *, remembered: bool = True, whole: bool = True
) -> tuple[Planned, dict[TaskName, Answer], Hits]:
    """What is known of the plan without running anything, and what a run would do; not from memory if told so.

    A plan that need not be `whole` may be without tasks that are up to date.
    """
    resolved = (recalled(session.memory(request), whole=whole) if remembered else None) or resolve(session, request)
    answers, hits = foresee(resolved.planned.plan, session.executor(), resolved.hits)
    notes = (*resolved.planned.notes, *([session.store.replaced] if session.store.replaced else ()))
    return replace(resolved.planned, notes=notes), answers, hits
