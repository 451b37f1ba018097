"""Owns the loading of one `packages.conf.py`: the module by path, shared hooks from `common/`, what is wrong with it.

Loading writes nothing (no bytecode) and leaves no module behind, so that several projects can be loaded in one process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, HookError, Location
from build_env.core.suggest import did_you_mean, nearest
from build_env.model.target import LISTS
from build_env.targets.defaults import DEFAULT_HOOKS
from build_env.targets.discover import CONFIGURATION
from build_env.targets.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from build_env.core.paths import ProjectPaths

__all__ = ["LoadedTarget", "load_target"]

_SHARED = "common"


@dataclass(frozen=True, kw_only=True)
class LoadedTarget:
    """A target's module after loading: its hooks (defaults filled in), its upper-case constants, its file."""

    name: str
    file: str
    paths: ProjectPaths
    hooks: Mapping[str, Callable[..., object]]
    variables: Mapping[str, object]
    printed: tuple[str, ...] = ()

    def names(self, variable: str) -> tuple[str, ...]:
        """A list variable (`PACKAGES`, `DEPENDS`, `METAPACKAGES`) as a tuple."""
        value = self.variables.get(variable, ())
        return tuple(value) if isinstance(value, list | tuple) else ()


def load_target(paths: ProjectPaths, name: str) -> LoadedTarget:
    """Load the target called `name`; raises HookError with file and line for anything that is wrong in it."""
    shown = f"targets/{name}/{CONFIGURATION}"
    file = paths.locate(shown)
    with _shared_modules(paths.root), guarded(shown, paths.root) as printed:
        _import_shared(paths)
        module = _execute(file, f"build_env_target_{name.replace('/', '_')}")
    _check(module, shown)
    own = {key: value for key, value in vars(module).items() if key in DEFAULT_HOOKS and callable(value)}
    return LoadedTarget(
        name=name,
        file=shown,
        paths=paths,
        hooks={**DEFAULT_HOOKS, **own},
        variables={key: value for key, value in vars(module).items() if key.isupper() and not key.startswith("_")},
        printed=tuple(printed.getvalue().splitlines()),
    )


def _execute(file: Path, name: str, directories: list[str] | None = None) -> ModuleType:
    """The module in `file`; that of a package has `directories`, and can be imported by its name."""
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=directories)
    if spec is None or spec.loader is None:
        raise HookError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    if directories:
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _shared_modules(root: Path) -> Iterator[None]:
    """Let user code import from `root`, and forget what is shared afterwards."""
    before = list(sys.path)
    _forget_shared()
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
        _forget_shared()


def _import_shared(paths: ProjectPaths) -> None:
    """Let `common.*` mean the project's modules, and behind them those that are shipped.

    Made here, because Python would prefer any other package of that name on its path.
    """
    own = paths.root / _SHARED
    directories = [str(place) for place in (own, paths.behind(own)) if place is not None and place.is_dir()]
    begin = paths.locate(f"{_SHARED}/__init__.py")
    if begin.is_file():
        _execute(begin, _SHARED, directories)
    elif directories:
        package = sys.modules[_SHARED] = ModuleType(_SHARED)
        package.__path__ = directories


def _forget_shared() -> None:
    for name in [name for name in sys.modules if name == _SHARED or name.startswith(f"{_SHARED}.")]:
        del sys.modules[name]


def _check(module: ModuleType, shown: str) -> None:
    faults = [*_list_faults(module, shown), *_hook_faults(module, shown)]
    if faults:
        raise HookError(
            f"{shown} cannot be used",
            faults=tuple(faults),
            hint="docs/reference/hooks.md lists all hooks and variables",
        )


def _list_faults(module: ModuleType, shown: str) -> Iterator[Fault]:
    for name in LISTS:
        value = getattr(module, name, None)
        if value is None:
            near = nearest(name, [key for key in vars(module) if key.isupper() and key not in LISTS])
            if name == "PACKAGES" and (near or any(hasattr(module, other) for other in LISTS)):
                meant = f" (it has {near}: is that what is meant?)" if near else ""
                yield Fault(message=f"PACKAGES is missing{meant}", location=Location(file=shown))
        elif not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            yield Fault(message=f"{name} must be a list of package names", location=Location(file=shown))


def _hook_faults(module: ModuleType, shown: str) -> Iterator[Fault]:
    prefixes = ("env_", "docker_", "run_", "path_")
    for name, value in vars(module).items():
        if not inspect.isfunction(value):
            continue
        file, line = shown, value.__code__.co_firstlineno
        if value.__module__ != module.__name__:
            file = f"{value.__module__.replace('.', '/')}.py"
        where = Location(file=file, line=line)
        if name in DEFAULT_HOOKS:
            parameters = list(inspect.signature(DEFAULT_HOOKS[name]).parameters)
            if len(inspect.signature(value).parameters) != len(parameters):
                yield Fault(message=f"{name} must take ({', '.join(parameters)})", location=where)
        elif name.startswith(prefixes):
            yield Fault(message=f"there is no hook {name}{did_you_mean(name, DEFAULT_HOOKS)}", location=where)
