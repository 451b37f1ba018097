"""Plans and Dockerfiles of every shipped target, as files: a change of one is seen and reviewed like code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.model.choices import Choices
from build_env.model.task import Place, Stage
from build_env.plan.select import Request
from build_env.targets.discover import discover
from build_env.ui.plan import plan_lines
from tests.support.samples import planner

if TYPE_CHECKING:
    from build_env.app.planning import Planned
    from build_env.model.identity import TaskName

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
DEBIAN = ("debian/11", "debian/12", "debian/13", "ubuntu/22.04", "ubuntu/24.04")
RHEL = ("centos/8", "centos/9", "rocky/9")
CASES = [(name, ("amd64", "arm64", "armhf")) for name in DEBIAN] + [(name, ("amd64", "arm64")) for name in RHEL]
SINGLE = [(name, (arch,)) for name, archs in CASES for arch in archs]


def shipped_plan(name: str, archs: tuple[str, ...], request: Request | None = None) -> Planned:
    made = planner(ROOT, name, archs=archs)
    report = None
    if made.target.family == "rpm":
        release = name.rpartition("/")[2]
        report = (GOLDEN / "plans" / f"spec-facts-el{release}.json").read_text(encoding="utf-8")
    return made.plan(request or Request(), report)


def compare(path: Path, text: str, *, update: bool) -> None:
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(ROOT)} differs; see --update-golden"


def short(name: TaskName) -> str:
    """Without the target."""
    return str(name).split(":", 1)[1]


def dockerfiles(name: str, *archs: str) -> dict[str, str]:
    """By the name of the image, without the lines that say where they come from."""
    recipes = shipped_plan(name, archs).recipes.values()
    return {recipe.build.name: recipe.dockerfile for recipe in recipes}


def listing(planned: Planned) -> str:
    lines = plan_lines(planned.plan, dict.fromkeys((task.name for task in planned.plan), ""), commands=True, hits=True)
    edges = [
        f"{short(task.name)} <- {', '.join(short(entry.task) for entry in task.inputs)}".rstrip(" <-")
        + (f"; after {', '.join(short(other) for other in task.after)}" if task.after else "")
        for task in planned.plan
    ]
    return "\n".join([*lines, *(f"note    {note}" for note in planned.notes), "", "edges", *edges]) + "\n"


def test_every_shipped_target_is_in_the_golden_files() -> None:
    assert set(discover(ROOT / "targets")) == {name for name, _ in CASES}


@pytest.mark.parametrize(("name", "archs"), CASES, ids=[name for name, _ in CASES])
def test_plan_for_all_architectures(name: str, archs: tuple[str, ...], *, update_golden: bool) -> None:
    path = GOLDEN / "plans" / f"{name.replace('/', '-')}.txt"
    compare(path, listing(shipped_plan(name, archs)), update=update_golden)


@pytest.mark.parametrize(("name", "archs"), SINGLE, ids=[f"{name}-{archs[0]}" for name, archs in SINGLE])
def test_plan_for_one_architecture(name: str, archs: tuple[str, ...], *, update_golden: bool) -> None:
    path = GOLDEN / "plans" / f"{name.replace('/', '-')}.{archs[0]}.txt"
    compare(path, listing(shipped_plan(name, archs)), update=update_golden)


@pytest.mark.parametrize(("name", "archs"), CASES, ids=[name for name, _ in CASES])
def test_dockerfiles(name: str, archs: tuple[str, ...], *, update_golden: bool) -> None:
    recipes = shipped_plan(name, archs).recipes
    assert recipes
    directory = GOLDEN / "dockerfiles" / name.replace("/", "-")
    if update_golden:
        for old in directory.glob("*.Dockerfile"):
            old.unlink()
    for recipe in recipes.values():
        build = recipe.build
        arguments = "".join(f"# --build-arg {key}={value}\n" for key, value in sorted(build.arguments.items()))
        head = (
            f"# {build.dockerfile} for {recipe.architecture}, platform {build.platform or 'of the host'}\n{arguments}"
        )
        compare(directory / f"{build.name}.Dockerfile", head + recipe.dockerfile, update=update_golden)
    assert {path.stem for path in directory.iterdir()} == {recipe.build.name for recipe in recipes.values()}


@pytest.mark.parametrize("name", DEBIAN[1:])  # of the first one foreign architectures lack a suite
def test_images_of_a_target_begin_alike_so_that_the_engine_makes_that_once(name: str) -> None:
    files = dockerfiles(name, "amd64", "arm64")
    slug = name.replace("/", "-")
    source, native, foreign = (files[f"{slug}-{kind}"] for kind in ("source", "build", "build-arm64"))
    assert native.startswith(source[: source.index("apt-get install")])
    assert foreign.startswith(native.rstrip())


@pytest.mark.parametrize("name", DEBIAN)
def test_an_image_has_no_compiler_for_what_is_not_asked_for(name: str) -> None:
    assert not any("crossbuild" in text for text in dockerfiles(name, "amd64").values())
    assert "armhf" not in dockerfiles(name, "arm64")[f"{name.replace('/', '-')}-build-arm64"]


@pytest.mark.parametrize("name", RHEL)
def test_emulated_targets_take_the_build_edges_from_the_specs(name: str) -> None:
    planned = shipped_plan(name, ("arm64",), Request(packages=("greet",), stages=frozenset({Stage.BUILD})))
    build = next(task for task in planned.plan if str(task.name) == f"{name}:greet:build:arm64")
    assert {str(entry.task) for entry in build.inputs} >= {
        f"{name}:libgreet:build:arm64",
        f"{name}:greet-build-macros:build:all",
    }


@pytest.mark.parametrize(("name", "archs"), CASES, ids=[name for name, _ in CASES])
def test_one_source_package_reaches_the_repository(name: str, archs: tuple[str, ...]) -> None:
    planned = shipped_plan(name, archs)
    sources = [
        entry.task
        for task in planned.plan
        if task.stage == Stage.DEPLOY
        for entry in task.inputs
        if entry.task.stage == Stage.SOURCE and entry.place is Place.DEPLOY
    ]
    packages = [source.subject for source in sources]
    assert len(packages) == len(set(packages)), "two tasks deploy a source package of one name"


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_what_else_is_asked_for_changes_no_key(name: str) -> None:
    plain = {str(task.name): task.static_inputs for task in shipped_plan(name, ("amd64",)).plan}
    single = shipped_plan(name, ("amd64",), Request(packages=("libgreet",)))
    assert {str(task.name): task.static_inputs for task in single.plan}.items() <= plain.items()


@pytest.mark.parametrize(("name", "archs"), CASES, ids=[name for name, _ in CASES])
def test_another_architecture_beside_it_changes_no_key(name: str, archs: tuple[str, ...]) -> None:
    together = {str(task.name): task.static_inputs for task in shipped_plan(name, archs).plan}
    alone = {
        str(task.name): task.static_inputs for task in shipped_plan(name, archs[1:2]).plan if task.arch == archs[1]
    }
    # Packages of every architecture may be made in another image then; these have another name in the plan.
    both = alone.keys() & together.keys()
    assert f"{name}:greet:build:{archs[1]}" in both
    assert {task: together[task] for task in both} == {task: alone[task] for task in both}


def test_conditionals_of_specs_are_known_to_the_scan_and_to_the_source_stage() -> None:
    made, plain = planner(ROOT, "centos/9"), Request(packages=("greet",))
    chosen = Request(packages=("greet",), choices=Choices(enabled=("a", "b"), defined=("x_y 1", "z_z 2"), only="arch"))
    scans = [made.scan(request) for request in (plain, chosen)]
    environments = [
        task.room.commands[0].environment for scan in scans if scan is not None for task in scan.plan if task.room
    ]
    assert "RPM_CHOICES" not in environments[0]
    lines = ["src/greet\tBUILD_WITH\ta b", "src/greet\tBUILD_DEFINE\tx_y 1", "src/greet\tBUILD_DEFINE\tz_z 2"]
    assert environments[1]["RPM_CHOICES"].split("\n") == lines
    planned = shipped_plan("centos/9", ("amd64",), chosen).plan
    static = {(task.stage, task.name.subject): task.static_inputs for task in planned}
    source, build = static[Stage.SOURCE, "greet"], static[Stage.BUILD, "greet"]
    assert (source["environment BUILD_WITH"], "environment BUILD_ONLY" in source) == ("a b", False)
    assert build["environment BUILD_ONLY"] == "arch"
    assert "environment BUILD_WITH" not in static[Stage.BUILD, "libgreet"]
