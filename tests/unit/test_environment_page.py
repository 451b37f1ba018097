"""docs/reference/environment.md names every variable of the environment that the code reads."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.app.limits import proxy_variables
from build_env.settings import Settings
from build_env.targets.record import SEED_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/environment.md").read_text("utf-8")
OF_ROOMS = {"ARCH", "BUILD_HOST_ARCH", "BUILD_PROFILES", "LC_ALL", "TZ"}  # which commands find


def is_environment(node: ast.expr) -> bool:
    """`environ`, `os.environ`, `self.environ`, `environment` and the like."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in {"environ", "environment"}


def variables_read(tree: ast.AST) -> Iterator[str]:
    """Names that are asked for as texts: `environ["X"]`, `environ.get("X")`, `"X" in environ`, and those handed on."""
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        match node:
            case ast.Subscript(value=value, slice=key, ctx=ast.Load()) if is_environment(value):
                asked = [key]
            case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[key, *_]) if is_environment(value):
                asked = [key]
            case ast.Call(func=ast.Name(id="listed_environment"), args=[_, *names]):
                asked = names
            case ast.Compare(left=key, comparators=[value]) if is_environment(value):
                asked = [key]
            case _:
                continue
        yield from (key.value for key in asked if isinstance(key, ast.Constant) and isinstance(key.value, str))


def test_every_variable_that_is_read_is_on_the_page() -> None:
    files = sorted((ROOT / "build_env").rglob("*.py"))
    read = {name for file in files for name in variables_read(ast.parse(file.read_text("utf-8")))}
    assert {"DOCKER_HOST", "GITHUB_ACTIONS", "TERM", "HOME", "XDG_STATE_HOME"} <= read
    listed = set(re.findall(r"`([A-Za-z_]+)`", PAGE))
    assert read - OF_ROOMS <= listed


def test_variables_of_tables_are_on_the_page() -> None:
    """Those of the seed and of proxies are read from tables; and the other way round none is listed that is not."""
    small = {f"{name}_proxy": "x" for name in ("http", "https", "ftp", "all", "no")}
    proxies = set(proxy_variables(Settings(), small)) & set(small)
    listed = set(re.findall(r"`([A-Za-z_]+)`", PAGE))
    assert proxies | set(SEED_VARIABLES.values()) <= listed
