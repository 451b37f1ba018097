"""Runs a plan: a pure state machine decides, a thin loop acts, a local executor does one task."""
