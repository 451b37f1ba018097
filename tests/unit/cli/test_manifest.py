"""`build-env manifest`: what it prints, where it writes, what it refuses, with which status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.inspect.directives import directives_markdown
from build_env.manifest.registry import DIRECTIVES

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = "otk.version: 1\notk.define:\n  name: hello\notk.target.osbuild:\n  who: $name\n"


def run(
    directory: Path, *arguments: str, given: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "build_env.cli.main", "manifest", *arguments],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C", **(environment or {})},
        input=given or "",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def write(directory: Path, **files: str) -> None:
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_compile_prints_json_with_two_spaces_and_a_newline(tmp_path: Path) -> None:
    write(tmp_path, a="otk.define: {x: [1, é]}\nlist: $x\n")
    done = run(tmp_path, "compile", "a.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == '{\n  "list": [\n    1,\n    "é"\n  ]\n}\n'


def test_a_target_is_chosen_and_standard_input_may_be_a_pipe_whose_includes_start_here(tmp_path: Path) -> None:
    write(tmp_path, part="more: 2\n")
    done = run(tmp_path, "compile", "-", "-t", "osbuild", given=f"{MANIFEST}  otk.include: part.yaml\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"version": "2", "who": "hello", "more": 2}


@pytest.mark.parametrize("argument", [["-A", "v=3.10"], ["-Av=3.10"], ["--argument", "v=3.10"]])
def test_arguments_are_text(tmp_path: Path, argument: list[str]) -> None:
    write(tmp_path, a="otk.argument: [v]\nx: $v\n")
    assert json.loads(run(tmp_path, "compile", "a.yaml", *argument).stdout) == {"x": "3.10"}


@pytest.mark.parametrize("form", ["data", "file", "input"])
def test_data_for_a_customization_comes_from_three_places(tmp_path: Path, form: str) -> None:
    write(tmp_path, a="x:\n  otk.customization.c:\n    defined: $this.language\n", data="language: de\n")
    word = {"data": "c={language: de}", "file": "c=@data.yaml", "input": "c=-"}[form]
    done = run(tmp_path, "compile", "a.yaml", "-C", word, given="language: de\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"x": "de"}


def test_meta_and_yaml(tmp_path: Path) -> None:
    write(tmp_path, a="otk.meta.kiwi:\n  label: 'on'\n  number: '012'\nx: 1\n")
    done = run(tmp_path, "compile", "a.yaml", "--meta", "kiwi", "--format", "yaml")
    assert done.stdout == "label: 'on'\nnumber: '012'\n"
    wrong = run(tmp_path, "compile", "a.yaml", "--meta", "kivi")
    assert wrong.returncode == 2
    assert "did you mean kiwi?" in wrong.stderr


def test_meta_beside_several_targets_needs_none(tmp_path: Path) -> None:
    targets = "otk.version: 1\notk.target.one: {x: 1}\notk.target.two: {x: 2}\n"
    write(tmp_path, a=f"{targets}otk.meta.kiwi: {{label: $name}}\notk.define: {{name: n}}\n")
    assert json.loads(run(tmp_path, "compile", "a.yaml", "--meta", "kiwi").stdout) == {"label": "n"}
    assert json.loads(run(tmp_path, "compile", "a.yaml", "--meta", "kiwi", "-t", "two").stdout) == {"label": "n"}
    assert "choose one with -t" in run(tmp_path, "compile", "a.yaml").stderr
    write(tmp_path, b=f"{targets}otk.meta.kiwi: {{x: {{otk.external.one.y: {{}}}}}}\n")
    assert "runs only for a target of one" in run(tmp_path, "compile", "b.yaml", "--meta", "kiwi").stderr


def test_the_output_is_replaced_on_success_and_untouched_on_failure(tmp_path: Path) -> None:
    write(tmp_path, good="x: 1\n", bad="otk.version: 1\nx: $missing\n")
    out = tmp_path / "out.json"
    assert run(tmp_path, "compile", "good.yaml", "-o", "out.json").stdout == ""
    assert json.loads(out.read_text()) == {"x": 1}
    before = out.stat().st_ino
    assert run(tmp_path, "compile", "bad.yaml", "-o", "out.json").returncode == 2
    assert (out.stat().st_ino, out.read_text()) == (before, '{\n  "x": 1\n}\n')
    assert run(tmp_path, "compile", "bad.yaml", "-o", "new.json").returncode == 2
    assert {path.name for path in tmp_path.iterdir()} == {"good.yaml", "bad.yaml", "out.json"}


def test_all_faults_are_said_at_once_with_place_caret_and_chain(tmp_path: Path) -> None:
    write(tmp_path, a="otk.define: {name: 1}\nx: $nane\notk.include: b.yaml\n", b="y:\n  z: $gone\n")
    done = run(tmp_path, "compile", "a.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a.yaml:2:4" in done.stderr
    assert "did you mean name?" in done.stderr
    assert "    x: $nane\n         ^\n" in done.stderr
    assert "b.yaml:2:6" in done.stderr
    assert "included from a.yaml:3:14" in done.stderr or "included from a.yaml:3:1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compile", "gone.yaml"], "gone.yaml cannot be read"),
        (["compile", "a.yaml", "-A", "v"], "-A v: a name and a value are expected"),
        (["compile", "a.yaml", "-W", "duplicate"], "there is no warning duplicate"),
        (["compile", "a.yaml", "--format", "jsn"], "there is no format jsn (did you mean json?)"),
        (["compile", "-", "-C", "x=-"], "standard input can be read once"),
        (["validate", "-", "a.yaml", "-C", "x=-"], "standard input can be read once"),
        (["compile", "a.yaml", "-o", ""], "-o: the name of a file is empty"),
        (["compile", "a.yaml", "-D", "x"], "-D x: a name and a value are expected"),
        (["compile", "a.yaml", "-D", "x.1=y"], "-D x.1: this is no name of a variable"),
        (["compile", "a.yaml", "-D", "x=1", "-D", "x=2"], "-D x is given twice"),
        (["explain", "a.yaml", "x", "-W", "alll"], "did you mean all?"),
        (["explain", "a.yaml", "x.z"], "there is no z in x (did you mean"),
        (["compil", "a.yaml"], "compil"),
    ],
)
def test_wrong_use(tmp_path: Path, arguments: list[str], said: str) -> None:
    write(tmp_path, a="x: {zz: 1}\n")
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("switch", ["--allow-redefine", "-Wduplicate-definition", "-Wall"])
def test_a_second_definition_is_an_error_unless_allowed(tmp_path: Path, switch: str) -> None:
    write(tmp_path, a="otk.define: {x: 1}\notk.define.again: {x: 2}\ny: $x\n")
    refused = run(tmp_path, "compile", "a.yaml")
    assert refused.returncode == 2
    assert "a.yaml:1:14" in refused.stderr
    assert "a.yaml:2:20" in refused.stderr
    allowed = run(tmp_path, "compile", "a.yaml", switch)
    assert json.loads(allowed.stdout) == {"y": 2}
    assert allowed.stderr.startswith("warning a.yaml:2:20")


def test_validate_checks_all_targets(tmp_path: Path) -> None:
    write(
        tmp_path, good=f"{MANIFEST}otk.target.other: {{x: $name}}\n", bad=f"{MANIFEST}otk.target.other: {{x: $nam}}\n"
    )
    done = run(tmp_path, "validate", "good.yaml")
    assert (done.returncode, done.stdout) == (0, "ok      good.yaml: 1 file, for osbuild, other\n")
    refused = run(tmp_path, "validate", "bad.yaml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "bad.yaml:6:23" in refused.stderr
    assert run(tmp_path, "compile", "bad.yaml", "-t", "osbuild").returncode == 0


def test_a_program_is_asked_once_for_all_targets(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="otk.version: 1\notk.define: {m: {otk.external.log: 1}}\notk.target.a: {v: $m}\notk.target.b: {v: $m}\n",
    )
    program = tmp_path / "log"
    program.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/asked; cat\n", encoding="utf-8")
    program.chmod(0o755)
    done = run(tmp_path, "validate", "a.yaml", environment={"BUILD_ENV_EXTERNAL_PATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_faults_of_the_command_line_name_the_option_or_the_file(tmp_path: Path) -> None:
    write(tmp_path, a="x: {otk.customization.c: {defined: 1}}\n", data="k: [1\n")
    done = run(tmp_path, "compile", "a.yaml", "-A", "v=1", "-C", "c=[1", "-C", "c=@data.yaml", "-C", "d=1")
    assert done.returncode == 2
    for said in (
        "-A v=1: the argument v is not declared",
        "-C c:1:3: this is not YAML",
        "data.yaml:1:6: this is not YAML",
        "-C d: there is no otk.customization.d",
    ):
        assert f"  {said}" in done.stderr


def test_explain_says_the_define_the_includes_and_what_was_overridden(tmp_path: Path) -> None:
    write(tmp_path, a="otk.include: b.yaml\nx: {y: [$name]}\n", b="otk.define:\n  name: hello\n")
    done = run(tmp_path, "explain", "a.yaml", "x.y.0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('x.y.0 = "hello"\n')
    assert "defined    b.yaml:2:" in done.stdout
    assert "included from a.yaml:1:" in done.stdout


def test_externals_are_run_or_refused(tmp_path: Path) -> None:
    write(tmp_path, a="x:\n  otk.external.mirror: {y: 1}\n")
    program = tmp_path / "mirror"
    program.write_text("#!/bin/sh\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    path = {"BUILD_ENV_EXTERNAL_PATH": str(tmp_path)}
    assert json.loads(run(tmp_path, "compile", "a.yaml", environment=path).stdout) == {"x": {"y": 1}}
    refused = run(tmp_path, "compile", "a.yaml", "--no-externals", environment=path)
    assert refused.returncode == 2
    assert "a.yaml:2:3" in refused.stderr


def test_format_changes_files_and_check_only_looks(tmp_path: Path) -> None:
    write(tmp_path, a="x:\n    y: 1  # why\n", b="x: 1\n")
    looked = run(tmp_path, "format", "--check", "a.yaml", "b.yaml")
    assert (looked.returncode, looked.stdout) == (1, "differs a.yaml\n")
    done = run(tmp_path, "format", "a.yaml", "b.yaml")
    assert (done.returncode, done.stdout) == (0, "changed a.yaml\n")
    assert (tmp_path / "a.yaml").read_text() == "x:\n  y: 1  # why\n"
    assert run(tmp_path, "format", "-", given="x:  \n  - 1").stdout == "x:\n  - 1\n"


def test_format_keeps_modes_and_says_what_it_leaves(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"x:\r\n    y: |\r\n        z")
    (tmp_path / "a.yaml").chmod(0o600)
    left = "left    a.yaml: no newline is put at its end: the text of line 2 would get it\n"
    looked = run(tmp_path, "format", "--check", "a.yaml")
    assert (looked.returncode, looked.stdout) == (1, f"differs a.yaml, also its line ends\n{left}")
    assert run(tmp_path, "format", "a.yaml").stdout == f"changed a.yaml, also its line ends\n{left}"
    assert run(tmp_path, "format", "a.yaml").stdout == left
    assert (tmp_path / "a.yaml").read_bytes() == b"x:\n  y: |\n      z"
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o600
    printed = run(tmp_path, "format", "-", given="x: |\n  z")
    assert printed.stdout == "x: |\n  z"
    assert printed.stderr.startswith("note    no newline is put at its end")


@pytest.mark.parametrize("output", ["a.yaml", "./b.yaml", "link", "data.yaml"])
def test_a_file_that_was_read_is_not_overwritten(tmp_path: Path, output: str) -> None:
    write(tmp_path, a="otk.include: b.yaml\ny:\n  otk.customization.c: {defined: $this.z}\n", b="x: 1\n", data="z: 1\n")
    (tmp_path / "link").symlink_to("b.yaml")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    done = run(tmp_path, "compile", "a.yaml", "-C", "c=@data.yaml", "-o", output)
    assert done.returncode == 2
    assert f"-o {output.removeprefix('./')}: this file was read" in done.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_the_output_may_be_standard_output_by_name(tmp_path: Path) -> None:
    write(tmp_path, a="x: 1\n")
    with (tmp_path / "all").open("w") as file:
        file.write("before\n")
        file.flush()
        subprocess.run(
            [sys.executable, "-P", "-m", "build_env.cli.main", "manifest", "compile", "a.yaml", "-o", "/dev/stdout"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdout=file,
            check=True,
        )
    assert (tmp_path / "all").read_text() == 'before\n{\n  "x": 1\n}\n'


def test_validate_says_the_faults_of_all_files_or_looks_at_one_target(tmp_path: Path) -> None:
    several = "otk.version: 1\notk.target.one: {x: 1}\notk.target.two: {x: $gone}\n"
    write(tmp_path, a=several, b="otk.version: 1\nx: $lost\n", c="x: 1\n")
    done = run(tmp_path, "validate", "a.yaml", "b.yaml", "missing.yaml", "c.yaml")
    assert (done.returncode, done.stdout) == (2, "ok      c.yaml: 1 file\n")
    assert "a.yaml:3:21" in done.stderr
    assert "b.yaml:2:4" in done.stderr
    assert "missing.yaml cannot be read" in done.stderr
    one = run(tmp_path, "validate", "a.yaml", "-t", "one")
    assert (one.returncode, one.stdout) == (0, "ok      a.yaml: 1 file, for one\n")


def test_validate_reads_data_from_standard_input_once_for_all_files(tmp_path: Path) -> None:
    text = "x:\n  otk.customization.c:\n    defined: $this.language\n"
    write(tmp_path, a=text, b=text)
    done = run(tmp_path, "validate", "a.yaml", "b.yaml", "-C", "c=-", given="language: de\n")
    assert (done.returncode, done.stdout) == (0, "ok      a.yaml: 1 file\nok      b.yaml: 1 file\n")


def test_explain_allows_a_second_definition_with_its_warning(tmp_path: Path) -> None:
    write(tmp_path, a="otk.define: {x: 1}\notk.define.again: {x: 2}\ny: $x\n")
    done = run(tmp_path, "explain", "a.yaml", "y", "-W", "all")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "y = 2")
    assert done.stderr.startswith("warning a.yaml:2:20")


@pytest.mark.parametrize("command", [["compile", "a.yaml"], ["validate", "a.yaml"], ["explain", "a.yaml", "x"]])
def test_variables_are_given_from_outside(tmp_path: Path, command: list[str]) -> None:
    write(tmp_path, a="otk.version: 1\nx: $arch-${user.name}\n")
    given = ["-D", "arch=arm64", "--define", "user.name=ann=x"]
    done = run(tmp_path, *command, *given)
    assert done.returncode == 0, done.stderr
    assert ("arm64-ann=x" in done.stdout) == (command[0] != "validate")
    assert "arch is not defined" in run(tmp_path, *command, "-D", "user.name=x").stderr


def test_endless_input_is_refused(tmp_path: Path) -> None:
    for command in (["compile", "/dev/zero"], ["format", "/dev/zero"], ["compile", "-", "-C", "c=@/dev/zero"]):
        done = run(tmp_path, *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "/dev/zero cannot be read: it is larger than 16 MiB [input]" in done.stderr


def test_names_of_files_are_shown_without_what_cannot_be_seen(tmp_path: Path) -> None:
    name = "\x1b[31m\nx.yaml"
    (tmp_path / name).write_text("x:\n    y: 1\n", encoding="utf-8")
    assert run(tmp_path, "validate", name).stdout == "ok      \\x1b[31m\\nx.yaml: 1 file\n"
    assert run(tmp_path, "format", name).stdout == "changed \\x1b[31m\\nx.yaml\n"
    assert run(tmp_path, "compile", f"no{name}").stderr.startswith("error   no\\x1b[31m\\nx.yaml cannot be read")


def test_directives_lists_the_registry_and_the_page_is_made_from_it(tmp_path: Path) -> None:
    names = [directive.name for directive in DIRECTIVES]
    assert [entry["name"] for entry in json.loads(run(tmp_path, "directives", "--json").stdout)] == names
    assert len(run(tmp_path, "directives").stdout.splitlines()) == len(names)
    page = (ROOT / "docs/reference/manifest-directives.md").read_text(encoding="utf-8")
    assert page == directives_markdown(), (
        "build-env manifest directives --markdown > docs/reference/manifest-directives.md"
    )
