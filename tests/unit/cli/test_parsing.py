"""What the parsers accept, refuse and show; nothing is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from build_env.cli.build_all import app as build_all
from build_env.cli.main import COMMANDS
from build_env.cli.main import app as build_env
from build_env.cli.parser import run_app
from build_env.cli.words import architecture_list, comma_list, options_first, put_right, with_container_value
from build_env.core.errors import UsageError
from build_env.model.options import BuildOptions

if TYPE_CHECKING:
    import typer


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["-c", "greet"], ["--container=keep", "greet"]),
        (["--container", "greet"], ["--container=keep", "greet"]),
        (["-c=clean", "greet"], ["--container=clean", "greet"]),
        (["--container=clean"], ["--container=clean"]),
        (["greet", "-c"], ["greet", "--container=keep"]),
        (["--", "-c"], ["--", "-c"]),
        (["-k", "-a", "arm64"], ["-k", "-a", "arm64"]),
    ],
)
def test_the_container_option_takes_no_word_behind_it(given: list[str], parsed: list[str]) -> None:
    assert with_container_value(given) == parsed


def test_architectures_are_separated_by_commas_or_repeated() -> None:
    assert comma_list(["amd64, arm64", "armhf", "amd64", ","]) == ("amd64", "arm64", "armhf")


def test_architectures_may_have_the_names_of_machines_and_of_rpm() -> None:
    assert architecture_list(["x86_64,arm64", "ARMv7hl", "AMD64", "mine"]) == ("amd64", "arm64", "armhf", "mine")


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["t", "-a", "arm64", "ls", "-l"], ["-a", "arm64", "--", "t", "ls", "-l"]),
        (["-c", "t", "ls", "-a"], ["-c", "--", "t", "ls", "-a"]),
        (["t", "--", "-x"], ["--", "t", "-x"]),
        (["--failed"], ["--failed"]),
        (["t", "--kind=source"], ["--kind=source", "--", "t"]),
        (["-a"], ["-a"]),
        ([], []),
    ],
)
def test_a_shell_leaves_the_options_of_its_command_alone(given: list[str], parsed: list[str]) -> None:
    assert options_first(given, ("-a",)) == parsed


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine": "podman"},
        {"container": "dirty"},
        {"log_format": "xml"},
        {"memory": "8"},
        {"memory": "much"},
        {"log_format": ""},
        {"print_env": "all"},
        {"print_list": "targets"},
        {"stages": frozenset({"bulid"})},
        {"engine": "native", "container": "keep"},
        {"install": True, "targets": ("debian/12",)},
        {"install": True, "engine": "docker"},
    ],
)
def test_values_that_an_option_does_not_take(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        BuildOptions(**wrong).check()  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("right", [{}, {"container": "keep"}, {"container": "clean"}, {"install": True}])
def test_values_that_it_takes(right: dict[str, object]) -> None:
    BuildOptions(**right).check()  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nonsense"], "--nonsense"),
        (["--target"], "--target"),
        (["--jobs", "0"], "--jobs"),
        (["--jobs", "many"], "many"),
        (["--timeout", "-1"], "--timeout"),
    ],
)
def test_wrong_use_is_two_lines_and_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(build_all, arguments, "build-all") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    assert words in first
    assert first.startswith("error   ")
    assert second == "  next  build-all --help"


@pytest.mark.parametrize(
    ("typed", "wrong", "right", "shown"),
    [
        (["x", "--target", "debain/12", "greet"], "debain/12", "debian/12", "x --target debian/12 greet"),
        (["x", "--target=debian/12,debain/13"], "debain/13", "debian/13", "x --target=debian/12,debian/13"),
        (["x", "-a", "amd64,AMD46"], "amd46", "amd64", "x -a amd64,amd64"),
        (["x", "--targe=a", "targe"], "--targe", "--target", "x --target=a targe"),
        (["x", "--root", "a b", "gret"], "gret", "greet", "x --root 'a b' greet"),
        (["x", "greet@debain/12"], "debain/12", "debian/12", "x greet@debian/12"),
        (["x", "greet2"], "greet", "other", ""),
    ],
)
def test_a_line_is_shown_again_with_the_word_put_right(typed: list[str], wrong: str, right: str, shown: str) -> None:
    assert put_right(typed, wrong, right) == shown


@pytest.mark.parametrize(
    ("app", "name", "arguments", "meant"),
    [
        (build_env, "build-env", ["plna", "greet"], "plan greet"),
        (build_env, "build-env", ["manifest", "compil", "x"], "manifest compile x"),
        (build_env, "build-env", ["plan", "--trget", "debian/12"], "plan --target debian/12"),
        (build_env, "build-env", ["why", "-target=debian/12"], "why --target=debian/12"),
        (build_env, "build-env", ["list", "tragets"], "list targets"),
        (build_all, "build-all", ["-target", "debian/12", "greet"], "--target debian/12 greet"),
        (build_all, "build-all", ["-dry-run", "greet"], "--dry-run greet"),
        (build_all, "build-all", ["--only", "idep", "--dry-run"], "--only indep --dry-run"),
        (build_all, "build-all", ["--log-format", "plian", "--dry-run"], "--log-format plain --dry-run"),
    ],
)
def test_what_is_misspelt_ends_with_the_line_that_was_meant(
    app: typer.Typer, name: str, arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(app, arguments, name) == 2
    first, last = capsys.readouterr().err.splitlines()
    assert "(did you mean " in first
    assert last == f"  next  {name} {meant}"


def test_options_of_what_a_shell_runs_are_not_ours(capsys: pytest.CaptureFixture[str]) -> None:
    run_app(build_env, ["shell", "no-target-of-that-name", "ls", "-root"], "build-env")
    assert "-root" not in capsys.readouterr().err


@pytest.mark.parametrize("app", [build_all, build_env], ids=["build-all", "build-env"])
def test_version(app: object) -> None:
    result = CliRunner().invoke(app, ["--version"])  # type: ignore[arg-type]  # both are applications
    assert result.exit_code == 0
    assert re.fullmatch(r"\S+ \d+\.\d+\S*\n", result.output)


def test_help_is_grouped_and_has_no_boxes() -> None:
    text = CliRunner().invoke(build_all, ["--help"]).output
    headings = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        "Arguments:",
        "What and where:",
        "Stages (none: all):",
        "How the packages that are named are built:",
        "Rooms and images:",
        "The run:",
        "Show instead of build:",
        "Options:",
    ]
    assert not set(text) & set("│╭╮╰╯─")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    result = CliRunner().invoke(build_env, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage: " in result.output


def test_the_help_of_the_group_lists_the_table() -> None:
    text = CliRunner().invoke(build_env, []).output
    assert all(f"  {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("group", ["manifest", "base"])
def test_a_group_alone_prints_its_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(build_env, [group], "build-env") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"Usage: build-env {group} ")
    assert "\nCommands:\n" in printed.out
    assert not printed.err


@pytest.mark.parametrize("arguments", [["manifest", "compile", "x", "-A"], ["manifest", "compile"]])
def test_wrong_use_names_the_help_of_its_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(build_env, arguments, "build-env") == 2
    assert capsys.readouterr().err.endswith("  next  build-env manifest compile --help\n")
