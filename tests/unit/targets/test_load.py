"""What is wrong with a `packages.conf.py` is told with file and line; loading leaves no trace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import HookError
from build_env.core.paths import ProjectPaths
from build_env.targets.load import load_target
from build_env.targets.record import call_hook
from tests.support.project import make_project
from tests.support.samples import recorder

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.command import Record
    from tests.support.project import MakeProject

CONFIGURATION = "targets/here/1/packages.conf.py"
HEAD = 'PACKAGES = ["one"]\n\n\n'


def failure(project: MakeProject, text: str, hook: str = "") -> HookError:
    """The error of loading a target with that text, or of calling one of its hooks."""
    made = project({CONFIGURATION: text})
    before = made.listing()
    with pytest.raises(HookError) as caught:
        call_hook(recorder(made.root), hook) if hook else load_target(ProjectPaths(root=made.root), "here/1")
    assert made.listing() == before
    return caught.value


def record(project: MakeProject, body: str) -> Record:
    """What `run_tar_build` with that body records."""
    made = project({CONFIGURATION: f"{HEAD}def run_tar_build(env):\n    {body}\n", "common/files/x": "x\n"})
    return call_hook(recorder(made.root), "run_tar_build")[1]


def text_of(error: HookError) -> str:
    return "\n".join(error.lines())


def test_a_syntax_error_has_its_place(project: MakeProject) -> None:
    text = text_of(failure(project, "PACKAGES = [\n\ndef x(:\n"))
    assert f"{CONFIGURATION}:" in text
    assert "is not Python" in text


def test_an_exception_while_loading_has_its_line(project: MakeProject) -> None:
    assert f"{CONFIGURATION}:2:5: " in text_of(failure(project, "PACKAGES = []\nX = 1 / 0\n"))


def test_an_import_that_fails_names_the_line_of_the_target(project: MakeProject) -> None:
    text = text_of(failure(project, "from common.nothing import *\n"))
    assert f"{CONFIGURATION}:1" in text
    assert "ModuleNotFoundError" in text


def test_an_exception_in_a_hook_has_its_line(project: MakeProject) -> None:
    text = text_of(failure(project, f"{HEAD}def env_load(env):\n    return env.nothing\n", "env_load"))
    assert f"{CONFIGURATION}:5:12: env_load of {CONFIGURATION} raised AttributeError" in text


def test_an_exception_in_a_shared_hook_names_the_shared_file(project: MakeProject) -> None:
    made = project(
        {CONFIGURATION: f"from common.f import *\n{HEAD}", "common/f.py": "def env_load(env):\n    {}['x']\n"}
    )
    with pytest.raises(HookError) as caught:
        call_hook(recorder(made.root), "env_load")
    assert str(caught.value.location).startswith("common/f.py:2:")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("run_biuld", "run_build"), ("env_laod", "env_load"), ("docker_image_nam", "docker_image_name")],
)
def test_a_misspelt_hook_names_the_right_one(project: MakeProject, wrong: str, right: str) -> None:
    text = text_of(failure(project, f"{HEAD}def {wrong}(env, package):\n    pass\n"))
    assert f"{CONFIGURATION}:4: there is no hook {wrong} (did you mean {right}?)" in text


def test_a_misspelt_shared_hook_names_the_shared_file(project: MakeProject) -> None:
    made = project(
        {CONFIGURATION: f"from common.f import *\n{HEAD}", "common/f.py": "def run_biuld(env, p):\n    pass\n"}
    )
    with pytest.raises(HookError) as caught:
        load_target(ProjectPaths(root=made.root), "here/1")
    assert "common/f.py:1: there is no hook run_biuld" in text_of(caught.value)


def test_all_faults_of_a_file_come_at_once(project: MakeProject) -> None:
    error = failure(project, "DEPENDS = 'x'\n\n\ndef run_build(env):\n    pass\n\n\ndef run_biuld(env):\n    pass\n")
    assert [fault.message.split(" (")[0] for fault in error.faults] == [
        "PACKAGES is missing",
        "DEPENDS must be a list of package names",
        "run_build must take",
        "there is no hook run_biuld",
    ]


def test_a_hook_with_other_parameters_shows_the_right_ones(project: MakeProject) -> None:
    text = text_of(failure(project, f"{HEAD}def run_build(env):\n    pass\n"))
    assert f"{CONFIGURATION}:4: run_build must take (env, package)" in text


def test_packages_under_another_name_is_noticed(project: MakeProject) -> None:
    assert "it has PACKAGE: is that what is meant?" in text_of(failure(project, "PACKAGE = []\n"))


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("open('x', 'w')", "writes x"),
        ("open('x', 'a')", "writes x"),
        ("__import__('pathlib').Path('x').mkdir()", "calls os.mkdir"),
        ("__import__('os').chdir('/')", "calls os.chdir"),
        ("__import__('subprocess').run(['true'])", "calls subprocess.Popen"),
        ("__import__('os').system('true')", "calls os.system"),
        ("__import__('os').environ.update(A='1')", "calls os.putenv"),
    ],
)
@pytest.mark.parametrize("place", ["file", "hook"])
def test_acting_is_refused_with_its_line(project: MakeProject, act: str, said: str, place: str) -> None:
    if place == "file":
        error, line = failure(project, f"{HEAD}{act}\n"), 4
    else:
        error, line = failure(project, f"{HEAD}def env_load(env):\n    {act}\n", "env_load"), 5
    assert said in error.message
    assert str(error.location).startswith(f"{CONFIGURATION}:{line}")
    assert "env.run_command_build" in error.hint


@pytest.mark.parametrize("act", ["raise SystemExit(3)", "__import__('sys').exit()"])
def test_a_hook_cannot_end_the_program(project: MakeProject, act: str) -> None:
    assert "tried to end the program" in failure(project, f"{HEAD}def env_load(env):\n    {act}\n", "env_load").message


def test_what_a_hook_prints_is_kept_and_not_shown(project: MakeProject, capfd: pytest.CaptureFixture[str]) -> None:
    made = project(
        {
            CONFIGURATION: HEAD
            + "print('loading')\n\n\ndef env_load(env):\n    print('a')\n"
            + "    import sys\n    print('b', file=sys.stderr)\n"
        }
    )
    env = recorder(made.root)
    _, kept = call_hook(env, "env_load")
    assert env.loaded.printed == ("loading",)
    assert kept.printed == ("a", "b")
    assert capfd.readouterr() == ("", "")


def test_two_projects_do_not_share_their_common_folder(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("first", "second")]
    for root in roots:
        make_project(
            root, {CONFIGURATION: f"{HEAD}from common.f import WHO\n", "common/f.py": f"WHO = '{root.name}'\n"}
        )
    loaded = [load_target(ProjectPaths(root=root), "here/1") for root in (*roots, roots[0])]
    assert [entry.variables["WHO"] for entry in loaded] == ["first", "second", "first"]


def test_loading_leaves_no_bytecode_no_module_and_no_path(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # the environment may say otherwise
    made = project({CONFIGURATION: f"{HEAD}from common.f import WHO\n", "common/f.py": "WHO = 1\n"})
    before = (list(sys.path), sys.dont_write_bytecode, made.listing())
    load_target(ProjectPaths(root=made.root), "here/1")
    assert (list(sys.path), sys.dont_write_bytecode, made.listing()) == before
    assert not [
        name for name in sys.modules if name.partition(".")[0] == "common" or name.startswith("build_env_target")
    ]


def test_a_hook_reaches_the_shared_module_that_its_file_imported(project: MakeProject) -> None:
    made = project(
        {
            CONFIGURATION: f"{HEAD}import common.f\n\n\ndef env_load(env):\n    return common.f.value(env)\n",
            "common/f.py": "def value(env):\n    return env.options\n",
        }
    )
    env = recorder(made.root)
    assert call_hook(env, "env_load")[0] == env.options


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("env.run_command_build()", "a command is a list of words"),
        ("env.run_command_build('a', 1)", "a command is a list of words"),
        ("env.run_command_build('a\\0b')", "a command is a list of words"),
        ("env.run_command_build('a', environment={'A B': 'x'})", "the environment of a command maps names to text"),
        ("env.run_command_build('a', environment={'A': 1})", "the environment of a command maps names to text"),
        ("env.run_command_build('a'); env.run_command_source('b')", "do not mix source and build commands"),
        ("env.use('src/one')", "there is no such folder below common/"),
        ("env.use('common/../src')", "there is no such folder below common/"),
        ("env.use('common')", "there is no such folder below common/"),
        ("env.use('common/absent')", "there is no such folder below common/"),
        ("env.call('run_biuld')", r"there is no hook run_biuld \(did you mean run_build\?\)"),
        ("env.setting('build_job')", r"there is no setting build_job \(did you mean build_jobs\?\)"),
        ("env.deploy('zip', suite='x')", "the format is deb or rpm"),
        ("env.install('wrong', 'a')", "ValueError"),
        ("env.install('build', 'a', network=False); env.install('build', 'b')", "with network comes before"),
    ],
)
def test_a_wrong_call_of_env_says_what_is_wrong(project: MakeProject, body: str, said: str) -> None:
    with pytest.raises(HookError, match=said):
        record(project, body)


def test_a_record_holds_what_was_said_in_order(project: MakeProject) -> None:
    kept = record(
        project,
        "env.use('common/files', 'common/files'); env.install('build', 'f'); env.install('build', 'i', network=False); "
        "env.run_command_build('a', 'b', environment={'X': '1'}, cwd='src'); env.docker_image_run('build', 'c'); "
        "env.deploy('deb', suite='s'); env.provide(); env.tar(); print('said')",
    )
    assert kept.folders == ("common/files",)
    assert [(command.argv, command.role.value, command.temporary) for command in kept.commands] == [
        (("f",), "install", False),
        (("i",), "install", False),
        (("a", "b"), "run", False),
        (("c",), "run", True),
    ]
    assert (kept.commands[2].environment, kept.commands[2].cwd) == ({"X": "1"}, "src")
    assert [command.network for command in kept.commands] == [True, False, False, False]
    assert kept.deployments[0].suite == "s"
    assert kept.provides
    assert kept.tar
    assert kept.printed == ("said",)
