"""Owns how output that may hold anything becomes text that XML and HTML can carry. Pure."""

from __future__ import annotations

import re

from build_env.core.visible import shown_lines

__all__ = ["clean", "clean_lines"]

# What XML 1.0 cannot hold, not even as a reference: control characters, surrogates, two that are no characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Characters that turn the reading direction or hide: a line must not look like another one.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """`text` in which every character that cannot be shown is the replacement character."""
    return _DIRECTION.sub("\ufffd", _FORBIDDEN.sub("\ufffd", text)).replace("\r", "\ufffd")


def clean_lines(text: str) -> str:
    """Lines of output: without colours and cursor movements, of a progress that was drawn over the last state."""
    return "\n".join(clean(shown) for line in text.split("\n") for shown in shown_lines(line))
