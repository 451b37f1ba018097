"""What every test has in common: options of ./run-tests, and markers that follow from where a test lies."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.project import make_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.project import MakeProject, Project

INTEGRATION_DIRECTORIES = frozenset({"integration", "e2e"})
TIMEOUT_OF_INTEGRATION = 900  # seconds; the default for all other tests is in pyproject.toml


def pytest_configure() -> None:
    """Let commands that tests start hear Ctrl-C: a script's background job, as in CI, would have them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ./run-tests."""
    group = parser.getgroup("build-env")
    group.addoption("--full", action="store_true", help="also run the tests with the marker `full`")
    group.addoption("--update-golden", action="store_true", help="write golden files, compare nothing")
    group.addoption("--part", choices=["unit", "integration"], help="by the marker `integration`")


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
    directories = item.path.relative_to(Path(__file__).parent).parts[:-1]
    if INTEGRATION_DIRECTORIES.intersection(directories):
        item.add_marker("integration")
    if item.get_closest_marker("integration") and not item.get_closest_marker("timeout"):
        item.add_marker(pytest.mark.timeout(TIMEOUT_OF_INTEGRATION))


def is_selected(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether the options of the command line ask for this test."""
    if item.get_closest_marker("full") and not config.getoption("--full"):
        return False
    part = config.getoption("--part")
    return part is None or (part == "integration") == bool(item.get_closest_marker("integration"))
