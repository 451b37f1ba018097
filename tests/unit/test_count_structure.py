"""What `.ci/count_structure.py` counts: small packages whose structure hides something behind an alias or a string."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "count_structure.py"
TASK = "from enum import StrEnum\nclass Stage(StrEnum):\n    BUILD = 'build'\n    TAR = 'tar'\n"
IMPORT = "from build_env.model.task import Stage\n"


@pytest.fixture(scope="module")
def counting() -> ModuleType:
    specification = importlib.util.spec_from_file_location("count_structure", SCRIPT)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules["count_structure"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


def counted(counting: ModuleType, directory: Path, files: dict[str, str]) -> dict[str, dict[str, int]]:
    """What was counted, by the first word that tells the rows apart, for each module."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rows = counting.count_all(counting.read_modules(directory))
    names = ("stage", "format", "container", "app", "import")
    return {name: dict(row.where) for name, row in zip(names, rows, strict=True)}


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + "def f(task): return task.stage is Stage.BUILD",
        IMPORT + "def f(task): return task.stage in {Stage.BUILD, Stage.TAR}",
        "from build_env.model.task import Stage as S\ndef f(stage): return stage == S.BUILD",
        "from build_env.model import task\ndef f(stage): return stage == task.Stage.BUILD",
        IMPORT + "FIRST = Stage.BUILD\ndef f(thing): return thing is FIRST",
        IMPORT + "LATE = frozenset({Stage.TAR})\ndef f(thing): return thing not in LATE",
        IMPORT + "def f(thing): return thing == Stage.BUILD.value",
        IMPORT + "def f(thing): return thing == Stage('build')",
        IMPORT + "def f(thing): return {Stage.BUILD: 1}[thing]",
        IMPORT + "def f(thing):\n    match thing:\n        case Stage.BUILD: return 1",
        "def f(task): return task.stage == 'build'",
        "def f(row): return row['stage'] in ('build', 'tar')",
        "def f(stage):\n    match stage:\n        case 'build' | 'tar': return 1",
        "def f(word): return {'build': 1, 'tar': 2, 'verify': 3}[word]",
        "from build_env.model.groups import LATE as L\ndef f(thing): return thing in L",
    ],
)
def test_a_module_that_decides_by_a_stage_is_counted(counting: ModuleType, tmp_path: Path, text: str) -> None:
    groups = IMPORT + "LATE = (Stage.TAR,)\n"
    files = {"model/task.py": TASK, "model/groups.py": groups, "here.py": text}
    assert counted(counting, tmp_path, files)["stage"] == {"here": 1}


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + "def f(): return make(Stage.BUILD)",
        "def f(task, other): return task.stage == other.stage",
        "def f(kind): return kind == 'build'",
        "def f(): return {'build': 1, 'other': 2}",
    ],
)
def test_what_only_hands_a_stage_on_is_not(counting: ModuleType, tmp_path: Path, text: str) -> None:
    assert counted(counting, tmp_path, {"model/task.py": TASK, "here.py": text})["stage"] == {}


@pytest.mark.parametrize(
    "text",
    [
        "x = 'deb'",
        "x = '.rpm'",
        "x = 'common/deb'",
        "x = f'{y}.deb'",
        "from build_env.formats.rpm import RPM as R",
        "from build_env.formats import deb",
        "import build_env.formats as f\nx = f.rpm",
    ],
)
def test_a_format_is_counted_outside_its_package(counting: ModuleType, tmp_path: Path, text: str) -> None:
    found = counted(counting, tmp_path, {"formats/deb.py": text, "here.py": text})
    assert list(found["format"]) == ["here"]


def test_sentences_and_docstrings_name_formats_freely(counting: ModuleType, tmp_path: Path) -> None:
    text = '"""deb"""\nx = "this is no rpm package"\n'
    assert counted(counting, tmp_path, {"here.py": text})["format"] == {}


@pytest.mark.parametrize(
    "call",
    [
        "api.create_container(1)",
        "(make := api.create_container)(1)",
        "getattr(api, 'create_container')(1)",
        "client.containers.run('debian')",
        "post('/v1.43/containers/create')",
    ],
)
def test_a_maker_of_containers_is_counted(counting: ModuleType, tmp_path: Path, call: str) -> None:
    assert counted(counting, tmp_path, {"here.py": call})["container"] == {"here": 1}


def test_imports_in_functions_are_counted_by_statement(counting: ModuleType, tmp_path: Path) -> None:
    text = (
        "import a\ndef f():\n    import b\n    from c import d, e\n"
        "    def g():\n        import h\n    import_module('i')\n    import_module(name)\n"
    )
    assert counted(counting, tmp_path, {"here.py": text})["import"] == {"here": 4}


def test_lines_of_the_wiring_are_counted_as_they_stand(counting: ModuleType, tmp_path: Path) -> None:
    assert counted(counting, tmp_path, {"app/a.py": "x = 1\n\n# note\n", "other.py": "y = 1\n"})["app"] == {"app.a": 3}


def test_docstrings_comments_and_blank_lines_are_no_code(counting: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "here.py"
    path.write_text('"""Text\nof two lines."""\n\n# why\nx = (\n    1\n)\ny = 2  # noqa: E501\nz = 3  # seconds\n')
    assert counting.line_counts(counting.read_modules(tmp_path)[0]) == (5, 2)


def test_a_limit_that_is_passed_fails(
    counting: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here.py").write_text("api.create_container(1)\n")
    monkeypatch.setattr(sys, "argv", ["count_structure.py", str(tmp_path)])
    assert counting.main() == 0
    (tmp_path / "there.py").write_text("api.create_container(1)\n")
    assert counting.main() == 1
    assert "2 of 1  ABOVE THE LIMIT" in capsys.readouterr().out
