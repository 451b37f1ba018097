"""What every test has in common: options of ./run-tests, and markers that follow from where a test lies."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.project import make_project
from tests.support.spent import Spent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.project import MakeProject, Project

collect_ignore = ["own"]  # packages with tests of their own
PARTS = {"integration": "integration", "e2e": "integration", "bare": "bare"}  # by directory; all others are `unit`
TIMEOUTS = {"integration": 900, "bare": 1800}  # seconds; the default for all other tests is in pyproject.toml


def pytest_configure(config: pytest.Config) -> None:
    """Let commands that tests start hear Ctrl-C: a script's background job, as in CI, would have them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    spent = config.getoption("--spent")
    if spent and not hasattr(config, "workerinput"):  # not in the processes of a parallel run
        config.pluginmanager.register(Spent(spent))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ./run-tests."""
    group = parser.getgroup("build-env")
    group.addoption("--full", action="store_true", help="also run the tests with the marker `full`")
    group.addoption("--update-golden", action="store_true", help="write golden files, compare nothing")
    group.addoption("--part", choices=["unit", "integration", "bare"], help="by the markers of the last two")
    group.addoption("--spent", type=Path, metavar="FILE", help="append what each group of the budget took")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def project(tmp_path: Path) -> MakeProject:
    """Make a project: without files it is the native sample, see tests/support/project.py."""

    def make(files: Mapping[str, str] | None = None) -> Project:
        return make_project(tmp_path / "project", files)

    return make


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies in a directory of integration tests, then drop what is not asked for."""
    for item in items:
        mark(item)
    selected = [item for item in items if is_selected(item, config)]
    if len(selected) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if not is_selected(item, config)])
        items[:] = selected


def mark(item: pytest.Item) -> None:
    """Add the markers that follow from the place of a test; nobody has to remember them."""
    directory = item.path.relative_to(Path(__file__).parent).parts[0]
    if directory in PARTS:
        item.add_marker(PARTS[directory])
    if part_of(item) in TIMEOUTS and not item.get_closest_marker("timeout"):
        item.add_marker(pytest.mark.timeout(TIMEOUTS[part_of(item)]))


def part_of(item: pytest.Item) -> str:
    """Which part of ./run-tests a test belongs to."""
    return next((part for part in TIMEOUTS if item.get_closest_marker(part)), "unit")


def is_selected(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether the options of the command line ask for this test."""
    if item.get_closest_marker("full") and not config.getoption("--full"):
        return False
    return config.getoption("--part") in {None, part_of(item)}
