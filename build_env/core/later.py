"""Owns imports that wait: a module named in a `with imported_later():` block is executed when something of it is used.

The block stands among the imports at the top of a module, so type checkers and `lint-imports` see what is imported;
the price of `--help` and of a run with nothing to do is only what these use. `from package import module` names modules
in it; a package itself is executed at once, so it is no place for a third-party package. (Python 3.15 has `lazy import`
for this, which replaces this module one day.)
"""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

__all__ = ["imported_later"]


@contextlib.contextmanager
def imported_later() -> Iterator[None]:
    """Let modules that are imported in this block wait until they are used. For the main thread, while it imports."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    """Finds modules as usual, and has those that are no packages loaded as modules that wait."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        specification = PathFinder.find_spec(name, path, target)
        if specification and specification.loader and specification.submodule_search_locations is None:
            specification.loader = _Loader(specification.loader)  # type: ignore[assignment]  # by its methods
        return specification


@dataclass
class _Loader:
    """Makes a module that waits, with the loader that it has otherwise."""

    real: Loader
    lock: threading.RLock = field(default_factory=threading.RLock)
    begun: bool = False

    @staticmethod
    def create_module(specification: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Only now does the import system touch the module, and here nothing but its class is changed."""
        module.__class__ = _Waiting
        vars(module)["__loader__"] = self

    def execute(self, module: ModuleType) -> None:
        """Execute it once. Other threads wait; what it uses of itself meanwhile is taken as far as it is there."""
        with self.lock:
            if self.begun:
                return
            self.begun = True
            try:
                self.real.exec_module(module)
            except BaseException:
                self.begun = False
                raise
            # Not before it is whole: another thread would take an ordinary module that lacks half of its names.
            module.__class__ = ModuleType


class _Waiting(ModuleType):
    """A module that nothing was used of yet. What the import system itself asks for (`__spec__`) is no use of it."""

    def __getattribute__(self, name: str) -> object:
        if not name.startswith("__"):
            ModuleType.__getattribute__(self, "__loader__").execute(self)
        return ModuleType.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            ModuleType.__getattribute__(self, "__loader__").execute(self)
        ModuleType.__setattr__(self, name, value)
