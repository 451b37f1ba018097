"""Owns the caches that rooms may keep from build to build: their names, and how the tools find them. Pure.

What is in one enters no key: a tool must come to the same result with and without it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CACHES", "OWN", "SHARED"]

OWN, SHARED = "own", "shared"  # one for each package, or one for all

# The variables that have the place of each, and directories of programs that stand before others where there is one.
CACHES: Final = {
    "cargo": (("CARGO_HOME",), ()),
    "ccache": (("CCACHE_DIR",), ("/usr/lib/ccache", "/usr/lib64/ccache")),
    "pip": (("PIP_CACHE_DIR",), ()),
}
