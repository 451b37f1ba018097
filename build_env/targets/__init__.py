"""Targets: found below `targets/`, matched by name, loaded from `packages.conf.py`, asked through hooks."""
