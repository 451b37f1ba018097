"""Frozen data every other part speaks in. Reads no file, no environment, no clock."""
