"""Hypothesis for all unit tests: no deadlines, because durations are no property of the code; no database on disk."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", deadline=None, database=None)
settings.load_profile("unit")
