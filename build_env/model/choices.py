"""Owns what can be chosen about the build of a package: profiles, options, conditionals, which of its packages."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["ARCH", "INDEP", "NAMES", "Choices"]

ARCH, INDEP = "arch", "indep"  # of one architecture, of every architecture
# The word of each choice in definitions; with two dashes it is that of the command line, but for `options`.
NAMES = {
    "profiles": "profiles",
    "options": "options",
    "enabled": "with",
    "disabled": "without",
    "defined": "define",
    "only": "only",
}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What was chosen; nothing, as a rule. `enabled` and `disabled` are conditionals, `defined` macros with values."""

    profiles: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    defined: tuple[str, ...] = ()
    only: str = ""

    def __bool__(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.given)

    @property
    def given(self) -> tuple[str, ...]:
        """The names of what was chosen."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name))

    @property
    def words(self) -> str:
        """For people: `profiles nocheck nodoc, with docs`."""
        return ", ".join(f"{NAMES[name]} {' '.join(self._values(name))}" for name in self.given)

    def of(self, names: Collection[str]) -> Self:
        """Those of the choices that have these names."""
        return type(self)(**{name: getattr(self, name) for name in self.given if name in names})

    def and_then(self, later: Choices) -> Self:
        """Both together; where they differ, the `later` ones hold."""
        macros = {entry.partition(" ")[0] for entry in later.defined}
        return replace(
            self,
            profiles=_together(self.profiles, later.profiles),
            options=_together(self.options, later.options),
            enabled=_together((name for name in self.enabled if name not in later.disabled), later.enabled),
            disabled=_together((name for name in self.disabled if name not in later.enabled), later.disabled),
            defined=_together((each for each in self.defined if each.partition(" ")[0] not in macros), later.defined),
            only=later.only or self.only,
        )

    def variables(self) -> dict[str, str]:
        """What the commands of a build find; of what was not chosen there is none."""
        between = {"defined": "\n"}
        return {f"BUILD_{NAMES[name].upper()}": between.get(name, " ").join(self._values(name)) for name in self.given}

    def _values(self, name: str) -> tuple[str, ...]:
        value = getattr(self, name)
        return (value,) if isinstance(value, str) else value


def _together(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for part in parts for value in part))
