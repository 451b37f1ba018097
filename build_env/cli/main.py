"""Owns the app `build-env`: the table of its commands. Each module is imported when its command is called."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from build_env import __version__
from build_env.cli.parser import CommandEntry, LazyGroup, new_app, run_app

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = {
    "list": CommandEntry("build_env.cli.listing", "Targets and packages of this project."),
    "plan": CommandEntry("build_env.cli.plan", "What build-all would do, without doing it."),
    "why": CommandEntry("build_env.cli.why", "Why a package would be built again, or would not."),
    "graph": CommandEntry("build_env.cli.graph", "The tasks of a plan as a picture: dot, mermaid, svg."),
    "log": CommandEntry("build_env.cli.log", "What a task of a package printed, also while it runs."),
    "history": CommandEntry("build_env.cli.history", "Earlier attempts: when, how long, how they ended."),
    "reproduce": CommandEntry("build_env.cli.reproduce", "Build a package twice, in different rooms, and compare."),
    "shell": CommandEntry("build_env.cli.shell", "A shell or a command in a target's image, or in a failed room."),
    "gc": CommandEntry("build_env.cli.gc", "What nothing needs any more; removes it with --delete."),
    "verify-store": CommandEntry("build_env.cli.verify_store", "Read every recorded result and object; find damage."),
    "doctor": CommandEntry("build_env.cli.doctor", "What this machine lacks, and the command that mends it."),
    "base": CommandEntry("build_env.cli.base", "Base images: list, make, map."),
    "manifest": CommandEntry("build_env.cli.manifest", "YAML with directives: compile, check, explain, format it."),
    "external": CommandEntry("build_env.cli.external", "An external of manifests, for other tools to call."),
    "settings": CommandEntry("build_env.cli.settings", "Each setting in force, where it comes from, and who lost."),
    "schema": CommandEntry("build_env.cli.schema", "What definitions and settings may hold, as JSON Schema."),
    "explain": CommandEntry("build_env.cli.explain", "What the code behind an error message means."),
}


class Commands(LazyGroup):
    """The commands of `build-env`."""

    entries = COMMANDS


app = new_app(cls=Commands, invoke_without_command=True, subcommand_metavar="COMMAND [ARGUMENTS]…")


@app.callback()
def build_env(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Look into a project that build-all builds, and into the rooms it builds in."""
    if version:
        sys.stdout.write(f"build-env {__version__}\n")
    elif context.invoked_subcommand is None:
        sys.stdout.write(f"{context.get_help()}\n")


def main() -> None:
    """The console script."""
    sys.exit(run_app(app, sys.argv[1:], "build-env"))


if __name__ == "__main__":
    main()
