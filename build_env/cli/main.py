"""Owns the app `build-env`: the table of its commands. Each module is imported when its command is called."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from build_env import __version__
from build_env.cli.parser import CommandEntry, LazyGroup, RunningCommand, new_app, run_app

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = {
    "list": CommandEntry("listing:list_", "Targets and packages of this project."),
    "plan": CommandEntry("plan:plan", "What build-all would do, without doing it."),
    "why": CommandEntry("why:why", "Why a package would be built again, or would not."),
    "graph": CommandEntry("graph:graph", "The tasks of a plan as a picture: dot, mermaid, svg."),
    "log": CommandEntry("log:log", "What a task of a package printed, also while it runs."),
    "history": CommandEntry("history:history", "Earlier attempts: when, how long, how they ended."),
    "reproduce": CommandEntry("reproduce:reproduce", "Build a package twice, in different rooms, and compare."),
    "shell": CommandEntry(
        "shell:shell", "A shell or a command in a target's image, or in a failed room.", cls=RunningCommand
    ),
    "gc": CommandEntry("gc:gc", "What nothing needs any more; removes it with --delete."),
    "verify-store": CommandEntry("verify_store:verify_store", "Read every recorded result and object; find damage."),
    "validate": CommandEntry("validate:validate", "All definitions, packaging and hooks, for all targets at once."),
    "init": CommandEntry("init:init", "Begin a project, here or in a directory."),
    "new": CommandEntry("new:new", "A package or target of the project, from a template."),
    "import": CommandEntry("import_:import_", "Packaging of others becomes a package of the project."),
    "eject": CommandEntry("eject:eject", "A copy of what build-env ships, to edit it in the project."),
    "pin": CommandEntry("pin:pin", "Write the digest of what a package is made from into its definition."),
    "doctor": CommandEntry("doctor:doctor", "What this machine lacks, and the command that mends it."),
    "base": CommandEntry("base:base", "Base images: list, make, map."),
    "manifest": CommandEntry("manifest:manifest", "YAML with directives: compile, check, explain, format it."),
    "external": CommandEntry("external:external", "An external of manifests, for other tools to call."),
    "settings": CommandEntry("settings:settings", "Each setting in force, where it comes from, and who lost."),
    "schema": CommandEntry("schema:schema", "What definitions and settings may hold, as JSON Schema."),
    "explain": CommandEntry("explain:explain", "What the code behind an error message means."),
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
