"""External programs: finding, asking, and everything that may go wrong with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from build_env.externals.executables import (
    STANDARD_DIRECTORIES,
    ProgramRunner,
    program_environment,
    read_envelope,
    search_path,
    write_envelope,
)
from build_env.manifest.externals import REMOVED, ExternalError
from tests.support.processes import ends

REPOSITORY = Path(__file__).parents[3]


def program(directory: Path, name: str, script: str = "cat", *, mode: int = 0o755) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return path


def runner(*search: Path, timeout: float = 20, environment: dict[str, str] | None = None) -> ProgramRunner:
    return ProgramRunner(
        search=search, timeout=timeout, environment=program_environment({}) if environment is None else environment
    )


def message(tool: ProgramRunner, name: str = "a.b", tree: object = None) -> str:
    with pytest.raises(ExternalError) as caught:
        tool.run(name, tree)
    return str(caught.value)


def test_the_tree_goes_in_and_comes_out(tmp_path: Path) -> None:
    program(tmp_path, "mirror")
    tree = {"b": [1, 2.5, True, None, "ü"], "a": {}}
    assert runner(tmp_path).run("mirror", tree) == tree
    assert list(runner(tmp_path).run("mirror", tree)) == ["b", "a"]  # type: ignore[call-overload]


def test_much_goes_through_a_program_that_answers_while_it_reads(tmp_path: Path) -> None:
    program(tmp_path, "mirror")
    tree = ["x" * 1000] * 3000
    assert runner(tmp_path).run("mirror", tree) == tree


def test_a_program_need_not_read_its_input(tmp_path: Path) -> None:
    program(tmp_path, "a.b", "exec 0<&-; echo '{\"tree\": 7}'")
    assert runner(tmp_path).run("a.b", "x" * 1_000_000) == 7


def test_the_full_name_is_taken_before_the_collection(tmp_path: Path) -> None:
    program(tmp_path / "one", "otk-a", 'echo "{\\"tree\\": \\"collection $1\\"}"')
    program(tmp_path / "two", "a.b", 'echo \'{"tree": "own"}\'')
    both = runner(tmp_path / "one", tmp_path / "two")
    assert both.run("a.b", {}) == "own"
    assert both.run("a.c.d", {}) == "collection c.d"


def test_a_collection_gets_the_tree_and_prints_the_new_one(tmp_path: Path) -> None:
    """Written from the sentence of the language alone: the tree on standard input, a new tree on standard output."""
    script = "import json, sys; tree = json.load(sys.stdin); tree['asked'] = sys.argv[1]; json.dump(tree, sys.stdout)"
    program(tmp_path, "otk-osbuild", f'exec {sys.executable} -c "{script}" "$@"')
    assert runner(tmp_path).run("osbuild.depsolve-dnf4", {"packages": ["a"]}) == {
        "packages": ["a"],
        "asked": "depsolve-dnf4",
    }


@pytest.mark.parametrize(
    ("printed", "tree"),
    [
        ('{"tree": {"tree": 1}}', {"tree": 1}),
        ('{"tree": 1, "log": 2}', {"tree": 1, "log": 2}),
        ('{"tree": null}', None),
        ("{}", {}),
        ("[1]", [1]),
        ('"text"', "text"),
    ],
    ids=["envelope", "more", "null", "empty", "sequence", "text"],
)
def test_a_map_whose_only_key_is_tree_is_the_envelope_of_a_collection(
    tmp_path: Path, printed: str, tree: object
) -> None:
    program(tmp_path, "otk-a", f"cat >/dev/null; echo '{printed}'")
    assert runner(tmp_path).run("a.b", {}) == tree


def test_a_collection_that_prints_no_json_is_refused(tmp_path: Path) -> None:
    program(tmp_path, "otk-a", "echo no")
    assert "otk-a: what it printed is not JSON" in message(runner(tmp_path))


def test_the_first_executable_file_wins(tmp_path: Path) -> None:
    (tmp_path / "zero" / "a.b").mkdir(parents=True)
    program(tmp_path / "one", "a.b", mode=0o644)
    two = program(tmp_path / "two", "a.b")
    program(tmp_path / "three", "a.b")
    places = [tmp_path / name for name in ("none", "zero", "one", "two", "three")]
    assert runner(*places).find("a.b") == (str(two),)


def test_search_order() -> None:
    found = search_path({"OTK_EXTERNAL_PATH": "/c:", "BUILD_ENV_EXTERNAL_PATH": "/a::/b:/c"})
    assert [str(path) for path in found] == ["/a", "/b", "/c", *STANDARD_DIRECTORIES]
    assert [str(path) for path in search_path({})] == list(STANDARD_DIRECTORIES)


def test_not_found_says_where_and_what_is_near(tmp_path: Path) -> None:
    program(tmp_path / "one", "osbuild.embed-file")
    program(tmp_path / "one", "otk-osbuild", mode=0o644)
    text = message(runner(tmp_path / "one", tmp_path / "none"), "osbuild.embed-fil")
    assert "no program osbuild.embed-fil or otk-osbuild (did you mean osbuild.embed-file?)" in text
    assert f"{tmp_path}/one/otk-osbuild may not be executed" in text
    assert f"looked in {tmp_path}/one, {tmp_path}/none" in text


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a..b", "a.", "a.-x", "-a", "a b", "a\0b", "ä"])
def test_names_lead_nowhere_else(tmp_path: Path, name: str) -> None:
    assert "is no name of an external" in message(runner(tmp_path), name)


def test_a_failure_shows_status_and_standard_error(tmp_path: Path) -> None:
    program(tmp_path, "a.b", "echo '{}'; echo first >&2; printf '\\033[2Jsecond\\n' >&2; exit 3")
    assert message(runner(tmp_path)).splitlines() == [
        f"{tmp_path}/a.b ended with exit status 3",
        "  | first",
        "  | [2Jsecond",
    ]


def test_a_failure_without_standard_error_shows_the_output(tmp_path: Path) -> None:
    program(tmp_path, "a.b", "echo why; exit 1")
    assert message(runner(tmp_path)).endswith("  | why")


def test_a_failure_shows_the_end_of_what_was_said(tmp_path: Path) -> None:
    program(tmp_path, "a.b", "seq 1 20000 >&2; exit 1")
    lines = message(runner(tmp_path)).splitlines()
    assert lines[1:3] == ["  | … the last 40 lines:", "  | 19961"]
    assert lines[-1] == "  | 20000"


def test_what_a_program_says_beside_its_answer_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    program(tmp_path, "a.b", "printf 'old\\n\\n\\033[2Jindex\\n' >&2; cat")
    program(tmp_path, "much", "seq 1 20000 >&2; cat")
    tool = ProgramRunner(search=(tmp_path,), tell=told.append, environment=program_environment({}))
    assert tool.run("a.b", 1) == 1
    assert told == ["a.b: old", "a.b: [2Jindex"]
    assert tool.run("much", 1) == 1
    assert told[2:4] == ["much: … the last 40 lines:", "much: 19961"]
    assert len(told) == 43


def test_a_signal_is_named(tmp_path: Path) -> None:
    program(tmp_path, "a.b", "kill -SEGV $$")
    assert "was ended by SIGSEGV" in message(runner(tmp_path))


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "a.b").write_text("#!/no/such/interpreter\n")
    (tmp_path / "a.b").chmod(0o755)
    assert "cannot be started: No such file or directory" in message(runner(tmp_path))


def test_the_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    program(tmp_path, "a.b", f"sleep 1000 & echo $! >{tmp_path}/pid; echo waiting >&2; wait")
    text = message(runner(tmp_path, timeout=1))
    assert text.splitlines() == [f"{tmp_path}/a.b was stopped after 1 s", "  | waiting"]
    assert ends(int((tmp_path / "pid").read_text()))


def test_what_a_program_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    program(tmp_path, "a.b", f"sleep 1000 & echo $! >{tmp_path}/pid; echo '{{\"tree\": 1}}'")
    assert runner(tmp_path).run("a.b", {}) == 1
    assert ends(int((tmp_path / "pid").read_text()))


def test_an_interrupt_ends_the_whole_group(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ready")
    program(tmp_path, "a.b", f"sleep 1000 & echo $! >{tmp_path}/ready; wait")
    code = (
        "from pathlib import Path; from build_env.externals.executables import ProgramRunner; "
        f"ProgramRunner(search=(Path({str(tmp_path)!r}),), environment={{'PATH': '/usr/bin:/bin'}}).run('a.b', 1)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen([sys.executable, "-P", "-c", code], env=environment, stderr=subprocess.PIPE) as process:
        inner = int((tmp_path / "ready").read_text())
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate()[1]
    assert ends(inner)


def test_too_much_output_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("build_env.externals.executables._MOST_OUTPUT", 1 << 20)
    program(tmp_path, "a.b", "exec cat /dev/zero")
    assert "it printed more than 1 MiB" in message(runner(tmp_path))


def test_the_environment_is_listed(tmp_path: Path) -> None:
    given = {"HOME": "/h", "LANG": "de_DE", "SECRET": "s", "PATH": "/usr/bin:/bin", "OTK_EXTERNAL_PATH": "/x"}
    assert program_environment(given) == {
        "HOME": "/h",
        "LC_ALL": "C.UTF-8",
        "OTK_EXTERNAL_PATH": "/x",
        "PATH": "/usr/bin:/bin",
        "TZ": "UTC",
    }
    program(tmp_path, "a.b", 'printf \'{"tree": "%s"}\' "${SECRET-none} $LC_ALL"')
    assert runner(tmp_path, environment=program_environment(given)).run("a.b", 0) == "none C.UTF-8"


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("", "it printed nothing"),
        ("hello", "not JSON: Expecting value at line 1, column 1: 'hello'"),
        ('{"tree": 1', "not JSON"),
        ("[1]", "not of the form"),
        ('{"trees": 1}', "no tree, but trees"),
        ('{"tree": 1, "log": 2}', "log beside tree"),
        ('{"tree": NaN}', "NaN is no JSON"),
        ('{"tree": {"a": 1, "a": 2}}', "a is there twice"),
        ('{"tree": ' + "1" * 5000 + "}", "cannot be used"),
        ('{"tree": ' + "[" * 200_000, "cannot be used"),
    ],
    ids=["empty", "words", "cut", "list", "misspelt", "more", "nan", "twice", "digits", "deep"],
)
def test_other_answers_are_refused(printed: str, words: str) -> None:
    with pytest.raises(ExternalError) as caught:
        read_envelope(printed.encode())
    assert words in str(caught.value)


def test_an_answer_that_is_no_text_is_refused() -> None:
    with pytest.raises(ExternalError, match="cannot be used"):
        read_envelope(b'{"tree": "\xff"}')


@pytest.mark.parametrize("text", ['"\\ud800"', '["\\udfff"]', '{"\\ud800": 1}'], ids=["text", "item", "key"])
def test_half_of_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(ExternalError, match="is half of a surrogate pair"):
        read_envelope(f'{{"tree": {text}}}'.encode())
    assert read_envelope(b'{"tree": "\\ud83d\\ude00"}') == "\U0001f600"


def test_an_empty_envelope_removes_the_node() -> None:
    assert read_envelope(b"{}\n") is REMOVED


def test_a_wrong_answer_names_the_program_and_what_it_said(tmp_path: Path) -> None:
    program(tmp_path, "a.b", "echo no; echo because >&2")
    lines = message(runner(tmp_path)).splitlines()
    assert lines[0].startswith(f"{tmp_path}/a.b: what it printed is not JSON")
    assert lines[1] == "  | because"


@pytest.mark.parametrize("tree", [float("nan"), {1, 2}])
def test_arguments_that_are_no_json(tree: object) -> None:
    with pytest.raises(ExternalError, match="cannot be written as JSON"):
        write_envelope(tree)
