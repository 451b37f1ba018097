"""Imports that wait: executed with the first use, once, in whatever thread, as often as it takes."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from build_env.core.later import imported_later

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

PACKAGE = "waiting_package"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable package in a directory of its own."""
    directory = tmp_path / PACKAGE
    directory.mkdir()
    (directory / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield directory
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def later(name: str) -> ModuleType:
    with imported_later():
        return importlib.import_module(f"{PACKAGE}.{name}")


def executed() -> list[str]:
    return [name for name, module in sys.modules.items() if name.startswith(PACKAGE) and "value" in vars(module)]


def test_a_module_is_executed_when_something_of_it_is_used(package: Path) -> None:
    (package / "first.py").write_text("value = 1\n")
    module = later("first")
    assert executed() == []
    assert later("first") is module
    assert executed() == [], "importing it again is no use"
    assert module.value == 1
    assert executed() == [f"{PACKAGE}.first"]
    assert type(module) is type(sys)


def test_outside_the_block_imports_do_not_wait(package: Path) -> None:
    (package / "first.py").write_text("value = 1\n")
    (package / "second.py").write_text(f"from {PACKAGE}.first import value\n")
    later("first")
    importlib.import_module(f"{PACKAGE}.second")
    assert executed() == [f"{PACKAGE}.first", f"{PACKAGE}.second"]


def test_what_is_set_in_a_module_that_waits_stays(package: Path) -> None:
    (package / "first.py").write_text("value = 1\n")
    module = later("first")
    module.value = 2  # type: ignore[attr-defined]  # made above
    assert module.value == 2


def test_a_module_that_failed_is_executed_again(package: Path) -> None:
    (package / "first.py").write_text("import sys\nvalue = sys.waiting_value\n")
    module = later("first")
    for _ in range(2):
        with pytest.raises(AttributeError, match="waiting_value"):
            _ = module.value
    sys.waiting_value = 5  # type: ignore[attr-defined]  # what the module waits for
    assert module.value == 5
    del sys.waiting_value  # type: ignore[attr-defined]


def test_a_module_that_is_not_there_fails_at_once(package: Path) -> None:
    assert package.is_dir()
    with pytest.raises(ModuleNotFoundError, match="absent"):
        later("absent")


def test_threads_wait_for_the_one_that_executes(package: Path) -> None:
    (package / "first.py").write_text("import time\ntime.sleep(0.05)\nvalue = object()\n")
    module = later("first")
    values = []
    threads = [threading.Thread(target=lambda: values.append(module.value)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values) == 8
    assert len({id(value) for value in values}) == 1
