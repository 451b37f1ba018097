"""A package format from outside build-env: `.toy` files with lines of text, and an index that is one text file.

It is copied into projects of tests as `common/toy.py`; a target takes its hooks from there, and with them the format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.format import Format, PackageFacts
from build_env.formats.registry import register
from build_env.formats.view import Entry, IndexRequest, PackageFile, Repository, View
from build_env.model.package import Packaging, binaries_called, needs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from build_env.hooks import Env, Package

__all__ = ["FAMILY", "TOY", "run_build", "run_deploy", "run_source"]

FAMILY = "toy"
_RECIPE = "recipe.txt"  # lines `makes NAME`, `needs NAME`


def _recipe(text: str) -> dict[str, tuple[str, ...]]:
    lines = [line.split() for line in text.splitlines() if line]
    return {word: tuple(name for key, name in lines if key == word) for word in ("makes", "needs")}


def _read_packaging(directory: Path, _shown: str) -> Packaging | None:
    file = directory / _RECIPE
    if not file.is_file():
        return None
    recipe = _recipe(file.read_text(encoding="utf-8"))
    return Packaging(binaries=binaries_called(*recipe["makes"]), build_depends=needs_of(*recipe["needs"]), epoch=1)


def _is_package(name: str) -> bool:
    return name.endswith(".toy")


def _served(view: View) -> Mapping[str, str]:
    return {f"toy/{view.slug}/{view.suite}": "shelf"}


def _read(_view: View, files: Sequence[PackageFile], _held: Collection[str]) -> list[Entry]:
    return [
        Entry(
            key=file.artifact.name,
            home="toy/files",
            mark=file.artifact.digest,
            files={file.artifact.name: file.artifact.digest},
            facts={"says": file.path.read_text(encoding="utf-8").strip()},
        )
        for file in files
    ]


def _write(request: IndexRequest) -> Collection[str]:
    lines = [f"{entry.key}\t{entry.directory}\t{entry.facts['says']}\n" for entry in request.entries]
    shelf = request.directory / "shelf"
    shelf.mkdir()
    (shelf / "index.txt").write_text("".join(lines), encoding="utf-8")
    (shelf / "index.txt.asc").write_bytes(request.signer.detach_sign("".join(lines).encode()))
    return ()


def _client_lines(view: View, address: str, _key: Path) -> tuple[str, ...]:
    return (f"toybox add {address}/toy/{view.slug}/{view.suite}",)


TOY = Format(
    name="toy",
    packaging=("toy",),
    read_packaging=_read_packaging,
    dependency_set="needs.txt",
    is_content=_is_package,
    is_published=_is_package,
    is_binary=_is_package,
    is_installed=_is_package,
    plain_path=lambda name, suite: f"toy/{suite}/{name}",
    repository=Repository(served=_served, read=_read, write=_write, client_lines=_client_lines),
    build_depends=lambda text: needs_of(*_recipe(text)["needs"]),
    package_facts=lambda path: PackageFacts(name=path.read_text(encoding="utf-8").split()[0]),
)
register(TOY)


def run_source(env: Env, package: Package) -> None:
    """The list of what the build needs, beside a source."""
    script = 'cp "$BUILD_SRC/toy/recipe.txt" "$BUILD_OUT/needs.txt"; echo source >"$BUILD_OUT/$BUILD_PACKAGE.tar"'
    env.run_command_source("sh", "-ec", script, network=False)


def run_build(env: Env, package: Package) -> None:
    """A package that says what it makes, and which packages it saw."""
    name = "$(sed -n 's/^makes //p' $BUILD_SRC/toy/recipe.txt)"
    script = f'echo {name} saw $(ls "$BUILD_IN/packages" 2>/dev/null) >"$BUILD_OUT/$BUILD_PACKAGE.toy"'
    env.run_command_build("sh", "-ec", script)


def run_deploy(env: Env, package: Package) -> None:
    """Into the suite `shelf`."""
    env.deploy("toy", suite="shelf")
