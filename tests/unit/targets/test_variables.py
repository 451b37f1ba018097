"""Every variable of a target does what the table in build_env/hooks.py says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import HookError
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.settings import Settings
from tests.support.samples import named, planner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.app.planning import Planned
    from tests.support.project import MakeProject

TARGET = """
PACKAGES = ["one"]
BASE_IMAGE = "base:1"


def env_arch_supported(env, arch):
    return True
"""
FILES = {
    "targets/here/1/build.Dockerfile.j2": "FROM {{ base_image }}\n",
    "targets/here/1/source.Dockerfile.j2": "FROM {{ base_image }}\n",
    "src/one/definition.yaml": "version: '1'\n",
    "src/two/definition.yaml": "version: '1'\n",
    "src/metapackages/all/definition.yaml": "requires: [one]\n",
    "files/data.txt": "first\n",
    "other/data.txt": "other\n",
}


def planned(
    project: MakeProject,
    more: str = "",
    archs: tuple[str, ...] = (),
    settings: Settings | None = None,
    environ: Mapping[str, str] | None = None,
) -> Planned:
    made = project({**FILES, "targets/here/1/packages.conf.py": TARGET + more})
    return planner(made.root, archs=archs, settings=settings, environ=environ).plan(Request(), None)


def image(plan: Planned) -> tuple[str, str, str, dict[str, str]]:
    build = next(iter(plan.recipes.values())).build
    return build.context, build.prefix, build.platform, dict(build.arguments)


def subjects(plan: Planned, stage: Stage = Stage.BUILD) -> list[str]:
    return [task.label for task in plan.plan if task.stage is stage]


def test_packages_are_built(project: MakeProject) -> None:
    assert subjects(planned(project)) == ["one amd64"]
    assert subjects(planned(project, 'PACKAGES = ["one", "two"]\n')) == ["one amd64", "two amd64"]


def test_depends_are_built_first_and_not_deployed(project: MakeProject) -> None:
    deploys = "\n\ndef run_deploy(env, package):\n    env.deploy('deb', suite='x')\n"
    plan = planned(project, f'DEPENDS = ["two"]\n{deploys}')
    assert subjects(plan) == ["one amd64", "two amd64"]
    assert subjects(plan, Stage.DEPLOY) == ["one amd64"]


def test_metapackages_are_built_after_the_others(project: MakeProject) -> None:
    plan = planned(project, 'METAPACKAGES = ["all"]\n')
    assert subjects(plan) == ["one amd64", "all amd64"]
    build = next(task for task in plan.plan if task.subject == "all" and task.stage is Stage.BUILD)
    assert build.after == (named("here/1:one:build:amd64"),)


def test_ctx_path_is_the_build_context(project: MakeProject) -> None:
    assert image(planned(project, 'CTX_PATH = "files"\nENV_TARGET_ROOT = "other"\n'))[0] == "files"


def test_env_target_root_is_the_second_choice_and_the_folder_of_the_dockerfile_the_third(project: MakeProject) -> None:
    assert image(planned(project, 'ENV_TARGET_ROOT = "other"\n'))[0] == "other"
    assert image(planned(project))[0] == "targets/here/1"


def test_docker_build_args_reach_the_image_and_its_key(project: MakeProject) -> None:
    plain = planned(project)
    plan = planned(project, 'DOCKER_BUILD_ARGS = ["A=1", "B=x=y"]\n')
    assert image(plan)[3] == {"A": "1", "B": "x=y"}
    assert plan.plan.tasks[0].static_inputs != plain.plan.tasks[0].static_inputs
    assert image(planned(project, 'DOCKER_BUILD_ARGS = {"A": 1}\n'))[3] == {"A": "1"}
    with pytest.raises(HookError, match="DOCKER_BUILD_ARGS must be a list of NAME=value"):
        planned(project, 'DOCKER_BUILD_ARGS = ["A"]\n')


def test_docker_prefix_wins_over_the_setting(project: MakeProject) -> None:
    assert image(planned(project))[1] == "build-env"
    assert image(planned(project, settings=Settings(image_prefix="ours")))[1] == "ours"
    assert image(planned(project, 'DOCKER_PREFIX = "edge"\n', settings=Settings(image_prefix="ours")))[1] == "edge"


def test_platform_arch_is_the_platform_of_image_and_room(project: MakeProject) -> None:
    plan = planned(project, 'PLATFORM_ARCH = "linux/arm64"\n')
    assert image(plan)[2] == "linux/arm64"
    rooms = [task.room for task in plan.plan if task.room]
    assert {room.platform for room in rooms} == {"linux/arm64"}
    assert {room.environment["BUILD_HOST_ARCH"] for room in rooms} == {"arm64"}


def test_base_image_is_what_dockerfiles_begin_from(project: MakeProject) -> None:
    recipe = next(iter(planned(project, 'BASE_IMAGE = "base:2"\n').recipes.values()))
    assert recipe.dockerfile == "FROM base:2\n"


def test_family_chooses_the_packaging(project: MakeProject) -> None:
    control = "Source: one\nBuild-Depends: two\n\nPackage: one\nArchitecture: all\n"
    files = {
        **FILES,
        "src/one/deb/control": control,
        "src/one/deb/changelog": "one (1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n",
    }
    more = 'PACKAGES = ["one", "two"]\n'
    made = project({**files, "targets/here/1/packages.conf.py": TARGET + more})
    assert subjects(planner(made.root).plan(Request(), None)) == ["one amd64", "two amd64"]
    made = project({**files, "targets/here/1/packages.conf.py": f'{TARGET}{more}FAMILY = "deb"\n'})
    assert subjects(planner(made.root).plan(Request(), None)) == ["two amd64", "one all"]


def test_repositories_are_read_by_all_images_of_the_target(project: MakeProject) -> None:
    more = """FAMILY = "deb"
SUITE = "s"
REPOSITORIES = {
    "own": {"url": "http://example.invalid/", "suites": ["s"], "key": "keys/own.asc", "priority": 700},
}
"""
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
    files = {**FILES, "keys/own.asc": key}
    made = project({**files, "targets/here/1/packages.conf.py": TARGET + more})
    recipes = planner(made.root).plan(Request(), None).recipes.values()
    assert recipes
    assert all("Pin: origin" in recipe.dockerfile for recipe in recipes)
    wrong = more.replace('"priority": 700', '"priority": 7000, "mode": 1')
    made = project({**files, "targets/here/1/packages.conf.py": TARGET + wrong})
    with pytest.raises(HookError) as caught:
        planner(made.root)
    where = "targets/here/1/packages.conf.py:11:"
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == 2
    assert all(line.startswith(where) for line in said), said


def test_the_seeds_variables_of_the_environment_win_over_the_targets_constants(project: MakeProject) -> None:
    constants = 'CTX_PATH = "other"\nDOCKER_PREFIX = "edge"\nDOCKER_BUILD_ARGS = ["A=1", "B=1"]\nPLATFORM_ARCH = "x"\n'
    environ = {
        "CTX_PATH": "files",
        "PELION_DOCKER_PREFIX": "mine",
        "DOCKER_BUILD_ARGS": "B=2 'C=x y'",
        "PLATFORM_ARCH": "linux/arm64",
        "DOCKER_PREFIX": "of another program",
    }
    context, prefix, platform, arguments = image(planned(project, constants, environ=environ))
    assert (context, prefix, platform) == ("files", "mine", "linux/arm64")
    assert {name: arguments[name] for name in "ABC"} == {"A": "1", "B": "2", "C": "x y"}


def test_ctx_path_goes_before_env_target_root_wherever_they_are_set(project: MakeProject) -> None:
    assert image(planned(project, environ={"ENV_TARGET_ROOT": "other"}))[0] == "other"
    assert image(planned(project, 'CTX_PATH = "files"\n', environ={"ENV_TARGET_ROOT": "other"}))[0] == "files"
    assert image(planned(project, 'CTX_PATH = "files"\n', environ={"CTX_PATH": ""}))[0] == "files"


def test_a_build_context_of_the_environment_may_be_absolute_and_lies_below_the_root(project: MakeProject) -> None:
    root = project(FILES).root
    assert image(planned(project, environ={"CTX_PATH": f"{root}/files"}))[0] == "files"
    for path in ("/etc", "../files"):
        with pytest.raises(HookError, match="not below the project's root"):
            planned(project, environ={"CTX_PATH": path})


@pytest.mark.parametrize("text", ["A", "'A=1"])
def test_build_arguments_of_the_environment_that_cannot_be_used(project: MakeProject, text: str) -> None:
    with pytest.raises(HookError, match="DOCKER_BUILD_ARGS"):
        planned(project, environ={"DOCKER_BUILD_ARGS": text})
