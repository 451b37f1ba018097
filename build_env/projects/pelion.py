"""Owns what becomes of a tree of the original build-all scripts: targets, packages, and what could not be carried over.

No script is run. What is certain is taken: lists and variables of plain words, hooks that do what the family's do. All
else is told with its place. Packaging is copied, and read by nobody here.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import UsageError
from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.core.texts import read_text
from build_env.core.trees import Trees
from build_env.core.visible import visible_name
from build_env.formats.registry import formats
from build_env.packages.names import is_name
from build_env.packages.read import METAPACKAGES
from build_env.projects.importing import new_package, refuse_existing
from build_env.projects.new import new_target
from build_env.projects.shell import Assignment, Function, statements
from build_env.targets.defaults import DEFAULT_HOOKS
from build_env.targets.discover import CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from build_env.core.paths import ProjectPaths
    from build_env.core.trees import TreeEntry
    from build_env.projects.shell import Statement

__all__ = ["Carried", "carry_over"]

_CONFIGURATION = "packages.conf.sh"
_SCRIPT = "build.sh"
_SHOWN = 60  # characters of a statement
_LISTS = ("PACKAGES", "DEPENDS", "METAPACKAGES")
_VARIABLES = {
    "CTX_PATH": "CTX_PATH",
    "DOCKER_BUILD_ARGS": "DOCKER_BUILD_ARGS",
    "PELION_DOCKER_PREFIX": "DOCKER_PREFIX",
    "PLATFORM_ARCH": "PLATFORM_ARCH",
}
_SCRIPT_CALL = (
    r'run_command_(source|build) "?\$\(path_package_script "?\$1"?\)"?( "?--(source|build|verify|install|arch=\S+)"?)*'
)
# What hooks of the family do as well, by their names.
_KNOWN = {
    "docker_image_name": r"echo \S+",
    "docker_pre_run": r"(unset PLATFORM_ARCH|PLATFORM_ARCH=\S*)",
    "env_match_current": r"(\.|source) /etc/os-release ; \[.*",
    "path_package_script": r'echo "?\$\{?1\}?/[a-z]+/build\.sh"?',
    **dict.fromkeys(("run_source", "run_build", "run_source_deps", "run_build_deps", "run_verify"), _SCRIPT_CALL),
    "run_build_metapackage": r'(run_build "?(metapackages/)?\$1"?|' + _SCRIPT_CALL + ")",
}
_ONE_ARCHITECTURE = re.compile(r"""\[+ "?\$\{?1\}?"? ==? "?'?(\w+)'?"? \]+""")
_OWN_SCRIPT = re.compile(r"(PELION|BUILD)_[A-Z_]*(NAME|VERSION|DIR)|SCRIPT_?DIR")


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What was written, by its name from the root of the project; what was left is told with its place in the tree."""

    written: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Package:
    """A package of the tree: where it lies, and what it has for which format; `meta` tells a metapackage."""

    name: str
    directory: Path
    meta: bool
    packaging: tuple[str, ...]

    def sources(self, paths: ProjectPaths) -> Path:
        """The directory of the project that it comes into."""
        return paths.sources / METAPACKAGES if self.meta else paths.sources


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What was read of a package: its files, its architectures, and what could not be carried over."""

    package: _Package
    entries: tuple[TreeEntry, ...]
    architectures: tuple[str, ...]
    left: tuple[str, ...]


def carry_over(paths: ProjectPaths, tree: Path, targets: Sequence[str]) -> Carried:
    """Bring the targets and packages of `tree` into the project; a target begins as the one of `targets` most like it.

    Raises UsageError when there are none, or when something of their names is there already: then nothing is written.
    """
    tree = tree.absolute()
    configurations = {
        name: file
        for file in sorted(tree.rglob(_CONFIGURATION))
        if (name := _target_name(file.relative_to(tree))) and not _is_hidden(file.relative_to(tree))
    }
    packages, left = _packages(tree)
    if not configurations and not packages:
        raise UsageError(
            f"there is neither a {_CONFIGURATION} nor a package with a {_SCRIPT} in {tree}",
            hint="name the root of the original repository",
        )
    for package in packages:
        refuse_existing(package.sources(paths), package.name)
    for name in configurations:
        if (paths.targets / name / CONFIGURATION).exists():
            raise UsageError(f"targets/{name}/{CONFIGURATION} is there already", hint="move it away first")
    read = [_read_package(tree, package) for package in packages]
    left += [told for each in read for told in each.left]
    names = {package.name for package in packages}
    constants = {}
    for name, file in configurations.items():
        shown = file.relative_to(tree).as_posix()
        if like := _most_like(name, targets):
            lines, not_carried = _constants(read_text(file, shown), shown, names)
            constants[name] = (like, lines)
            left += not_carried
        else:
            left.append(f"{shown}: no target is like {name}: build-env new target {name} --like TARGET begins one")
    left += _shared_scripts(tree)
    written = [_write_package(paths, each) for each in read]
    written += [_write_target(paths, name, like, lines) for name, (like, lines) in constants.items()]
    return Carried(written=tuple(written), left=tuple(left))


def _target_name(file: PurePosixPath | Path) -> str:
    """The name that a configuration gives its target: the directories behind the one called target or targets."""
    parts = file.parent.parts
    roots = [number for number, part in enumerate(parts) if part in {"target", "targets"}]
    inner = parts[roots[0] + 1 :] if roots else ()
    return "/".join(inner) if len(inner) == 2 and inner[0] != "common" else ""  # noqa: PLR2004 - DISTRIBUTION/RELEASE


def _is_hidden(file: Path) -> bool:
    return any(part.startswith(".") for part in file.parts)


def _most_like(name: str, targets: Iterable[str]) -> str:
    """The target of that name, else the newest of that distribution."""
    distribution = name.partition("/")[0]
    same = [each for each in targets if each.partition("/")[0] == distribution]
    return name if name in same else max(same, default="")


def _packages(tree: Path) -> tuple[list[_Package], list[str]]:
    """The packages of the tree, and what to tell of those that cannot be brought."""
    found: dict[Path, list[str]] = {}
    known = {place for each in formats() for place in each.packaging[:1]}
    for script in sorted((*tree.glob(f"*/*/{_SCRIPT}"), *tree.glob(f"{METAPACKAGES}/*/*/{_SCRIPT}"))):
        if script.parent.name in known and not _is_hidden(script.relative_to(tree)):
            found.setdefault(script.parent.parent, []).append(script.parent.name)
    packages, left = [], []
    for directory, places in found.items():
        shown = directory.relative_to(tree).as_posix()
        usable = tuple(place for place in places if _packaging_of(directory / place) is not None)
        left += [
            f"{shown}/{place}/{_SCRIPT}: there is no packaging beside it; what it makes is for a person to write"
            for place in places
            if place not in usable
        ]
        if not is_name(directory.name):
            left.append(f"{shown}: this cannot be the name of a package")
        elif usable:
            meta = directory.parent.name == METAPACKAGES
            packages.append(_Package(name=directory.name, directory=directory, meta=meta, packaging=usable))
    return packages, left


def _packaging_of(directory: Path) -> Path | None:
    """Where in the directory of a format its packaging lies: `deb/debian` or the directory itself."""
    inner = directory / "debian"
    if (inner / "control").is_file():
        return inner
    return directory if (directory / "control").is_file() or any(directory.glob("*.spec")) else None


def _read_package(tree: Path, package: _Package) -> _Read:
    """Read the scripts of the package and the list of its files."""
    left: list[str] = []
    architectures: tuple[str, ...] = ()
    for place in package.packaging:
        script = package.directory / place / _SCRIPT
        shown = script.relative_to(tree).as_posix()
        for statement in statements(read_text(script, shown)):
            if isinstance(statement, Assignment) and statement.name.endswith("SUPPORTED_ARCH") and statement.words:
                architectures = tuple(MACHINE_TO_DEBIAN.get(word, word) for word in statement.words)
            elif not _is_usual(statement):
                left.append(_told(shown, statement, "the shared script does not do this"))
    entries = tuple(Trees(root=tree).listing(package.directory).entries)
    return _Read(package=package, entries=entries, architectures=architectures, left=tuple(left))


def _write_package(paths: ProjectPaths, read: _Read) -> str:
    """Write the package; its name from the root of the project."""
    package = read.package
    with new_package(package.sources(paths), package.name) as directory, disk_errors():
        for entry in read.entries:
            name = PurePosixPath(entry.name)
            if entry.kind == "directory" or (name.name == _SCRIPT and str(name.parent) in package.packaging):
                continue
            target = directory / _moved(package, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.target:
                target.symlink_to(entry.target)
            else:
                shutil.copy(entry.path, target)
        if read.architectures:
            listed = ", ".join(read.architectures)
            (directory / "definition.yaml").write_text(f"architectures: [{listed}]\n", encoding="utf-8")
    return (package.sources(paths) / package.name).relative_to(paths.root).as_posix()


def _moved(package: _Package, name: PurePosixPath) -> PurePosixPath:
    """Where a file of the package lies in the project: packaging of its own directory one step higher."""
    for place in package.packaging:
        inner = PurePosixPath(place) / "debian"
        if name.is_relative_to(inner) and _packaging_of(package.directory / place) != package.directory / place:
            return PurePosixPath(place) / name.relative_to(inner)
    return name


def _is_usual(statement: Statement) -> bool:
    """Whether a statement of a package script only names the package, or hands over to what all scripts share."""
    if isinstance(statement, Assignment):
        return bool(_OWN_SCRIPT.match(statement.name))
    if isinstance(statement, Function):
        return False
    return bool(
        re.match(r'set -|(\.|source) \S*(build-env|common|inc)\S*\.sh|(pelion_)?main "?\$@"?|cd ', statement.text)
    )


def _constants(text: str, shown: str, packages: set[str]) -> tuple[list[str], list[str]]:
    """The lines of a target's file that say what its configuration says, and what could not be carried over."""
    lines: dict[str, str] = {}
    left: list[str] = []
    for statement in statements(text):
        if isinstance(statement, Assignment) and statement.words is not None and statement.name in _LISTS:
            missing = [word for word in statement.words if _base(word) not in packages]
            there = [_base(word) for word in statement.words if _base(word) in packages]
            lines[statement.name] = f"{statement.name} = {_quoted(there)}"
            left += [_told(shown, statement, f"{word} is no package that could be brought") for word in missing]
        elif isinstance(statement, Assignment) and statement.words is not None and statement.name in _VARIABLES:
            name = _VARIABLES[statement.name]
            value = _quoted(statement.words) if statement.many else _quoted(statement.words)[1:-1]
            lines[name] = f"{name} = {value}"
        elif isinstance(statement, Function) and (architectures := _architectures(statement)):
            lines["ARCHITECTURES"] = f"ARCHITECTURES = {_quoted(architectures)}"
        elif isinstance(statement, Function) and _is_known(statement):
            continue
        elif isinstance(statement, Function) and statement.name in DEFAULT_HOOKS:
            left.append(
                _told(shown, statement, f"write it as the hook {statement.name}(env, …) if the family's is not enough")
            )
        else:
            left.append(_told(shown, statement, "only plain words can be carried over"))
    return list(lines.values()), left


def _base(word: str) -> str:
    return word.rpartition("/")[2]


def _quoted(words: Iterable[str]) -> str:
    """The words as a list of Python, written as people do."""
    return "[" + ", ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words) + "]"


def _architectures(function: Function) -> tuple[str, ...]:
    """Those that `env_arch_supported` takes, if it only compares its argument."""
    if function.name != "env_arch_supported":
        return ()
    parts = function.body.split(" || ")
    matches = [_ONE_ARCHITECTURE.fullmatch(part) for part in parts]
    names = tuple(MACHINE_TO_DEBIAN.get(match[1], match[1]) for match in matches if match)
    return names if len(names) == len(parts) and set(names) <= set(MACHINE_TO_DEBIAN.values()) else ()


def _is_known(function: Function) -> bool:
    pattern = _KNOWN.get(function.name)
    return pattern is not None and re.fullmatch(pattern, function.body) is not None


def _told(shown: str, statement: Statement, why: str) -> str:
    first = statement.text.split("\n", 1)[0].strip()
    return f"{shown}:{statement.line}: {visible_name(first[:_SHOWN])}: {why}"


def _write_target(paths: ProjectPaths, name: str, like: str, lines: Iterable[str]) -> str:
    """The file of the target: as the one that it is like, with constants of its own behind."""
    shown = new_target(paths, name, like)
    text = (paths.root / shown).read_text(encoding="utf-8")
    head, hook, rest = text.partition("\n\n\ndef ")
    constants = "\n".join(lines)
    (paths.root / shown).write_text(
        f"{head.rstrip()}\n{constants}\n{hook[1:]}{rest}" if hook else f"{text}{constants}\n"
    )
    return shown


def _shared_scripts(tree: Path) -> Iterator[str]:
    """Scripts that targets share; the family's Python stands in for them."""
    for directory in (tree / "build-env/target/common", tree / "targets/common", tree / "target/common"):
        for script in sorted(directory.rglob("*.sh")) if directory.is_dir() else ():
            yield f"{script.relative_to(tree).as_posix()}:1: shared by targets: look for what common/ does not do"
