"""Owns what typer's parser is told: help in groups, errors in one line, commands that are imported when called.

The one place that knows typer's classes beyond its decorators. Wrong use ends with exit code 2.
"""

from __future__ import annotations

import pkgutil
import sys
from dataclasses import dataclass
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from build_env.cli.errors import run_command, tell_error
from build_env.cli.streams import flush_output, give_up_output, open_streams, output_failed, write_error
from build_env.cli.words import options_first
from build_env.core.errors import EnvironmentNotReady, UsageError
from build_env.core.suggest import mistyped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Command", "CommandEntry", "LazyGroup", "RunningCommand", "new_app", "run_app", "taken_with", "with_options"]

_WRONG_USE = 2
_SHORT_OPTION = 2  # letters with the dash
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class _Placed:
    """Errors of the parser know the command that they are about."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - classes of typer's private parser
        """Parse; a group that needs a command and got none prints its help."""
        if not args and isinstance(self, TyperGroup) and self.no_args_is_help:
            sys.stdout.write(f"{ctx.get_help()}\n")
            ctx.exit()
        try:
            parsed: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of the class it is mixed into
        except typer.TyperException as error:
            if option := getattr(error, "option_name", "") if hasattr(error, "possibilities") else "":
                raise mistyped(f"there is no option {option}", option, _options(self), hint=_help_of(ctx)) from error
            error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined]  # not all of them have it
            raise
        return parsed


class Command(_Placed, TyperCommand):
    """A command whose function returns the exit code (nothing: 0), and whose errors are told as `run_command` does.

    Its help lists the options by topic (`rich_help_panel`).
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - handed through
        """Every command can show tracebacks."""
        super().__init__(**settings)
        self.params.append(
            TyperOption(param_decls=["debug", "--debug"], is_flag=True, default=False, help="Show tracebacks.")
        )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - classes of typer's private parser
        """Parse; an option with one dash too few would be read as a row of short ones."""
        for word in args[: args.index("--")] if "--" in args else args:
            option = f"-{word.partition('=')[0]}"
            if len(option) > _SHORT_OPTION and option in _options(self):
                raise mistyped(f"there is no option {option[1:]}", option[1:], [option])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> int:  # noqa: ANN401 - classes of typer's private parser
        """Call the function; the exit code."""
        debug = ctx.params.pop("debug")
        return run_command(partial(super().invoke, ctx), debug=debug, typed=ctx.find_root().obj or ())

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


class RunningCommand(Command):
    """A command that takes options around its first word, and leaves those behind the second to what it runs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as above
        """Put our options first."""
        valued = [
            name
            for option in self.params
            if isinstance(option, TyperOption) and not option.is_flag
            for name in option.opts
        ]
        return super().parse_args(ctx, options_first(args, valued))


@dataclass(frozen=True)
class CommandEntry:
    """A command of `build-env`: its function or group, as `module:name` of this directory, and its line in the help."""

    place: str
    summary: str
    cls: type[Command] = Command


class Group(_Placed, TyperGroup):
    """A command of commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Say what is near when there is no such command."""
        names = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in names:
            raise mistyped(f"there is no command {args[0]}", args[0], names, hint=_help_of(ctx))
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """Commands that are imported when they are called: the help of the group imports none of them."""

    entries: Mapping[str, CommandEntry]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as above
        """All names, as the table has them."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        """Import the module of one command and take the command from it."""
        if cmd_name not in self.entries:
            return None
        entry = self.entries[cmd_name]
        command = pkgutil.resolve_name(f"build_env.cli.{entry.place}")
        app = new_app()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=cmd_name)
        else:
            app.callback()(_nothing)
            app.command(cmd_name, cls=entry.cls)(command)
        group: Any = typer.main.get_command(app)
        return group.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])


class _App(typer.Typer):
    def command(self, name: str | None = None, **settings: Any) -> Any:  # noqa: ANN401 - as typer has it
        """A command of our own class."""
        return super().command(name, **{"cls": Command, **settings})


def new_app(**settings: Any) -> typer.Typer:  # noqa: ANN401 - handed through
    """A typer application as ours are: no completion, no boxes, our own error lines."""
    return _App(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=HELP_NAMES,
        **{"cls": Group, **settings},
    )


def taken_with(command: Callable[..., int | None], parameters: Iterable[Parameter]) -> Callable[..., int | None]:
    """Let typer take these `parameters`, whose annotations are objects, for those of the command."""
    named = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in parameters]
    command.__signature__ = Signature(named)  # type: ignore[attr-defined]  # as inspect has it
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in named}
    return command


def with_options(make: Callable[..., object]) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """A command whose first argument is what `make` makes of its own arguments: options that several commands share."""
    shared = signature(make, eval_str=True).parameters

    def decorated(command: Callable[..., int | None]) -> Callable[..., int | None]:
        own = [*signature(command, eval_str=True).parameters.values()][1:]

        @wraps(command)
        def call(**given: Any) -> int | None:  # noqa: ANN401 - each has the type of its parameter
            asked = make(**{name: given.pop(name) for name in shared})
            return command(asked, **given)

        return taken_with(call, [*shared.values(), *own])

    return decorated


def run_app(app: typer.Typer, arguments: Sequence[str], name: str) -> int:
    """Parse and run; what the parser refuses becomes one line on standard error."""
    open_streams()
    typed = (name, *arguments)
    try:
        status = app(args=list(arguments), prog_name=name, standalone_mode=False, obj=typed)
        flush_output()
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else name
        write_error(f"error   {_sentence(error)} [usage]\n  next  {path} --help\n")
        return _WRONG_USE
    except BrokenPipeError:
        give_up_output()
        return 0
    except OSError as error:  # the help could not be printed; what a command meets, it tells itself
        return tell_error(output_failed(error))
    except (EnvironmentNotReady, UsageError) as error:
        return tell_error(error, typed)
    return int(status or 0)


def _options(command: Any) -> list[str]:  # noqa: ANN401 - as above
    """The long options of a command."""
    named = (name for option in command.params if isinstance(option, TyperOption) for name in option.opts)
    return [*(name for name in named if len(name) > _SHORT_OPTION), "--help"]


def _help_of(ctx: Any) -> str:  # noqa: ANN401 - as above
    return f"{ctx.command_path} --help"


def _sentence(error: Exception) -> str:
    text = str(getattr(error, "format_message", lambda: error)()).strip().rstrip(".")
    return " ".join(text[:1].lower().__add__(text[1:]).split())


def _nothing() -> None:
    """Make typer build a group, also around a single command."""
