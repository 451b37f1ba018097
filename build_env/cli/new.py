"""Owns `build-env new`: packages and targets that begin from a template."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from typing import Annotated

import typer

from build_env.cli.options import ROOT
from build_env.cli.parser import new_app
from build_env.cli.printing import print_line
from build_env.core.errors import UsageError
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project as app_project
    from build_env.projects import new as projects_new

__all__ = ["new"]

new = new_app(subcommand_metavar="package|target NAME")


@new.command()
def package(
    name: Annotated[str, typer.Argument(help="The name of the package.", metavar="NAME")],
    deb: Annotated[bool, typer.Option("--deb", help="Packaging for Debian.")] = False,
    rpm: Annotated[bool, typer.Option("--rpm", help="Packaging for RPM; without either: both.")] = False,
    c: Annotated[bool, typer.Option("--c", help="A program in C.")] = False,
    python: Annotated[bool, typer.Option("--python", help="A program in Python.")] = False,
    script: Annotated[bool, typer.Option("--script", help="A shell script; the default.")] = False,
    root: ROOT = None,
) -> None:
    """Write a package that builds at once: a program, its page, tests and packaging."""
    languages = [word for word, wanted in (("c", c), ("python", python), ("script", script)) if wanted]
    if len(languages) > 1:
        raise UsageError(f"a package begins as one of these, not as {' and '.join(languages)}")
    plan = projects_new.PackagePlan(
        name=name,
        language=languages[0] if languages else "script",
        maintainer=_maintainer(),
        when=datetime.now(UTC).replace(microsecond=0),
        formats=tuple(word for word, wanted in (("deb", deb), ("rpm", rpm)) if wanted),
    )
    for written in projects_new.new_package(app_project.open_project(root).paths, plan):
        print_line(f"wrote   {written}")
    print_line(f"next    build-all --target {'centos/9' if rpm and not deb else 'debian/12'} {name}")


@new.command()
def target(
    name: Annotated[str, typer.Argument(help="DISTRIBUTION/RELEASE: debian/14.", metavar="NAME")],
    like: Annotated[str, typer.Option("--like", help="The target that it begins as a copy of.", metavar="NAME")],
    root: ROOT = None,
) -> None:
    """Write a target as a copy of another, with the new release in its place."""
    project = app_project.open_project(root)
    original = project.match_target(like)
    written = projects_new.new_target(project.paths, name, original)
    print_line(f"wrote   {written}")
    print_line(f"next    look through it: its codename and versions are still those of {original}")


def _maintainer() -> str:
    """Who is asking, as Debian's tools and git know it."""
    name = os.environ.get("DEBFULLNAME") or _of_git("user.name") or "Unnamed Maintainer"
    address = os.environ.get("DEBEMAIL") or os.environ.get("EMAIL") or _of_git("user.email") or "unnamed@example.org"
    return f"{name} <{address}>"


def _of_git(key: str) -> str:
    try:
        asked = subprocess.run(["git", "config", key], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip()
