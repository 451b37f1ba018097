"""`build-env validate`: everything that people wrote, for all targets at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.project import native_project

if TYPE_CHECKING:
    from tests.support.project import MakeProject

DOCKERFILES = {
    f"targets/{target}/{kind}.Dockerfile.j2": "FROM x\n"
    for target in ("here/1", "there/2")
    for kind in ("build", "source")
}
FILES = {
    **native_project(),
    **DOCKERFILES,
    "targets/here/1/packages.conf.py": "PACKAGES = ['one', 'two']\nBASE_IMAGE = 'x'\n",
    "targets/there/2/packages.conf.py": "PACKAGES = ['one']\nBASE_IMAGE = 'x'\n",
    "src/spare/definition.yaml": "version: '1'\n",
}
VARIES = {"src/two/definition.yaml": "otk.include: $distro-$release.yaml\n", "src/two/here-1.yaml": "summary: x\n"}


def test_a_sound_project_is_said_to_be_so(project: MakeProject) -> None:
    answer = project({**FILES, **VARIES}).run("validate", command="build-env")
    assert (answer.returncode, answer.stdout) == (0, "ok      3 packages for 2 targets\n")


def test_each_fault_is_told_once_with_the_targets_that_have_it(project: MakeProject) -> None:
    made = project({**FILES, "src/one/definition.yaml": "otk.include: $distro.yaml\n"})
    made.write({"src/one/here.yaml": "summary: x\n"})
    made.write({"src/spare/definition.yaml": "versoin: '1'\n", "src/two/definition.yaml": "requires: [zzzzz]\n"})
    answer = made.run("validate", command="build-env")
    lines = [line for line in answer.stdout.splitlines() if not line.startswith("     ")]
    assert answer.returncode == 2
    assert [line.partition(";")[0].replace(" (looked for src/one/there.yaml)", "") for line in lines] == [
        "fault   src/two/definition.yaml: two requires zzzzz, which is no package of src/ (for here/1)",
        "fault   src/one/definition.yaml:1:14: file there.yaml was not found (for there/2)",
        "fault   src/spare/definition.yaml:1:1: versoin: there is no such field (did you mean version?)",
        "failed  3 faults in 3 packages for 2 targets",
    ]
    one = json.loads(made.run("validate", "one", "--json", command="build-env").stdout)
    assert [(entry["targets"], entry["fault"].partition(" ")[0]) for entry in one] == [
        (["there/2"], "src/one/definition.yaml:1:14:")
    ]


def test_a_definition_alone_is_checked_for_the_targets_of_its_project(project: MakeProject) -> None:
    made = project({**FILES, **VARIES})
    answer = made.run("manifest", "validate", "src/two/definition.yaml", command="build-env")
    assert (answer.returncode, answer.stdout) == (0, "ok      1 package for 2 targets\n")
    made.write({"src/two/here-1.yaml": "sumary: x\n"})
    answer = made.run("manifest", "validate", "src/two/definition.yaml", command="build-env")
    assert answer.returncode == 2
    assert "sumary: there is no such field (did you mean summary?)" in answer.stdout
    by_hand = ["manifest", "validate", "src/two/definition.yaml", "-D", "distro=here", "-D", "release=1"]
    assert made.run(*by_hand, command="build-env").returncode == 0


def test_a_list_of_packages_says_which_cannot_be_used(project: MakeProject) -> None:
    made = project({**FILES, "src/spare/definition.yaml": "versoin: '1'\n"})
    answer = made.run("list", "packages", command="build-env")
    assert answer.returncode == 0
    assert "spare" in answer.stdout
    assert "cannot be used, see below" in answer.stdout
    assert "  src/spare/definition.yaml:1:1: versoin: there is no such field (did you mean version?)" in answer.stdout
