"""From a project on disk to a plan: what enters a key, what a room sees, what hooks may answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import BuildEnvError, HookError, InputError, UsageError
from build_env.model.choices import Choices
from build_env.model.command import Mount
from build_env.model.task import Place, Stage
from build_env.plan.select import Request
from tests.support.project import native_project
from tests.support.samples import planner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from build_env.app.planning import Planned
    from build_env.model.task import Plan
    from tests.support.project import MakeProject, Project

CONFIGURATION = "targets/here/1/packages.conf.py"
TARGET = """
PACKAGES = ["one", "two"]
BASE_IMAGE = "base:1"


def env_arch_supported(env, arch):
    return arch in ("amd64", "arm64")


def run_build(env, package):
    env.use("common/files")
    env.run_command_build("make", package.name)


def run_deploy(env, package):
    env.deploy("deb", suite="s")
"""
FILES = {
    **native_project(),
    CONFIGURATION: TARGET,
    "targets/here/1/build.Dockerfile.j2": "FROM {{ base_image }}\n",
    "targets/here/1/source.Dockerfile.j2": "FROM {{ base_image }}\n",
    "common/files/x": "x\n",
    "common/other/x": "x\n",
}


def plan(made: Project, *archs: str, native: bool = False) -> Planned:
    return planner(made.root, archs=archs, native=native).plan(Request(), None)


PINNED = FILES | {
    CONFIGURATION: TARGET.replace("BASE_IMAGE", 'FAMILY = "deb"\nBASE_IMAGE')
    + '\n\ndef run_source(env, package):\n    env.run_command_source("fetch", package.name)\n',
    "src/one/definition.yaml": "archive: {here/1: {version: '1', sha256: " + "0" * 64 + "}}\n",
    "src/two/definition.yaml": "archive: {here/1: {version: '2', sha256: " + "1" * 64 + "}}\n",
}
CONTROLS = """\
#package two
Source: two

Package: libtwo-dev
Architecture: any
#package one
Source: one
Build-Depends: libtwo-dev (>= 1)

Package: one
Architecture: any
"""


def test_what_pinned_sources_build_is_asked_of_their_source_stages_and_makes_edges(project: MakeProject) -> None:
    made = project(PINNED)
    scan = planner(made.root).scan(Request())
    assert scan is not None
    sources = {str(task.name): task for task in scan.plan if task.stage is Stage.SOURCE}
    assert list(sources) == ["here/1:one:source:source", "here/1:two:source:source"]
    assert {task.stage for task in scan.plan} == {Stage.IMAGE, Stage.SOURCE}
    unknown = planner(made.root).plan(Request(), None).plan
    known = planner(made.root).plan(Request(), CONTROLS).plan
    assert "here/1:two:build:amd64" not in needed_by(unknown, "here/1:one:build:amd64")
    assert "here/1:two:build:amd64" in needed_by(known, "here/1:one:build:amd64")
    # They are the same tasks before and after, so that each is done once.
    assert {name: task.static_inputs for name, task in sources.items()} == {
        str(task.name): task.static_inputs for task in known if task.stage is Stage.SOURCE
    }


def test_a_base_that_was_made_for_the_scan_is_known_to_what_is_planned_after_it(project: MakeProject) -> None:
    asked = planner(project(PINNED).root, archs=("amd64", "arm64"))
    first = asked.scan(Request())
    asked.base_identity = lambda _reference, _architecture: "made"
    later = (asked.scan(Request()), asked.plan(Request(), CONTROLS))
    assert identities(first) == {""}
    assert [identities(planned) for planned in later] == [{"made"}, {"made"}]


def identities(planned: Planned | None) -> set[str]:
    assert planned is not None
    return {recipe.base_identity for recipe in planned.recipes.values()}


def needed_by(plan: Plan, name: str) -> set[str]:
    return {str(entry.task) for task in plan if str(task.name) == name for entry in task.inputs}


def test_a_control_file_of_a_pinned_source_that_cannot_be_used_is_told(project: MakeProject) -> None:
    report = "#package two\nSource: two\n"
    with pytest.raises(InputError, match="cannot be used") as caught:
        planner(project(PINNED).root).plan(Request(), report)
    assert "pinned source of two" in str(caught.value.faults[0])
    other = planner(project(PINNED).root).plan(Request(packages=("one",)), report)
    assert any("src/two cannot be used, and is not needed: debian/control" in note for note in other.notes)


def keys(made: Project) -> dict[str, Mapping[str, str]]:
    return {str(task.name): task.static_inputs for task in plan(made).plan}


def changed(made: Project, files: dict[str, str]) -> set[str]:
    """The tasks whose static keys differ after writing `files`, without the target's name."""
    before = keys(made)
    made.write(files)
    after = keys(made)
    return {name.removeprefix("here/1:") for name in {*before, *after} if before.get(name) != after.get(name)}


def with_hook(project: MakeProject, text: str) -> Project:
    return project({**FILES, CONFIGURATION: f"{TARGET}\n\n{text}\n"})


@pytest.mark.parametrize(
    ("files", "tasks"),
    [
        ({"src/one/build.sh": "#!/bin/sh\n"}, {"one:source:source", "one:build:amd64"}),
        ({"common/files/x": "y\n"}, {"one:build:amd64", "two:build:amd64"}),
        ({"targets/here/1/build.Dockerfile.j2": "FROM {{ base_image }}\nRUN x\n"}, {"image:here-1-build"}),
        ({CONFIGURATION: f"{TARGET}# a comment\n"}, set()),
        ({CONFIGURATION: TARGET.replace('"make"', '"make", "-k"')}, {"one:build:amd64", "two:build:amd64"}),
        ({"common/other/x": "y\n", "src/one/package.py": "x\n", "src/one/rpm/notes": "x\n"}, set()),
        ({"src/one/definition.yaml": "version: '2'\nsummary: Other\ndate: 2025-10-01\n"}, set()),
    ],
    ids=["source", "shared", "dockerfile", "comment", "flag", "unused", "definition"],
)
def test_exactly_what_uses_a_file_gets_another_key(
    project: MakeProject, files: dict[str, str], tasks: set[str]
) -> None:
    made = project({**FILES, CONFIGURATION: f'{TARGET}FAMILY = "deb"\n'})
    if CONFIGURATION in files:
        files = {CONFIGURATION: f'{files[CONFIGURATION]}FAMILY = "deb"\n'}
    assert changed(made, files) == tasks


def test_another_name_in_packages_builds_nothing_else_again(project: MakeProject) -> None:
    files = {"src/three/definition.yaml": "version: '1'\n", CONFIGURATION: TARGET.replace('"two"', '"two", "three"')}
    assert {name.partition(":")[0] for name in changed(project(FILES), files)} == {"three"}


def test_the_user_and_the_checkout_are_in_no_key(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = keys(project(FILES))
    monkeypatch.setattr("os.getuid", lambda: 4321)
    monkeypatch.setattr("os.getgid", lambda: 4321)
    project(FILES).root.rename(tmp_path / "elsewhere")
    moved = {str(task.name): task.static_inputs for task in planner(tmp_path / "elsewhere").plan(Request(), None).plan}
    assert moved == before


def test_arch_and_the_build_variables_are_in_every_room(project: MakeProject) -> None:
    for task in plan(project(FILES), "arm64").plan:
        if task.room:
            expected = "amd64" if task.stage is Stage.SOURCE else "arm64"
            assert task.room.environment["ARCH"] == expected
            assert task.room.environment["BUILD_PACKAGE"] == task.subject
            assert task.room.environment["BUILD_STAGE"] == task.stage


def test_only_source_rooms_have_the_downloads(project: MakeProject) -> None:
    rooms = {task.stage: task.room.downloads for task in plan(project(FILES)).plan if task.room}
    assert rooms == {Stage.SOURCE: True, Stage.BUILD: False}


def test_hooks_that_record_nothing_make_no_task_and_no_edge(project: MakeProject) -> None:
    made = with_hook(project, "def run_source(env, package):\n    pass")
    planned = plan(made)
    assert {task.stage for task in planned.plan} == {Stage.IMAGE, Stage.BUILD, Stage.DEPLOY, Stage.TAR}
    ids = {str(task.name) for task in planned.plan}
    assert {str(entry.task) for task in planned.plan for entry in task.inputs} <= ids


def test_a_target_without_archives(project: MakeProject) -> None:
    made = with_hook(project, "def run_tar_build(env):\n    pass")
    assert Stage.TAR not in {task.stage for task in plan(made).plan}


def test_depends_that_are_not_provided_are_in_no_room(project: MakeProject) -> None:
    text = 'PACKAGES = ["two"]\nDEPENDS = ["one"]'

    def edges(made: Project) -> list[str]:
        build = next(task for task in plan(made).plan if str(task.name) == "here/1:two:build:amd64")
        return [str(entry.task) for entry in build.inputs if entry.place is Place.PACKAGES]

    assert edges(with_hook(project, text)) == ["here/1:one:build:amd64"]
    assert edges(with_hook(project, f"{text}\n\n\ndef run_deploy_deps(env, package):\n    pass")) == []


def test_native_plans_have_no_images(project: MakeProject) -> None:
    planned = plan(project(FILES), native=True)
    assert Stage.IMAGE not in {task.stage for task in planned.plan}
    assert not planned.recipes


def test_mounts_are_in_every_room_and_its_key(project: MakeProject) -> None:
    plain = keys(project(FILES))
    head = "from build_env.hooks import Mount"
    text = f"{head}\n\n\ndef env_load_docker(env):\n    return Mount(source='sdk', destination='/sdk')"
    planned = plan(with_hook(project, text))
    rooms = [task for task in planned.plan if task.room]
    assert {task.room.mounts for task in rooms if task.room} == {(Mount(source="sdk", destination="/sdk"),)}
    assert all(task.static_inputs != plain[str(task.name)] for task in rooms)


OPTIONS = "from dataclasses import replace\n\n\ndef {hook}(env):\n    return replace(env.options, {change})"


@pytest.mark.parametrize("hook", ["env_load", "env_load_post"])
def test_options_decide_the_architectures_of_each_kind(project: MakeProject, hook: str) -> None:
    text = OPTIONS.format(hook=hook, change="opt_build_arch=('arm64',), opt_deps_arch=('amd64',)")
    planned = plan(with_hook(project, text), "amd64", "arm64")
    assert {task.arch for task in planned.plan if task.stage is Stage.BUILD} == {"arm64"}


def test_env_load_post_sees_what_env_load_chose(project: MakeProject) -> None:
    first = OPTIONS.format(hook="env_load", change="opt_build_arch=('arm64',)")
    second = "def env_load_post(env):\n    print(env.options.opt_build_arch)\n    return env.options"
    assert plan(with_hook(project, f"{first}\n\n\n{second}"), "amd64").notes[0] == "('arm64',)"


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("def env_load(env):\n    return 1", HookError, "env_load of targets/here/1/.* must return options, not int"),
        (OPTIONS.format(hook="env_load", change="opt_meta_arch=()"), HookError, "name no architecture: opt_meta_arch"),
        (
            OPTIONS.format(hook="env_load", change="opt_build_arch=('armhf',)"),
            UsageError,
            "here/1 does not support .* armhf",
        ),
        ("def env_load_docker(env):\n    return 'sdk'", HookError, "env_load_docker of .* must return mounts"),
        ("def docker_image_create(env, kind):\n    pass", HookError, "must record one source image, it recorded 0"),
        (
            "SUITES = 'x'\n\n\ndef run_deploy(env, package):\n    env.deploy('deb', suite=env.variable('SUITE'))",
            HookError,
            r"targets/here/1/packages.conf.py does not set SUITE, which a hook of it needs \(did you mean SUITES\?\)",
        ),
        ("BASE_IMAGE = ''", InputError, "has no base: set BASE_IMAGE"),
        ("DEPENDS = ['one']", InputError, "cannot be used"),
        ("PACKAGES = ['onne']", InputError, "cannot be used"),
    ],
)
def test_a_wrong_answer_is_an_error(project: MakeProject, text: str, kind: type[BuildEnvError], said: str) -> None:
    with pytest.raises(kind, match=said):
        plan(with_hook(project, text))


def test_what_has_no_date_is_dated_1980_and_told(project: MakeProject) -> None:
    made = project({**FILES, "src/two/definition.yaml": "version: '2.0'\n"})
    planned = plan(made)
    assert planned.notes == ("dated 1980, as neither a changelog nor `date` in definition.yaml says when: two",)
    dates = {task.subject: task.room.environment["SOURCE_DATE_EPOCH"] for task in planned.plan if task.room}
    assert dates == {"one": "1759276800", "two": "315619200"}


def test_line_ends_of_windows_are_told_while_planning(project: MakeProject) -> None:
    made = with_hook(
        project,
        "def run_verify(env, package):\n    env.use('common/files')\n    env.run_command_build('common/files/x')",
    )
    (made.root / "common/files/x").write_bytes(b"#!/bin/sh\r\nexit\r\n")
    with pytest.raises(InputError, match="scripts cannot be run") as caught:
        plan(made)
    assert str(caught.value.faults[0]).startswith("common/files/x:1: its lines end with CR LF")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("'sh', 'common/files/x.sh'", "common/files/x.sh"),
        ("'python3', 'src/two/tool'", "src/zwei/tool"),
        ("'sh', './x.sh', cwd='common/files'", "common/files/x.sh"),
        ("'sh', '-c', 'common/files/x.sh\\n' * 99", ""),
        ("'cat', 'common/files/data', '/etc/passwd', '../x.sh', 'x.sh'", ""),
    ],
)
def test_line_ends_of_windows_are_told_of_scripts_that_a_program_is_given(
    project: MakeProject, call: str, told: str
) -> None:
    hook = f"def run_verify(env, package):\n    env.use('common/files')\n    env.run_command_build({call})"
    made = with_hook(project, hook)
    (made.root / "src/two").rename(made.root / "src/zwei")
    made.write({"src/zwei/definition.yaml": "name: two\n"})
    for name, text in {
        "common/files/x.sh": b"echo\r\n",
        "src/zwei/tool": b"#!/bin/x\r\n",
        "common/files/data": b"a;b\r\n",
    }.items():
        (made.root / name).write_bytes(text)
    if not told:
        plan(made)
        return
    with pytest.raises(InputError, match="scripts cannot be run") as caught:
        plan(made)
    assert [str(fault.location) for fault in caught.value.faults] == [f"{told}:1"]


BROKEN = {"src/old/definition.yaml": "sumary: x\n", "src/old/build.sh": "x\n"}
LISTED = {CONFIGURATION: TARGET.replace('"two"', '"two", "old"')}


@pytest.mark.parametrize(
    "files", [BROKEN, {**BROKEN, **LISTED}, {**FILES, **LISTED, "src/old/definition.yaml": "requires: [gone]\n"}]
)
def test_a_package_that_cannot_be_used_stops_only_who_needs_it(project: MakeProject, files: dict[str, str]) -> None:
    made = project({**FILES, **files})
    asked = planner(made.root).plan(Request(packages=("two",)), None)
    assert {task.subject for task in asked.plan} >= {"one", "two"}
    assert len([note for note in asked.notes if note.startswith("src/old cannot be used, and is not needed: ")]) == 1


def test_a_package_that_cannot_be_used_is_an_error_where_it_is_needed(project: MakeProject) -> None:
    made = project({**FILES, **BROKEN, **LISTED})
    faults = ["src/old/definition.yaml:1:1: sumary: there is no such field (did you mean summary?)"]

    def told(*packages: str) -> list[str]:
        with pytest.raises(InputError, match="packages of src/ cannot be used") as caught:
            planner(made.root).plan(Request(packages=packages), None)
        return [str(fault).partition(";")[0] for fault in caught.value.faults]

    assert told() == told("old") == faults
    made.write({"src/two/definition.yaml": "requires: [old]\n"})
    assert told("two") == faults


def test_faults_of_lists_name_the_nearest_package_and_both_lists(project: MakeProject) -> None:
    with pytest.raises(InputError) as caught:
        plan(with_hook(project, "PACKAGES = ['one', 'tow']\nDEPENDS = ['one']"))
    assert [fault.message for fault in caught.value.faults] == [
        "PACKAGES names tow, which is no package of src/ (did you mean two?)",
        "one stands in PACKAGES and in DEPENDS",
    ]


def test_an_unsupported_architecture_names_arch_and_target(project: MakeProject) -> None:
    with pytest.raises(UsageError, match="the target here/1 does not support the architecture armhf"):
        plan(project(FILES), "armhf")


def test_a_hook_that_gives_one_name_to_different_images_is_told(project: MakeProject) -> None:
    text = (
        "def docker_image_create(env, kind):\n"
        "    env.docker_build_image(f'targets/here/1/{kind}.Dockerfile.j2', kind, base_image='base:' + env.arch)"
    )
    with pytest.raises(HookError, match="different images under the name here-1-build"):
        plan(with_hook(project, text), "amd64", "arm64")


@pytest.mark.parametrize("second", ['"rpm", suite="s"', '"deb", suite="other"'])
def test_packages_of_a_target_go_into_several_formats_and_suites(project: MakeProject, second: str) -> None:
    hook = f"def run_deploy(env, package):\n    env.deploy({second}) if package.name == 'two' else env.deploy('deb', suite='s')"  # noqa: E501 - as a hook is written
    found = {task.subject: task.deployment for task in plan(with_hook(project, hook)).plan if task.deployment}
    assert found["one"] != found["two"]


def test_a_definition_may_differ_per_target_and_architecture(project: MakeProject) -> None:
    """What it requires decides edges, what it says reaches the hook, and the other target gets its own."""
    hook = TARGET.replace("package.name)", "package.name, package.version, package.summary)")
    made = project(
        {
            **FILES,
            CONFIGURATION: hook,
            "targets/there/2/packages.conf.py": hook,
            "targets/there/2/build.Dockerfile.j2": "FROM {{ base_image }}\n",
            "targets/there/2/source.Dockerfile.j2": "FROM {{ base_image }}\n",
            "src/two/definition.yaml": "otk.include: $arch.yaml\nversion: 2+$distro$release\nsummary: on $arch\n",
            "src/two/amd64.yaml": "requires: [one]\n",
            "src/two/arm64.yaml": "requires: []\n",
        }
    )

    def of(name: str, task: str) -> tuple[tuple[str, ...], bool]:
        plan = planner(made.root, name, archs=("amd64", "arm64")).plan(Request(), None).plan
        found = next(entry for entry in plan if str(entry.name) == f"{name}:{task}")
        assert found.room is not None
        return found.room.commands[0].argv, any(":one:build:" in str(entry.task) for entry in found.inputs)

    assert of("here/1", "two:build:amd64") == (("make", "two", "2+here1", "on amd64"), True)
    assert of("here/1", "two:build:arm64") == (("make", "two", "2+here1", "on arm64"), False)
    assert of("there/2", "two:build:arm64")[0] == ("make", "two", "2+there2", "on arm64")


def test_what_only_another_architecture_requires_is_not_built(project: MakeProject) -> None:
    made = project(
        {
            **FILES,
            "src/two/definition.yaml": "otk.include: $arch.yaml\n",
            "src/two/amd64.yaml": "requires: [one]\n",
            "src/two/arm64.yaml": "requires: []\n",
        }
    )
    chosen = planner(made.root, archs=("amd64", "arm64")).plan(Request(packages=("two",)), None).plan
    assert {str(task.name) for task in chosen if ":one:build:" in str(task.name)} == {"here/1:one:build:amd64"}


def test_what_is_chosen_is_in_the_key_of_the_build_alone(project: MakeProject) -> None:
    chosen = FILES | {
        CONFIGURATION: TARGET.replace("BASE_IMAGE", 'FAMILY = "deb"\nBASE_IMAGE')
        + '\n\ndef run_source(env, package):\n    env.run_command_source("make", package.name)\n',
        "src/two/definition.yaml": "build: {options: [noopt], define: [macro 1]}\n",
    }
    made = planner(project(chosen).root)
    before, after = (
        {str(task.name): task for task in made.plan(request, None).plan}
        for request in (Request(), Request(packages=("one",), choices=Choices(profiles=("nocheck",))))
    )
    assert "environment BUILD_PROFILES" not in before["here/1:one:build:amd64"].static_inputs
    assert after["here/1:one:build:amd64"].static_inputs["environment BUILD_PROFILES"] == "nocheck"
    assert after["here/1:one:build:amd64"].label == "one amd64 (profiles nocheck)"
    assert after["here/1:one:source:source"].static_inputs == before["here/1:one:source:source"].static_inputs
    # Macros mean nothing to packages of Debian.
    two = before["here/1:two:build:amd64"]
    assert (two.choices, two.static_inputs["environment BUILD_OPTIONS"]) == ("options noopt", "noopt")
    assert "here/1:two:deploy:amd64" in before


KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
FURTHER = """\
repositories:
  here/1:
    own: {url: http://example.invalid/, suites: [s], key: keys/own.asc}
"""


def images(made: Project) -> dict[str, tuple[str, Mapping[str, str]]]:
    """By the package whose builds are made in it: the name of an image and what its key covers."""
    tasks = {task.name: task for task in planner(made.root).plan(Request(), None).plan}
    found = {}
    for task in tasks.values():
        for entry in task.inputs if task.stage is Stage.BUILD else ():
            if entry.place is Place.IMAGE:
                found[task.name.subject] = (entry.task.subject, tasks[entry.task].static_inputs)
    return found


def test_further_repositories_make_an_image_of_their_own(project: MakeProject) -> None:
    target = TARGET.replace("BASE_IMAGE", 'FAMILY = "deb"\nBASE_IMAGE')
    made = project(FILES | {CONFIGURATION: target})
    plain = images(made)["two"]
    made.write({"src/one/definition.yaml": FURTHER, "keys/own.asc": KEY})
    before = images(made)
    assert before["two"] == plain
    assert before["one"][0].startswith(f"{plain[0]}-with-own-")
    assert "URIs: http://example.invalid/" in before["one"][1]["dockerfile"]
    # A line above changes the place, and nothing else.
    made.write({"src/one/definition.yaml": f"summary: x\n{FURTHER}"})
    assert images(made)["one"] == before["one"]
    for definition, key in [
        (FURTHER.replace("key:", "priority: 5, key:"), KEY),
        (FURTHER.replace("invalid/", "invalid/x"), KEY),
        (FURTHER, KEY.replace("abc", "abd")),
    ]:
        made.write({"src/one/definition.yaml": definition, "keys/own.asc": key})
        assert images(made)["one"][0] != before["one"][0]
        assert images(made)["one"][1]["dockerfile"] != before["one"][1]["dockerfile"]


def test_a_repository_that_the_targets_package_manager_cannot_read(project: MakeProject) -> None:
    target = TARGET.replace("BASE_IMAGE", 'FAMILY = "deb"\nBASE_IMAGE')
    definition = "repositories:\n  here/1:\n    own: {module: 'x:1'}\n  there/1:\n    own: {module: 'x:1'}\n"
    made = project(FILES | {CONFIGURATION: target, "src/one/definition.yaml": definition})
    with pytest.raises(InputError) as caught:
        plan(made)
    (fault,) = caught.value.faults
    assert str(fault) == "src/one/definition.yaml:3:5: own: `module` and `signed` are for repositories of dnf"
    made.write({CONFIGURATION: TARGET})
    with pytest.raises(InputError, match="packages of src/ cannot be used") as caught:
        plan(made)
    assert "builds of no format read no further repositories" in str(caught.value.faults[0])


def test_a_part_is_chosen_for_builds_and_the_source_stays(project: MakeProject) -> None:
    control = "Source: one\n\nPackage: one\nArchitecture: any\n\nPackage: one-doc\nArchitecture: all\n"
    changelog = "one (1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n"
    target = TARGET.replace("BASE_IMAGE", 'FAMILY = "deb"\nBASE_IMAGE')
    source = '\n\ndef run_source(env, package):\n    env.run_command_source("make", package.name)\n'
    packaging = {"src/one/debian/control": control, "src/one/debian/changelog": changelog}
    made = planner(project(FILES | packaging | {CONFIGURATION: target + source}).root)
    whole, part = (
        {str(task.name): task.static_inputs for task in made.plan(request, None).plan}
        for request in (Request(packages=("one",)), Request(packages=("one",), choices=Choices(only="arch")))
    )
    assert part["here/1:one:source:source"] == whole["here/1:one:source:source"]
    names = ("environment BUILD_ARCH_ALL", "environment BUILD_ONLY")
    build = "here/1:one:build:amd64"
    assert [whole[build].get(name, "") for name in names] == ["1", ""]
    assert [part[build].get(name, "") for name in names] == ["0", "arch"]
