"""Owns `--report FILE.html`: a run as one page that needs no network. `listener` is the way in."""
