"""Hooks and files that targets share."""
