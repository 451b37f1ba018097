"""Owns the list of all directives and which one a key names."""

from __future__ import annotations

from functools import lru_cache

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import PREFIX, Directive, Form
from build_env.manifest.directives.argument import ARGUMENT
from build_env.manifest.directives.customization import CUSTOMIZATION
from build_env.manifest.directives.define import DEFAULT, DEFINE
from build_env.manifest.directives.external import EXTERNAL
from build_env.manifest.directives.include import INCLUDE
from build_env.manifest.directives.join import DEEP_JOIN, HASH_MERGE, JOIN, MAP_JOIN, SEQ_JOIN
from build_env.manifest.directives.meta import META
from build_env.manifest.directives.target import TARGET
from build_env.manifest.directives.variable import VARIABLE
from build_env.manifest.directives.version import VERSION

__all__ = ["DIRECTIVES", "find", "unknown"]

DIRECTIVES = (
    VERSION,
    DEFINE,
    DEFAULT,
    ARGUMENT,
    VARIABLE,
    INCLUDE,
    SEQ_JOIN,
    MAP_JOIN,
    HASH_MERGE,
    JOIN,
    DEEP_JOIN,
    META,
    CUSTOMIZATION,
    TARGET,
    EXTERNAL,
)


def find(key: str) -> tuple[Directive, str] | None:
    """The directive that a key names, and what follows its name; None when it names none."""
    return _named(key, DIRECTIVES) if key.startswith(PREFIX) else None


@lru_cache(maxsize=4096)
def _named(key: str, directives: tuple[Directive, ...]) -> tuple[Directive, str] | None:
    for directive in directives:
        if key == directive.name:
            return (directive, "") if directive.form is not Form.NAMED else None
        if directive.form is not Form.ALONE and key.startswith(directive.name + "."):
            rest = key.removeprefix(directive.name + ".")
            return (directive, rest) if all(rest.split(".")) and "$" not in rest else None
    return None


def unknown(key: str) -> str:
    """Why `key` is no directive."""
    named = {directive.name for directive in DIRECTIVES if directive.form is Form.NAMED}
    if key.rstrip(".") in named:
        return f"{key} needs a name: {key.rstrip('.')}.NAME"
    if "$" in key:
        return f"there is no directive {key}: variables are not replaced in keys"
    for directive in DIRECTIVES:
        if directive.form is Form.ALONE and key.startswith(directive.name + "."):
            return f"{key} is no directive: {directive.name} takes no tag"
    return f"there is no directive {key}{did_you_mean(key, [directive.name for directive in DIRECTIVES])}"
