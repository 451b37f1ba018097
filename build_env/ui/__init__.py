"""Listeners: what a person, a log file or a program sees of a run."""
