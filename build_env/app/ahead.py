"""Owns the look ahead of a command that runs nothing: the plan, and what a run would do with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.app.build import resolve
from build_env.schedule.foresee import foresee

if TYPE_CHECKING:
    from build_env.app.planned import Planned
    from build_env.app.session import Session
    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.plan.select import Request
    from build_env.schedule.foresee import Answer

__all__ = ["foresee_build"]


def foresee_build(
    session: Session, request: Request
) -> tuple[Planned, dict[TaskName, Answer], dict[TaskName, StoredResult]]:
    """What is known of the plan without running anything, and what a run would do."""
    resolved = resolve(session, request)
    answers, hits = foresee(resolved.planned.plan, session.executor())
    notes = (*resolved.planned.notes, *([session.store.replaced] if session.store.replaced else ()))
    return replace(resolved.planned, notes=notes), answers, hits
