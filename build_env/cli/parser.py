"""Owns what typer's parser is told: help in groups, errors in one line, commands that are imported when called.

The one place that knows typer's classes beyond its decorators. Wrong use ends with exit code 2.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Command", "CommandEntry", "LazyGroup", "new_app", "run_app"]

_WRONG_USE = 2
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose help lists the options by topic (`rich_help_panel`)."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - classes of typer's private parser
        """Write a section for each topic, in the order of the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                usual = "Options" if isinstance(parameter, TyperOption) else "Arguments"
                name = getattr(parameter, "rich_help_panel", None) or usual
                sections.setdefault(name, []).append(record)
        general = sections.pop("Options", [])
        for name, records in {**sections, "Options": general}.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


@dataclass(frozen=True)
class CommandEntry:
    """Where a command of `build-env` is: the module with its `register(app)`, and its line in the help."""

    module: str
    summary: str


class LazyGroup(TyperGroup):
    """Commands that are imported when they are called: the help of the group imports none of them."""

    entries: Mapping[str, CommandEntry]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as above
        """All names, as the table has them."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        """Import the module of one command and take the command from it."""
        if cmd_name not in self.entries:
            return None
        app = new_app()
        app.callback()(_nothing)
        importlib.import_module(self.entries[cmd_name].module).register(app)
        group: Any = typer.main.get_command(app)
        return group.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Say what is near when there is no such command."""
        from build_env.core.suggest import did_you_mean  # noqa: PLC0415 - only for wrong use

        if args and not args[0].startswith("-") and args[0] not in self.entries:
            ctx.fail(f"there is no command {args[0]}{did_you_mean(args[0], self.entries)}")
        return super().resolve_command(ctx, args)


def new_app(**settings: Any) -> typer.Typer:  # noqa: ANN401 - handed through
    """A typer application as ours are: no completion, no boxes, our own error lines."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=HELP_NAMES,
        **settings,
    )


def run_app(app: typer.Typer, arguments: Sequence[str], name: str) -> int:
    """Parse and run; what the parser refuses becomes one line on standard error."""
    try:
        status = app(args=list(arguments), prog_name=name, standalone_mode=False)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else name
        sys.stderr.write(f"error   {_sentence(error)} [usage]\n  next  {path} --help\n")
        return _WRONG_USE
    return int(status or 0)


def _sentence(error: Exception) -> str:
    text = str(getattr(error, "format_message", lambda: error)()).strip().rstrip(".")
    return " ".join(text[:1].lower().__add__(text[1:]).split())


def _nothing() -> None:
    """Make typer build a group, also around a single command."""
