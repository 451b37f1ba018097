"""Whatever user code may ask while planning, another answer makes the plan anew: there is no stale "nothing to do"."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from build_env.app.build import run_request
from build_env.app.project import open_project
from build_env.app.quick import up_to_date
from build_env.app.session import open_session
from build_env.core.canonical import digest_file
from build_env.core.errors import HookError
from build_env.core.reading import NAMES, meaning_of
from build_env.model.options import BuildOptions
from build_env.model.result import Status
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.plancache import watch
from build_env.store import digests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.events import Event

TARGET = "asking/1"
OPTIONS = BuildOptions(targets=(TARGET,), architectures=("amd64",), engine="native")
REQUEST = Request(stages=frozenset({Stage.BUILD}))
_CONFIGURATION = """\
{head}
FAMILY = "deb"
PACKAGES = ["one"]


def env_arch_supported(env, arch):
    return arch == "amd64"


def run_source(env, package):
    pass


def run_build(env, package):
    {body}
    env.run_command_build("sh", "-c", f": {{answer}}; echo $ARCH > $BUILD_OUT/$BUILD_PACKAGE.deb")


def run_tar_build(env):
    pass
"""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A project whose build hook runs a `body` that sets `answer`."""

    root: Path

    def write(self, body: str, head: str = "") -> None:
        text = _CONFIGURATION.format(head=head, body=body.format(here=self.root / "asked"))
        (self.root / "targets" / TARGET / "packages.conf.py").write_text(text, encoding="utf-8")

    def run(self) -> int:
        """The number of tasks that a run really does."""
        with open_session(open_project(self.root), OPTIONS, writes=True) as session:
            return run_request(session, REQUEST, silent).count(Status.DONE)

    def is_up_to_date(self) -> bool:
        return up_to_date(open_project(self.root), OPTIONS, REQUEST, silent)


def silent(event: Event) -> None:
    pass


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asking:
    for module in (digests, watch):
        monkeypatch.setattr(module, "SLACK", 0)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # the environment may say otherwise
    root = tmp_path / "project"
    for directory in (root / "src" / "one", root / "targets" / TARGET, root / "common", root / "asked"):
        directory.mkdir(parents=True)
    (root / "build-env.toml").touch()
    (root / "src/one/definition.yaml").write_text("version: '1'\nsummary: one\n", encoding="utf-8")
    (root / "asked/file").write_text("1", encoding="utf-8")
    (root / "asked/other").write_text("2", encoding="utf-8")
    (root / "asked/link").symlink_to("file")
    (root / "common/shared.py").write_text("FLAG = 1\n", encoding="utf-8")
    return Asking(root=root)


def variable(root: Path, value: str = "1") -> None:
    os.environ["EXTRA"] = value


def relink(root: Path) -> None:
    (root / "asked/link").unlink()
    (root / "asked/link").symlink_to("other")


def executable(root: Path) -> None:
    (root / "asked/file").chmod(0o755)


def another_time(root: Path) -> None:
    os.utime(root / "asked/file", (1, 1))


def another_name(root: Path) -> None:
    (root / "asked/new.x").touch()


def go_there(root: Path) -> None:
    os.chdir(root)


def another_flag(root: Path) -> None:
    (root / "common/shared.py").write_text("FLAG = 2\n", encoding="utf-8")


def longer(root: Path) -> None:
    (root / "asked/file").write_text("more", encoding="utf-8")


def rewrite(root: Path) -> None:
    (root / "asked/file").write_text("3", encoding="utf-8")


ASKED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a variable that is not set": ("import os; answer = os.environ.get('EXTRA')", variable),
    "a variable by getenv": ("import os; answer = os.getenv('EXTRA')", variable),
    "a variable in text": ("import os; answer = os.path.expandvars('$EXTRA')", variable),
    "a variable as bytes": ("import os; answer = os.environb.get(b'EXTRA')", variable),
    "whether a variable is set": ("import os; answer = 'EXTRA' in os.environ", variable),
    "all variables": ("import os; answer = sorted(os.environ).count('EXTRA')", variable),
    "Path.exists": ("from pathlib import Path; answer = Path('{here}/new.x').exists()", another_name),
    "os.path.isfile": (
        "import os; answer = os.path.isfile('{here}/file')",
        lambda root: (root / "asked/file").unlink(),
    ),
    "os.access": ("import os; answer = os.access('{here}/file', os.X_OK)", executable),
    "mode": ("import os; answer = os.stat('{here}/file').st_mode", executable),
    "time of change": ("import os; answer = os.stat('{here}/file').st_mtime", another_time),
    "size": ("import os; answer = os.path.getsize('{here}/file')", longer),
    "mode of a listed entry": (
        "import os; answer = [e.stat().st_mode for e in os.scandir('{here}') if e.name == 'file']",
        executable,
    ),
    "content": ("answer = __import__('pathlib').Path('{here}/file').read_text()", rewrite),
    "content behind a link": ("answer = __import__('pathlib').Path('{here}/link').read_text()", rewrite),
    "a link's target by content": ("answer = __import__('pathlib').Path('{here}/link').read_text()", relink),
    "a link's target": ("import os; answer = os.readlink('{here}/link')", relink),
    "a link's target by realpath": ("import os; answer = os.path.realpath('{here}/link')", relink),
    "names": ("import os; answer = os.listdir('{here}')", another_name),
    "glob": ("from pathlib import Path; answer = len(list(Path('{here}').glob('*.x')))", another_name),
    "walk": ("import os; answer = len(list(os.walk('{here}')))", lambda root: (root / "asked/new").mkdir()),
    "current directory": ("import os; answer = os.getcwd()", go_there),
    "a relative path": ("import os; answer = os.path.exists('build-env.toml')", go_there),
    "a module": (
        """import importlib.util as u; s = u.spec_from_file_location('m', '{here}/m.py')
    answer = bool(s); m = u.module_from_spec(s); s.loader.exec_module(m)""",
        lambda root: (root / "asked/m.py").write_text("FLAG = 2\n", encoding="utf-8"),
    ),
}


@pytest.mark.parametrize("what", ASKED)
def test_another_answer_makes_the_plan_anew(asking: Asking, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.delenv("EXTRA", raising=False)
    monkeypatch.chdir(asking.root.parent)
    (asking.root / "asked/m.py").write_text("FLAG = 1\n", encoding="utf-8")
    body, change = ASKED[what]
    asking.write(body)
    assert asking.run() == 1
    assert asking.is_up_to_date()
    monkeypatch.setenv("EXTRA", "")  # put back afterwards
    monkeypatch.delenv("EXTRA")
    change(asking.root)
    assert not asking.is_up_to_date()


IMPORTED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "changed": ("from common.shared import *", another_flag),
    "shadowed by a package": ("from common.shared import *", lambda root: package(root / "common/shared")),
    "found earlier on the path": (
        "import sys; sys.path.insert(0, '{root}/asked'); sys.path.insert(0, '{root}/common')\nimport shared",
        lambda root: package(root / "common/shared"),
    ),
    "by importlib": (
        "import importlib\nFLAG = importlib.import_module('common.shared').FLAG",
        another_flag,
    ),
    "that may be missing": (
        "try:\n    import common.more\nexcept ImportError:\n    pass",
        lambda root: (root / "common/more.py").touch(),
    ),
}


def package(directory: Path) -> None:
    directory.mkdir()
    (directory / "__init__.py").touch()


@pytest.mark.parametrize("how", IMPORTED)
def test_a_module_that_is_imported(asking: Asking, how: str) -> None:
    head, change = IMPORTED[how]
    asking.write("answer = 0", head.replace("{root}", str(asking.root)))
    assert asking.run() == 1
    assert asking.is_up_to_date()
    change(asking.root)
    assert not asking.is_up_to_date()


def test_a_variable_that_changes_what_is_built_builds_again(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTRA", raising=False)
    asking.write("import os; answer = os.environ.get('EXTRA', '')")
    assert asking.run() == 1
    monkeypatch.setenv("EXTRA", "1")
    assert not asking.is_up_to_date()
    assert asking.run() == 1
    assert asking.is_up_to_date()


def test_a_variable_that_nobody_asked_for_changes_nothing(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    asking.write("import os; answer = os.environ.get('EXTRA', '')")
    asking.run()
    monkeypatch.setenv("ANOTHER", "1")
    assert asking.is_up_to_date()


UNSTABLE = {
    "time": "import time; answer = time.time()",
    "a clock by name": "from time import monotonic; answer = monotonic()",
    "local time": "import time; answer = time.localtime()",
    "now": "from datetime import datetime; answer = datetime.now()",
    "today": "import datetime; answer = datetime.date.today()",
    "random": "import random; answer = random.random()",
    "a generator": "import random; answer = random.Random().random()",
    "urandom": "import os; answer = os.urandom(1)",
    "uuid": "import uuid; answer = uuid.uuid4()",
    "secrets": "import secrets; answer = secrets.token_hex(1)",
    "process": "import os; answer = os.getpid()",
}
STABLE = {
    "a given time": "import time; answer = time.strftime('%Y', time.gmtime(0))",
    "a given date": "from datetime import datetime; answer = datetime.fromisoformat('2019-01-01')",
    "a seeded generator": "import random; answer = random.Random(1).random()",
    "a log": "import logging; logging.getLogger('x').warning('said'); answer = 1",
    "a name from content": "import uuid; answer = uuid.uuid5(uuid.NAMESPACE_URL, 'x')",
}


@pytest.mark.parametrize("what", UNSTABLE)
def test_what_is_never_the_same_twice_is_a_fault_with_its_line(asking: Asking, what: str) -> None:
    asking.write(UNSTABLE[what])
    with pytest.raises(HookError, match="never the same twice") as raised:
        asking.run()
    assert raised.value.location is not None
    assert raised.value.location.file.endswith(f"targets/{TARGET}/packages.conf.py")
    assert raised.value.location.line == 15
    assert "env.setting" in raised.value.hint


@pytest.mark.parametrize("what", STABLE)
def test_what_is_computed_from_what_is_given_is_none(asking: Asking, what: str) -> None:
    asking.write(STABLE[what])
    assert asking.run() == 1
    assert asking.is_up_to_date()


def test_a_link_that_leads_in_a_circle_hides_no_other_name(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    before = meaning_of(str(tmp_path), NAMES, digest_file)
    (tmp_path / "other").mkdir()
    with_directory = meaning_of(str(tmp_path), NAMES, digest_file)
    (tmp_path / "other").rmdir()
    (tmp_path / "other").symlink_to("/")
    assert len({before, with_directory, meaning_of(str(tmp_path), NAMES, digest_file)}) == 3
