"""Packages: read from `src/`, with what their definition and their packaging say."""
