#!/usr/bin/env python3
"""Counts what would let the structure of `build_env/` slip back, prints the table, and fails above its limits.

Everything is counted in the syntax tree, with names followed through assignments and imports, so that neither an alias
nor a string hides anything. Usage: count_structure.py [PACKAGE DIRECTORY]; `--modules` also names what was counted.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
STAGES = frozenset({"image", "scan", "source", "layer", "build", "verify", "deploy", "tar"})
FORMATS = frozenset({"deb", "rpm"})
CREATORS = frozenset({"create_container", "create_container_from_config"})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """A module: its path below the package with dots, its text, and its tree."""

    name: str
    text: str
    tree: ast.Module


@dataclass(frozen=True)
class Row:
    """A line of the table: what was counted, and the most that there may be."""

    what: str
    count: int
    limit: int
    where: Mapping[str, int]


def read_modules(package: Path) -> list[Module]:
    """All modules below the directory `package`, by path."""
    modules = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(package).with_suffix("").parts)
        modules.append(Module(name, text, ast.parse(text)))
    return modules


def main() -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("package", nargs="?", type=Path, default=ROOT / "build_env")
    parser.add_argument("--modules", action="store_true", help="name the modules that were counted")
    arguments = parser.parse_args()
    modules = read_modules(arguments.package)
    rows = count_all(modules)
    for row in rows:
        verdict = "" if row.count <= row.limit else "  ABOVE THE LIMIT"
        print(f"{row.what:<58}{row.count:>7} of {row.limit}{verdict}")
        if verdict or arguments.modules:
            print("".join(f"    {name} ({times})\n" for name, times in row.where.items()), end="")
    print_lines(modules)
    return int(any(row.count > row.limit for row in rows))


def count_all(modules: list[Module]) -> list[Row]:
    """The rows of the table that have limits."""
    stages = stage_names(modules)
    return [
        by_module("modules that compare a stage", 8, modules, lambda module: stage_comparisons(module, stages)),
        by_module(
            "modules that hold a format's name, outside formats/",
            4,
            [module for module in modules if not module.name.startswith("formats.")],
            format_names,
        ),
        by_module("modules that create containers", 1, modules, container_makers),
        in_all(
            "lines in app/",
            max(1500, sum(len(module.text.splitlines()) for module in modules) * 50 // 1000),
            [module for module in modules if module.name.startswith("app.")],
            lambda module: len(module.text.splitlines()),
        ),
        in_all("imports inside functions", 60, modules, late_imports),
    ]


def by_module(what: str, limit: int, modules: Iterable[Module], count: Callable[[Module], int]) -> Row:
    """A row that counts the modules in which `count` finds anything."""
    where = {module.name: times for module in modules if (times := count(module))}
    return Row(what, len(where), limit, where)


def in_all(what: str, limit: int, modules: Iterable[Module], count: Callable[[Module], int]) -> Row:
    """A row with what `count` finds in all modules together."""
    where = {module.name: times for module in modules if (times := count(module))}
    return Row(what, sum(where.values()), limit, dict(sorted(where.items(), key=lambda item: -item[1])))


def stage_names(modules: Iterable[Module]) -> Mapping[str, frozenset[str]]:
    """By module the names that stand for the class `Stage`, one of its members, or a collection of them.

    A name that is assigned or imported from such a name is one too, across modules, under whatever alias.
    """
    known: dict[str, set[str]] = {module.name: set() for module in modules}
    grown = True
    while grown:
        grown = False
        for module in modules:
            names = known[module.name]
            before = len(names)
            for node in ast.walk(module.tree):
                names.update(_named_stage(node, names, known))
            grown = grown or len(names) > before
    return {name: frozenset(names) for name, names in known.items()}


def _named_stage(node: ast.AST, names: set[str], known: Mapping[str, set[str]]) -> Iterator[str]:
    """The names that this statement makes stand for a stage."""
    if isinstance(node, ast.ClassDef) and node.name == "Stage":
        yield node.name
    elif isinstance(node, ast.ImportFrom) and node.module:
        there = known.get(node.module.removeprefix("build_env."), set())
        yield from (item.asname or item.name for item in node.names if item.name == "Stage" or item.name in there)
    elif isinstance(node, ast.Assign) and _means_stage(node.value, names):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield from [node.target.id] if node.value and _means_stage(node.value, names) else []


def _means_stage(node: ast.AST, names: Iterable[str]) -> bool:
    """Whether an expression is a member of `Stage`, or a collection or call of members: `frozenset({Stage.BUILD})`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "Stage" or _is_member(node, names)
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Set | ast.Tuple | ast.List):
        return any(_means_stage(item, names) for item in node.elts)
    if isinstance(node, ast.Dict):
        return any(key is not None and _means_stage(key, names) for key in node.keys)
    if isinstance(node, ast.Call):
        # `Stage("build")` and `frozenset((Stage.BUILD,))`, but not any call that gets a stage.
        collection = isinstance(node.func, ast.Name) and node.func.id in {"frozenset", "set", "tuple", "list", "dict"}
        made = isinstance(node.func, ast.Name) and node.func.id in names and all(map(_is_constant, node.args))
        return made or (collection and any(_means_stage(item, names) for item in node.args))
    return isinstance(node, ast.Subscript) and _means_stage(node.value, names) and _is_constant(node.slice)


def _is_member(node: ast.Attribute, names: Iterable[str]) -> bool:
    """`Stage.BUILD`, also with `.value` behind it or a module in front."""
    if node.attr in {"value", "name"} and isinstance(node.value, ast.Attribute):
        return _is_member(node.value, names)
    owner = node.value
    return (isinstance(owner, ast.Name) and owner.id in names) or (
        isinstance(owner, ast.Attribute) and owner.attr == "Stage"
    )


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant)


def stage_comparisons(module: Module, stages: Mapping[str, frozenset[str]]) -> int:
    """How often the module decides by a stage: comparisons, `in`, `match`, tables with stages as keys."""
    names = stages[module.name]
    return sum(_decides_by_stage(node, names) for node in ast.walk(module.tree))


def _decides_by_stage(node: ast.AST, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        return any(_means_stage(item, names) for item in operands) or (
            any(map(_speaks_of_stage, operands)) and any(map(_holds_stage_text, operands))
        )
    if isinstance(node, ast.MatchValue):
        return _means_stage(node.value, names)
    if isinstance(node, ast.Match):
        cases = (case.pattern for case in node.cases)
        return _speaks_of_stage(node.subject) and any(
            isinstance(part, ast.MatchValue) and _holds_stage_text(part.value)
            for pattern in cases
            for part in ast.walk(pattern)
        )
    if isinstance(node, ast.Dict):
        keys = [key for key in node.keys if key is not None]
        texts = [key for key in keys if isinstance(key, ast.Constant) and key.value in STAGES]
        # A table by text is one of stages when nearly all its keys are: `{"build": …}` alone may be anything.
        return any(_means_stage(key, names) for key in keys) or len(texts) > max(2, len(keys) // 2)
    return False


def _speaks_of_stage(node: ast.AST) -> bool:
    """Whether an expression is called after a stage: `stage`, `task.stage.value`, `row["stage"]`."""
    return any(
        (isinstance(part, ast.Name) and "stage" in part.id.lower())
        or (isinstance(part, ast.Attribute) and "stage" in part.attr.lower())
        or (isinstance(part, ast.Constant) and part.value == "stage")
        for part in ast.walk(node)
    )


def _holds_stage_text(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Constant) and part.value in STAGES for part in ast.walk(node))


def format_names(module: Module) -> int:
    """How often the module holds the name of a format: as text, also as a suffix or a directory, or as its object."""
    texts = documentation(module.tree)
    return sum(
        _is_format_text(node) if isinstance(node, ast.Constant) and node not in texts else _is_format_object(node)
        for node in ast.walk(module.tree)
    )


def _is_format_text(node: ast.Constant) -> bool:
    """`deb`, `.deb`, `common/deb`, `*.deb`: what code takes; a sentence for people is no name."""
    return isinstance(node.value, str) and bool(
        " " not in node.value.strip() and FORMATS.intersection(re.split(r"[^A-Za-z0-9]+", node.value.lower()))
    )


def _is_format_object(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        module = (node.module or "").split(".")
        return "formats" in module and bool(
            FORMATS.intersection(module) or FORMATS.intersection(item.name.lower() for item in node.names)
        )
    return isinstance(node, ast.Attribute) and node.attr.lower() in FORMATS


def container_makers(module: Module) -> int:
    """How often the module names a call of the engine that creates a container."""
    texts = documentation(module.tree)
    return sum(_creates_container(node) for node in ast.walk(module.tree) if node not in texts)


def _creates_container(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        owner = node.value
        return node.attr in CREATORS or (
            node.attr in {"create", "run"} and isinstance(owner, ast.Attribute) and owner.attr == "containers"
        )
    return isinstance(node, ast.Constant) and (
        node.value in CREATORS or (isinstance(node.value, str) and "containers/create" in node.value)
    )


def late_imports(module: Module) -> int:
    """How many imports stand in functions, those by `import_module("name")` and `__import__` among them."""
    found = {
        id(node)
        for function in ast.walk(module.tree)
        if isinstance(function, FUNCTIONS)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) or _imports_by_name(node)
    }
    return len(found)


def _imports_by_name(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not node.args or not _is_constant(node.args[0]):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in {"import_module", "__import__"}


def documentation(tree: ast.AST) -> frozenset[ast.AST]:
    """The constants that are docstrings."""
    found = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, (*FUNCTIONS, ast.Module, ast.ClassDef))
            and ast.get_docstring(node, clean=False) is not None
        ):
            first = node.body[0]
            if isinstance(first, ast.Expr):
                found.add(first.value)
    return frozenset(found)


def line_counts(module: Module) -> tuple[int, int]:
    """Lines of code, without comments, docstrings and blank lines; and lines with a comment."""
    silent = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code: set[int] = set()
    comments = set()
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            # Orders to a checker explain nothing unless a reason follows.
            if not re.match(r"#\s*(noqa|type:)[^-]*$", token.string):
                comments.add(token.start[0])
        elif token.type not in silent:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in documentation(module.tree):
        if isinstance(node, ast.Constant):
            code.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(code), len(comments)


def print_lines(modules: Iterable[Module]) -> None:
    """Print the lines of code and the comments by package."""
    code: Counter[str] = Counter()
    comments: Counter[str] = Counter()
    for module in modules:
        package = module.name.split(".")[0]
        lines, notes = line_counts(module)
        code[package] += lines
        comments[package] += notes
    for package, lines in code.most_common():
        print(f"{package:<20}{lines:>7} lines of code{100 * comments[package] / max(lines, 1):>7.1f} comments per 100")
    every, notes = code.total(), comments.total()
    print(f"{'all':<20}{every:>7} lines of code{100 * notes / max(every, 1):>7.1f} comments per 100")


if __name__ == "__main__":
    sys.exit(main())
