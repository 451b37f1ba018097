"""A law: whatever is edited, `build-all` with its memory does the same tasks as without."""

from __future__ import annotations

import os
import shutil
import uuid
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from build_env.app.build import foresee_build, run_request
from build_env.app.project import open_project
from build_env.app.quick import up_to_date
from build_env.app.session import open_session
from build_env.core.errors import BuildEnvError
from build_env.model.options import BuildOptions
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.plancache import watch
from build_env.store import digests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.events import Event

TARGET = "edited/1"
REQUEST = Request(stages=frozenset({Stage.BUILD}))
# Every question that planning or a hook can ask; each answer ends in a command.
_CONFIGURATION = """\
import json
import os
from pathlib import Path

from common.shared import FLAG

FAMILY = "deb"
PACKAGES = ["one", "two"]
HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def env_arch_supported(env, arch):
    return arch == "amd64"


def run_source(env, package):
    pass


def run_build(env, package):
    asked = ROOT / "asked"
    template = asked / "Dockerfile.j2"
    answers = [
        FLAG,
        os.environ.get("EXTRA_A"),
        "EXTRA_B" in os.environ,
        (asked / "exists").exists(),
        sorted(os.listdir(asked / "names")),
        sorted(path.name for path in asked.glob("names/*.x")),
        os.readlink(asked / "link") if (asked / "link").is_symlink() else "",
        (asked / "link").read_text() if (asked / "link").exists() else "",
        (asked / "content").stat().st_mode if (asked / "content").exists() else 0,
        template.read_text() if template.exists() else "",
        env.setting("build_jobs"),
        package.version,
        list(package.requires),
    ]
    if package.name == "one":
        answers = answers[-2:]
    env.run_command_build(
        "sh", "-c", "echo $ARCH > $BUILD_OUT/$BUILD_PACKAGE.deb", json.dumps(answers)
    )


def run_tar_build(env):
    pass
"""
_FILES = {
    "build-env.toml": ("", "build_jobs = 3\n", 'image_prefix = "x"\n'),
    ".build-env/settings.toml": ("", "build_jobs = 4\n"),
    "common/shared.py": ("FLAG = 1\n", "FLAG = 2\n", "from common.more import FLAG\n"),
    "common/more.py": ("FLAG = 3\n", "FLAG = 1\n"),
    "common/shared/__init__.py": ("FLAG = 5\n",),
    "src/one/definition.yaml": ("version: '1'\n", "version: '2'\n", "otk.include: ../../included.yaml\n"),
    "src/two/definition.yaml": ("version: '1'\nrequires: [one]\n", "version: '1'\n", "otk.include: ../../inner.yaml\n"),
    "included.yaml": ("version: '3'\n", "version: '1'\n", "otk.include: inner.yaml\n"),
    "inner.yaml": ("version: '4'\n", "version: '3'\n"),
    "src/one/file": ("1", "2"),
    "src/two/directory/file": ("1", "2"),
    "asked/content": ("1", "2"),
    "asked/other": ("1", "3"),
    "asked/exists": ("",),
    "asked/names/a.x": ("",),
    "asked/names/b": ("",),
    "asked/Dockerfile.j2": ("FROM a\n", "FROM b\n"),
}  # fmt: skip
_LINKS = {
    "asked/link": ("content", "other", "missing"),
    "src/one/link": ("file", "../two", "missing"),
    "asked/names/linked": ("../content", "../names"),
    "included.yaml": ("inner.yaml", "src/one/definition.yaml"),
    "common/shared.py": ("more.py",),
    "common/more.py": ("../asked/module.py",),
    "src/two/directory": ("../one", "../../asked"),
}  # fmt: skip
_START = ("build-env.toml", "common/shared.py", "common/more.py", "src/one/definition.yaml", "src/two/definition.yaml",
          "included.yaml", "inner.yaml", "src/one/file", "src/two/directory/file", "asked/content", "asked/other",
          "asked/names/a.x")  # fmt: skip
_REMOVABLE = ("asked/exists", "asked/link", "asked/names/a.x", "asked/names/b", "src/one/link", "src/one/file",
              "common/shared/__init__.py", "asked/Dockerfile.j2")  # fmt: skip

Edit = tuple[str, str, object]
EDITS = st.one_of(
    st.sampled_from([("write", name, text) for name, texts in _FILES.items() for text in texts]),
    st.sampled_from([("link", name, target) for name, targets in _LINKS.items() for target in targets]),
    st.sampled_from([("remove", name, None) for name in _REMOVABLE]),
    st.sampled_from([("mode", name, mode) for name in ("asked/content", "src/one/file", "src/two/directory/file")
                     for mode in (0o644, 0o755)]),
    st.sampled_from([("touch", name, None) for name in ("src/one/file", "common/shared.py", "asked/content")]),
    st.sampled_from([("variable", name, value) for name in ("EXTRA_A", "EXTRA_B", "BUILD_ENV_BUILD_JOBS", "OTHER")
                     for value in (None, "5", "6")]),
    st.just(("option", "architectures", None)),
    st.just(("build", "", None)),
)  # fmt: skip


def silent(event: Event) -> None:
    pass


def write(root: Path, name: str, text: object) -> None:
    path = root / name
    if path.is_symlink():
        path.unlink()
    if not path.parent.exists() or path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(text), encoding="utf-8")


def link(root: Path, name: str, target: object) -> None:
    path = root / name
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(str(target))


def remove(root: Path, name: str, _: object) -> None:
    (root / name).unlink(missing_ok=True)


def mode(root: Path, name: str, bits: object) -> None:
    if (root / name).is_file():
        (root / name).chmod(int(str(bits)))


def touch(root: Path, name: str, _: object) -> None:
    if (root / name).exists():
        os.utime(root / name)


def variable(root: Path, name: str, value: object) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = str(value)


ACTS: dict[str, Callable[[Path, str, object], None]] = {
    "write": write, "link": link, "remove": remove, "mode": mode, "touch": touch, "variable": variable
}  # fmt: skip


class Checkout:
    """A project that is edited and built, with a memory and without."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.options = BuildOptions(targets=(TARGET,), architectures=("amd64",), engine="native")
        for name in _START:
            write(root, name, _FILES[name][0])
        write(root, f"targets/{TARGET}/packages.conf.py", _CONFIGURATION)
        write(root, "asked/module.py", "FLAG = 9\n")

    def edit(self, edit: Edit) -> None:
        kind, name, value = edit
        if kind == "option":
            architectures = () if self.options.architectures else ("amd64",)
            self.options = BuildOptions(targets=(TARGET,), architectures=architectures, engine="native")
        elif kind == "build":
            self.build()
        else:
            try:
                ACTS[kind](self.root, name, value)
            except NotADirectoryError:
                note(f"{name} has no place")

    def build(self) -> None:
        try:
            with open_session(open_project(self.root), self.options, writes=True) as session:
                run_request(session, REQUEST, silent)
        except BuildEnvError as error:
            note(f"no build: {error.message}")

    def is_up_to_date(self) -> bool:
        """What the memory answers."""
        try:
            return up_to_date(open_project(self.root), self.options, REQUEST, silent)
        except BuildEnvError:
            return False

    def has_nothing_to_do(self) -> bool | None:
        """What a plan made anew answers; None where none can be made."""
        try:
            with open_session(open_project(self.root), self.options, writes=False) as session:
                answers = foresee_build(session, REQUEST)[1]
        except BuildEnvError:
            return None
        return all(answer.verdict == "hit" for answer in answers.values())


@pytest.mark.parametrize("slack", [0, 2_000_000_000], ids=["trusting", "as it is"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(EDITS, min_size=1, max_size=6))
@pytest.mark.timeout(240)
def test_a_memory_answers_what_a_new_plan_answers(slack: int, edits: list[Edit], tmp_path: Path) -> None:
    root = tmp_path / uuid.uuid4().hex
    with (
        patch.dict(os.environ),
        patch.object(digests, "SLACK", slack),
        patch.object(watch, "SLACK", slack),
    ):
        for name in ("EXTRA_A", "EXTRA_B", "OTHER"):
            os.environ.pop(name, None)
        checkout = Checkout(root)
        checkout.build()
        assert checkout.is_up_to_date()
        for edit in edits:
            note(repr(edit))
            checkout.edit(edit)
            if checkout.is_up_to_date():
                assert checkout.has_nothing_to_do() is True
            checkout.build()
            # A build that ended leaves nothing to do, and its memory says so.
            assert checkout.is_up_to_date() == bool(checkout.has_nothing_to_do())
    shutil.rmtree(root)
