"""A remembered plan answers exactly as planning anew would, whatever is changed below it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from benchmarks.support.tree import ARCHITECTURES, STAGES, TARGET, generate, name_of
from build_env.app.build import foresee_build, run_request
from build_env.app.planning import Planner
from build_env.app.project import open_project
from build_env.app.quick import up_to_date
from build_env.app.session import open_session
from build_env.model.identity import TaskName
from build_env.model.options import BuildOptions
from build_env.model.result import Status
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.plancache import watch
from build_env.schedule.foresee import HIT, RUN, in_words
from build_env.store import digests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.model.events import Event

REQUEST = Request(stages=frozenset({Stage.BUILD, Stage.VERIFY}))
OPTIONS = BuildOptions(targets=(TARGET,), architectures=ARCHITECTURES, engine="native")
PACKAGES = 4
_FILE = f"src/{name_of(1)}/file-3.c"
_CONFIGURATION = f"targets/{TARGET}/packages.conf.py"


def silent(event: Event) -> None:
    pass


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project after a run, with a memory that trusts files of any age."""
    for module in (digests, watch):
        monkeypatch.setattr(module, "SLACK", 0)
    root = tmp_path / "project"
    generate(root, PACKAGES)
    (root / _CONFIGURATION).write_text(
        "from common.shared import *\n" + (root / _CONFIGURATION).read_text(encoding="utf-8"), encoding="utf-8"
    )
    command = '"sh", "-c", "echo $BUILD_STAGE $ARCH > $BUILD_OUT/$BUILD_PACKAGE.deb", "true"'
    rewrite(root / _CONFIGURATION, '"true"', command)
    definition = root / f"src/{name_of(3)}/definition.yaml"
    (root / "shared.yaml").write_text(definition.read_text(encoding="utf-8"), encoding="utf-8")
    definition.write_text("otk.include: ../../shared.yaml\n", encoding="utf-8")
    (root / "common").mkdir()
    (root / "common" / "shared.py").write_text("FLAG = 1\n", encoding="utf-8")
    (root / _FILE).with_name("link").symlink_to("file-0.c")
    (root / "common/first").write_text("1", encoding="utf-8")
    (root / "common/second").write_text("2", encoding="utf-8")
    (root / "common/current").symlink_to("first")
    (root / _FILE).with_name("shared").symlink_to("../../common/current")
    assert run(root) == PACKAGES * 4
    assert quick(root), "the first run did not leave a memory that answers"
    return root


def run(root: Path) -> int:
    """The number of tasks that a run really does."""
    with open_session(open_project(root), OPTIONS, writes=True) as session:
        return run_request(session, REQUEST, silent).count(Status.DONE)


def quick(root: Path, options: BuildOptions = OPTIONS) -> bool:
    return up_to_date(open_project(root), options, REQUEST, silent)


def answers(root: Path) -> dict[TaskName, str]:
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        return in_words(foresee_build(session, REQUEST)[1])


def planned_anew(root: Path) -> dict[TaskName, str]:
    """What is answered without any memory."""
    shutil.rmtree(root / "build" / "remembered")
    return answers(root)


def rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def same_size_and_time(root: Path) -> None:
    before = (root / _FILE).stat()
    rewrite(root / _FILE, "int", "INT")
    os.utime(root / _FILE, ns=(before.st_atime_ns, before.st_mtime_ns))


def relink(root: Path) -> None:
    link = (root / _FILE).with_name("link")
    link.unlink()
    link.symlink_to("file-1.c")


def lead_to(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def drop_package(root: Path) -> None:
    name = name_of(PACKAGES - 1)
    shutil.rmtree(root / "src" / name)
    rewrite(root / _CONFIGURATION, f", '{name}'", "")


def an_object(root: Path) -> Path:
    """A file that a result names; sources and manifests of trees, which lie there too, are none."""
    files = (path for path in (root / "build" / "store" / "objects").rglob("*") if path.is_file())
    return next(path for path in files if path.read_bytes().startswith(b"build "))


def damage(root: Path) -> None:
    path = an_object(root)
    path.chmod(0o644)
    path.write_text("less", encoding="utf-8")


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: rewrite(root / _FILE, "int", "long"),
    "content under the old size and time": same_size_and_time,
    "mode": lambda root: (root / _FILE).chmod(0o755),
    "link target": relink,
    "deleted file": lambda root: (root / _FILE).unlink(),
    "file behind a link": lambda root: (root / "common/first").write_text("3", encoding="utf-8"),
    "link on the way to a file": lambda root: lead_to(root / "common/current", "second"),
    "new file": lambda root: (root / _FILE).with_name("new.c").touch(),
    "new directory": lambda root: (root / _FILE).with_name("new").mkdir(),
    "flag in a hook": lambda root: rewrite(root / _CONFIGURATION, '"true"', '"true", "-flag"'),
    "setting": lambda root: (root / "build-env.toml").write_text("build_jobs = 7\n", encoding="utf-8"),
    "lost object": lambda root: an_object(root).unlink(),
    "damaged object": damage,
    "lost database": lambda root: (root / "build" / "store.db").unlink(),
}
REPLANS: dict[str, Callable[[Path], object]] = {
    "edge": lambda root: rewrite(root / f"src/{name_of(2)}/definition.yaml", name_of(1), name_of(0)),
    "edge in an included file": lambda root: rewrite(root / "shared.yaml", name_of(2), name_of(0)),
    "name": lambda root: rewrite(root / f"src/{name_of(1)}/definition.yaml", "requires", "provides: [x]\nrequires"),
    "hook module": lambda root: rewrite(root / "common" / "shared.py", "1", "2"),
    "removed package": drop_package,
    "packaging": lambda root: (root / "src" / name_of(1) / "rpm").mkdir(),
}
SAME: dict[str, Callable[[Path], object]] = {
    "touched file": lambda root: (root / _FILE).touch(),
    "touched target": lambda root: os.utime(root / _CONFIGURATION, (1, 1)),
    "touched include": lambda root: (root / "shared.yaml").touch(),
    "touched directory": lambda root: os.utime(root / "src" / name_of(2), (1, 1)),
    "written again": lambda root: (root / _FILE).write_bytes((root / _FILE).read_bytes()),
    "unseen mode": lambda root: (root / _FILE).chmod(0o600),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_and_answered_as_without_memory(root: Path, name: str) -> None:
    CHANGES[name](root)
    assert not quick(root)
    remembered = answers(root)
    assert set(remembered.values()) != {"hit"}
    assert remembered == planned_anew(root)


@pytest.mark.parametrize("name", REPLANS)
def test_what_planning_read_makes_it_plan_anew(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    REPLANS[name](root)
    assert not quick(root)
    assert answers(root) == planned_anew(root)


@pytest.mark.parametrize("name", SAME)
def test_what_changes_no_answer_is_looked_at_once(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    SAME[name](root)
    monkeypatch.setattr(Planner, "plan", None)
    assert quick(root)
    monkeypatch.setattr(digests.FileDigests, "digest", None)
    assert quick(root)


@pytest.fixture
def checkout(root: Path) -> Path:
    """The same as a checkout of git, after a run."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    (root / ".gitignore").write_text("/build/\n*.o\nkept/*.x\n", encoding="utf-8")
    (root / _FILE).with_name("kept").mkdir()
    git(root, "init", "-q")
    git(root, "add", ".")
    run(root)
    assert quick(root)
    return root


def git(root: Path, *words: str) -> object:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


IN_CHECKOUT: dict[str, Callable[[Path], object]] = {
    "a file that is not ignored": lambda root: (root / _FILE).with_name("new.c").touch(),
    "one in a directory that was empty": lambda root: ((root / _FILE).parent / "kept/new.c").touch(),
    "an ignored file that is tracked now": lambda root: (
        (root / _FILE).with_name("x.o").write_bytes(b""),
        git(root, "add", "-f", "src"),
    ),
    "a rule": lambda root: (root / ".gitignore").write_text("/build/\nfile-3.c\n", encoding="utf-8"),
    "a rule, and git does not track it": lambda root: (
        git(root, "rm", "--cached", "-q", _FILE),
        (root / "src/.gitignore").write_text("file-3.c\n", encoding="utf-8"),
    ),
    "a package that becomes a checkout": lambda root: (
        (root / _FILE).with_name(".gitignore").write_text(".gitignore\nfile-3.c\n", encoding="utf-8"),
        git((root / _FILE).parent, "init", "-q"),
    ),
}


@pytest.mark.parametrize("name", IN_CHECKOUT)
def test_what_git_has_to_say_is_seen_to_change(checkout: Path, name: str) -> None:
    IN_CHECKOUT[name](checkout)
    quick_now = quick(checkout)
    remembered = answers(checkout)
    assert remembered == planned_anew(checkout)
    assert not (quick_now and set(remembered.values()) != {"hit"})
    if name != "a rule":  # what is tracked is not ignored
        assert set(remembered.values()) != {"hit"}


def test_an_index_that_says_the_same_is_read_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "README").touch()
    git(checkout, "add", "README")
    monkeypatch.setattr(Planner, "plan", None)
    assert quick(checkout)
    monkeypatch.setattr("build_env.core.checkouts._ask", None)
    assert quick(checkout)


def test_what_comes_to_be_ignored_is_counted_anew(checkout: Path) -> None:
    with open_session(open_project(checkout), OPTIONS, writes=False) as session:
        assert not [note for note in foresee_build(session, REQUEST)[0].notes if "left out" in note]
    (checkout / _FILE).with_name("x.o").touch()
    assert not quick(checkout)
    with open_session(open_project(checkout), OPTIONS, writes=False) as session:
        note = f"1 left out of what is packed, ignored by git or no file: {_FILE.replace('file-3.c', 'x.o')}"
        assert note in foresee_build(session, REQUEST)[0].notes


def test_one_changed_file_builds_what_used_it(root: Path) -> None:
    rewrite(root / _FILE, "int", "long")
    wanted = {task for task, answer in answers(root).items() if answer != "hit"}
    # Package 1 is needed by 2 and 3.
    names = {name_of(number) for number in (1, 2, 3)}
    assert wanted == {
        TaskName(TARGET, name, stage, arch) for name in names for stage in ("build", "verify") for arch in ARCHITECTURES
    }


def test_one_changed_file_runs_the_tasks_of_its_package_and_no_more(root: Path) -> None:
    """The dependents are planned as maybe, and are up to date once the builds have made the same bytes again."""
    rewrite(root / _FILE, "int", "long")
    assert Counter(answers(root).values())["hit"] == len(STAGES) * len(ARCHITECTURES)
    assert run(root) == len(STAGES) * len(ARCHITECTURES)
    assert quick(root)


def test_a_shared_hook_module_that_changes_makes_the_plan_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(root / "common" / "shared.py", "1", "2")
    assert not quick(root)
    assert set(answers(root).values()) == {"hit"}, "a variable that no command uses rebuilds nothing"


def test_why_says_what_changed(root: Path) -> None:
    rewrite(root / _FILE, "int", "long")
    with open_session(open_project(root), OPTIONS, writes=False) as session:
        found = foresee_build(session, REQUEST)[1]
    reasons = {answer.reason for answer in found.values() if answer.verdict == HIT}
    assert all("inputs are those of its result" in reason for reason in reasons)
    changed = found[TaskName(TARGET, name_of(1), "build", ARCHITECTURES[0])]
    assert changed.verdict == RUN
    assert changed.reason.startswith(f"{_FILE} changed")


def test_what_a_killed_run_left_goes_also_when_nothing_is_to_do(root: Path) -> None:
    left = root / "build" / "rooms" / "left"
    left.mkdir(parents=True)
    assert quick(root)
    assert not left.exists()


@pytest.mark.parametrize("options", [BuildOptions(targets=(TARGET,), architectures=("amd64",), engine="native")])
def test_other_options_have_a_memory_of_their_own(root: Path, options: BuildOptions) -> None:
    assert not quick(root, options)
    assert quick(root)


def test_what_was_changed_within_the_tick_of_the_clock_is_read_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `stat` cannot tell whether it was changed once more since."""
    monkeypatch.setattr(watch, "SLACK", 10**18)
    shutil.rmtree(root / "build" / "remembered")
    run(root)
    read: set[str] = set()
    real = digests.FileDigests.digest

    def digest(self: digests.FileDigests, path: Path | str) -> str:
        read.add(str(path))
        return real(self, path)

    monkeypatch.setattr(digests.FileDigests, "digest", digest)
    assert quick(root)
    assert {str(root / _FILE), str(root / _CONFIGURATION)} <= read


def test_the_seeds_variables_and_those_of_settings_are_watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (root / _CONFIGURATION).open("a", encoding="utf-8") as file:
        file.write(
            "\n\ndef run_verify(env, package):\n"
            "    where = str(env.variable('PLATFORM_ARCH', ''))\n"
            "    env.run_command_build('sh', '-c', 'true', environment={'WHERE': where})\n"
        )
    run(root)
    assert quick(root)
    for variable, value in (("PLATFORM_ARCH", "linux/arm64"), ("BUILD_ENV_BUILD_JOBS", "7")):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            assert not quick(root)
        assert quick(root)
    monkeypatch.setenv("PLATFORM_ARCH", "linux/arm64")
    assert run(root)
    assert quick(root)
