"""The publisher of a run: where plain results lie, and what counts as deployed already."""

from __future__ import annotations

import os
import re
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.core.canonical import digest_file
from build_env.core.errors import InputError, TaskError
from build_env.model.action import DeployAction, TarAction
from build_env.model.command import Deployment
from build_env.model.identity import TaskName
from build_env.model.task import Place, Stage, Task
from build_env.model.work import ResolvedInput, Work
from build_env.publish import refusals, snapshot
from build_env.publish.local import LocalPublisher
from build_env.store.results import LocalStore
from tests.support.repositories import deb, source
from tests.support.samples import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from build_env.formats.view import PackageFile, View
    from build_env.publish.signing import Signer


def no_signer() -> Signer:
    raise AssertionError("nothing is published here")


def unheard(_line: str) -> None:
    """What nobody listens to."""


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[LocalPublisher]:
    build = tmp_path / "build"
    with closing(LocalStore(build)) as store:
        yield LocalPublisher(
            root=tmp_path,
            deploy=build / "deploy",
            repositories=build / "repositories",
            store=store,
            signer=no_signer,
            label="x",
            digest_of=digest_file,
            publishes=False,
        )


def content(publisher: LocalPublisher, name: str) -> bytes:
    """A real package of that name, or anything for another file."""
    if not name.endswith(".deb"):
        return name.encode()
    package, version, architecture = name.removesuffix(".deb").split("_")
    return deb(publisher.root / "made", package, version, architecture=architecture).path.read_bytes()


def work(publisher: LocalPublisher, *names: str, stage: Stage = Stage.DEPLOY, stand_in: str = "") -> Work:
    deployment = Deployment(format="deb", suite="bookworm") if stage is Stage.DEPLOY else None
    task = Task(
        name=TaskName("debian/12", "a", stage, "amd64"),
        action=DeployAction(deployment=deployment) if deployment else TarAction(),
    )
    artifacts = tuple(publisher.store.put(name, content(publisher, name)) for name in names)
    facts = {"stand-in": stand_in}
    inputs = (ResolvedInput(task=named("b"), place=Place.DEPLOY, artifacts=artifacts, facts=facts),)
    return Work(task=task, key="key", inputs=inputs)


def test_a_deployment_holds_until_a_file_is_gone(publisher: LocalPublisher) -> None:
    deploy = work(publisher, "a_1_amd64.deb", "a_1_all.deb", "a.changes")
    assert not publisher.holds(deploy)
    lines: list[str] = []
    publisher.add(deploy, lines.append)
    assert lines == ["deb/bookworm/main/binary-amd64/a_1_amd64.deb", "deb/bookworm/main/binary-all/a_1_all.deb"]
    assert publisher.holds(deploy)
    assert publisher.commit(unheard) == [f"build/deploy/{line}" for line in sorted(lines)]
    (publisher.deploy / lines[1]).unlink()
    assert not publisher.holds(deploy)


def test_a_package_built_again_with_the_size_of_the_old_one_is_deployed(publisher: LocalPublisher) -> None:
    deploy = work(publisher, "a_1_amd64.deb")
    publisher.add(deploy, lambda _line: None)
    (path,) = publisher.deploy.rglob("*.deb")
    path.write_bytes(path.read_bytes().swapcase())
    assert not publisher.holds(deploy)
    publisher.add(deploy, lambda _line: None)
    assert publisher.holds(deploy)


def test_a_published_file_that_is_damaged_is_not_deployed_any_more(
    publisher: LocalPublisher, signer: Signer, tmp_path: Path
) -> None:
    package = deb(tmp_path / "made", "greet")
    empty = work(publisher)
    item = publisher.store.put(package.artifact.name, package.path.read_bytes())
    deploy = replace(empty, inputs=(empty.inputs[0]._replace(artifacts=(item,)),))
    publisher.publishes, publisher.signer = True, lambda: signer
    publisher.add(deploy, lambda _line: None)
    publisher.commit(unheard)
    assert publisher.holds(deploy)
    for damaged in (publisher.channel / "deb/pool").rglob("*.deb"), publisher.channel.glob("deb/dists/*/*/InRelease"):
        (path,) = damaged
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().swapcase())
        assert path in publisher.evidence(deploy) or path.resolve() in map(Path.resolve, publisher.evidence(deploy))
        assert not publisher.holds(deploy)
        another_run = replace(publisher, _taken={}, _published=set())
        another_run.add(deploy, lambda _line: None)
        another_run.commit(unheard)
        assert publisher.holds(deploy)


def published(publisher: LocalPublisher, signer: Signer, deploy: Work) -> LocalPublisher:
    """The publisher of the next run after one that published."""
    first = replace(publisher, publishes=True, signer=lambda: signer, _taken={}, _published=set(), _read={})
    first.add(deploy, unheard)
    first.commit(unheard)
    return replace(first, _taken={}, _published=set(), _read={})


@pytest.mark.parametrize(("name", "fields"), [("a_1_amd64.deb", "Essential: yes\n"), ("libc6_1_amd64.deb", "")])
def test_an_essential_package_does_not_stay_deployed_when_that_is_no_longer_meant(
    publisher: LocalPublisher, signer: Signer, name: str, fields: str
) -> None:
    publisher.replaces = frozenset({"a", "libc6"})
    deploy = broken(publisher, name, fields)
    later = published(publisher, signer, deploy)
    assert later.holds(deploy)
    later.replaces = frozenset()
    assert not later.holds(deploy)
    with pytest.raises(TaskError, match="would be essential on every client"):
        later.add(deploy, unheard)


def test_what_was_published_with_fewer_checks_is_checked_once_more(
    publisher: LocalPublisher, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy = broken(publisher, "a_1_amd64.deb", "")
    with monkeypatch.context() as earlier:
        for module in (snapshot, refusals):
            earlier.setattr(module, "CHECKS", 0)
        later = published(publisher, signer, deploy)
        assert later.holds(deploy)
    assert not later.holds(deploy)
    assert published(publisher, signer, deploy).holds(deploy)


@pytest.mark.parametrize("final", [False, True])
def test_a_published_version_with_other_bytes_is_told_or_refused(
    *, final: bool, publisher: LocalPublisher, signer: Signer, tmp_path: Path
) -> None:
    publisher.publishes, publisher.signer, publisher.final = True, lambda: signer, final
    lines: list[str] = []
    notes: list[str] = []

    def deploy(text: str) -> None:
        package = deb(tmp_path / text, "greet", text=text)
        empty = work(publisher)
        item = publisher.store.put(package.artifact.name, package.path.read_bytes())
        run = replace(publisher, _taken={}, _published=set())
        run.add(replace(empty, inputs=(empty.inputs[0]._replace(artifacts=(item,)),)), lines.append)
        run.commit(notes.append)

    deploy("first")
    deploy("first")
    told = [line for line in (*lines, *notes) if "greet 1.0 amd64" in line]
    assert told == []
    if final:
        with pytest.raises(TaskError, match=r"greet 1\.0 amd64 is published with other bytes"):
            deploy("second")
    else:
        deploy("second")
        note = "greet 1.0 amd64 was published with other bytes: raise the version, so that clients take these"
        assert notes == [note]
        assert note in lines


def test_a_final_version_that_another_run_published_meanwhile_is_not_replaced(
    publisher: LocalPublisher, signer: Signer, tmp_path: Path
) -> None:
    publisher.publishes, publisher.signer, publisher.final = True, lambda: signer, True
    runs = [replace(publisher, _taken={}, _published=set()) for _ in range(2)]
    for number, run in enumerate(runs):
        package = deb(tmp_path / str(number), "greet", text=str(number))
        empty = work(publisher)
        item = publisher.store.put(package.artifact.name, package.path.read_bytes())
        run.add(replace(empty, inputs=(empty.inputs[0]._replace(artifacts=(item,)),)), unheard)
    runs[0].commit(unheard)
    (published,) = (publisher.channel / "deb/pool").rglob("*.deb")
    before = published.read_bytes()
    with pytest.raises(InputError, match="versions are final"):
        runs[1].commit(unheard)
    assert [path.read_bytes() for path in (publisher.channel / "deb/pool").rglob("*.deb")] == [before]


def test_others_read_what_is_published_whatever_the_umask(
    publisher: LocalPublisher, signer: Signer, tmp_path: Path
) -> None:
    """Apt reads the key and the indexes as a user of its own, a web server as well."""
    package = deb(tmp_path / "made", "greet")
    deploy = work(publisher)
    item = publisher.store.put(package.artifact.name, package.path.read_bytes())
    (entry,) = deploy.inputs
    before = os.umask(0o077)
    try:
        publisher.publishes, publisher.signer = True, lambda: signer
        publisher.add(replace(deploy, inputs=(entry._replace(artifacts=(item,)),)), lambda _line: None)
        publisher.commit(unheard)
    finally:
        os.umask(before)
    closed = [
        str(path)
        for top in (publisher.deploy, publisher.channel)
        for path in (top, *top.rglob("*"))
        if ~path.stat().st_mode & (0o055 if path.is_dir() else 0o044)
    ]
    assert closed == []
    assert publisher.repositories.stat().st_mode & 0o011 == 0o011


def broken(publisher: LocalPublisher, name: str, fields: str) -> Work:
    """A deployment of one package with these fields."""
    package, version, architecture = name.removesuffix(".deb").split("_")
    made = deb(publisher.root / "made", package, version, architecture=architecture, fields=fields)
    artifact = publisher.store.put(name, made.path.read_bytes())
    deploy = work(publisher)
    return replace(deploy, inputs=(deploy.inputs[0]._replace(artifacts=(artifact,)),))


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("a_1_amd64.deb", "Depends: b (>= 1\n", "'Depends' field, reference to 'b': version unterminated"),
        ("a_1_amd64.deb", "Homepage: x\rPackage: b\n", r"a_1_amd64.deb: line 5 has a character"),
        ("a_1_amd64.deb", "Homepage: x\x0bPackage: b\n", r"a_1_amd64.deb: line 5 has a character"),
        ("a_1_amd64.deb", "Homepage: x\u2028Package: b\n", r"a_1_amd64.deb: line 5 has a character"),
        ("libc6_99_amd64.deb", "", "builds libc6, which would be essential on every client"),
        ("a_1_amd64.deb", "Essential: yes\n", "builds a, which would be essential on every client"),
        ("a_1_amd64.deb", "Protected: yes\n", "builds a, which would be essential on every client"),
    ],
)
def test_what_would_break_clients_is_refused_with_its_package(
    publisher: LocalPublisher, name: str, fields: str, words: str
) -> None:
    deploy = broken(publisher, name, fields)
    with pytest.raises(TaskError, match=re.escape(words)):
        replace(publisher, publishes=True).add(deploy, lambda _line: None)
    assert not publisher.deploy.exists()
    assert publisher.commit(unheard) == []


def test_an_essential_package_is_published_where_that_is_meant(publisher: LocalPublisher) -> None:
    meant = replace(publisher, publishes=True, replaces=frozenset({"a"}))
    meant.add(broken(publisher, "a_1_amd64.deb", "Essential: yes\n"), lambda _line: None)
    assert len([*publisher.deploy.rglob("*.deb")]) == 1


def test_what_the_source_does_not_declare_fails_its_own_deployment(publisher: LocalPublisher, tmp_path: Path) -> None:
    empty = work(publisher)
    given = [*source(tmp_path, "one"), deb(tmp_path, "two", fields="Source: one\n")]
    items = tuple(publisher.store.put(file.artifact.name, file.path.read_bytes()) for file in given)
    deploy = replace(empty, inputs=(empty.inputs[0]._replace(artifacts=items),))
    with pytest.raises(TaskError, match="does not declare"):
        replace(publisher, publishes=True).add(deploy, lambda _line: None)
    assert not publisher.deploy.exists()


def test_a_source_that_another_task_deploys_says_what_may_be_published(
    publisher: LocalPublisher, tmp_path: Path
) -> None:
    deploy = broken(publisher, "two_1_arm64.deb", "Source: one\n")
    parts = tuple(publisher.store.put(file.artifact.name, file.path.read_bytes()) for file in source(tmp_path, "one"))
    beside = deploy.inputs[0]._replace(task=named("s"), place=Place.SOURCE, artifacts=parts)
    with pytest.raises(TaskError, match="does not declare"):
        replace(publisher, publishes=True).add(replace(deploy, inputs=(beside, *deploy.inputs)), unheard)
    taken = broken(publisher, "one_1_arm64.deb", "")
    publisher.add(replace(taken, inputs=(beside, *taken.inputs)), unheard)
    assert [path.name for path in publisher.deploy.rglob("*.*") if path.is_file()] == ["one_1_arm64.deb"]


def test_a_file_is_called_after_what_is_in_it(publisher: LocalPublisher) -> None:
    deploy = work(publisher, "one_9.0_amd64.deb")
    artifact = replace(deploy.inputs[0].artifacts[0], name="two_1.0_amd64.deb")
    deploy = replace(deploy, inputs=(deploy.inputs[0]._replace(artifacts=(artifact,)),))
    with pytest.raises(TaskError, match=r"two_1\.0_amd64\.deb says of itself that it is one 9\.0"):
        replace(publisher, publishes=True).add(deploy, lambda _line: None)


@pytest.mark.parametrize("name", ["a_1_amd64\nb/x.deb", "../a_1_amd64.deb", "a b_1_amd64.deb"])
def test_a_name_makes_no_folders(publisher: LocalPublisher, name: str) -> None:
    deploy = work(publisher, "a_1_amd64.deb")
    artifact = replace(deploy.inputs[0].artifacts[0], name=name)
    deploy = replace(deploy, inputs=(deploy.inputs[0]._replace(artifacts=(artifact,)),))
    with pytest.raises(TaskError, match="not a name for a file in a package repository"):
        publisher.add(deploy, lambda _line: None)
    assert not publisher.deploy.exists()


def test_results_of_a_stand_in_lie_apart(publisher: LocalPublisher) -> None:
    lines: list[str] = []
    publisher.add(work(publisher, "a_1_amd64.deb", stand_in="centos/8"), lines.append)
    assert lines == ["deb/bookworm+stand-in/main/binary-amd64/a_1_amd64.deb"]


def test_an_archive_has_the_binary_packages_and_always_the_same_bytes(publisher: LocalPublisher) -> None:
    tar = work(publisher, "b_1_all.deb", "a_1_amd64.deb", "a_1.dsc", stage=Stage.TAR)
    assert not publisher.holds(tar)
    path = publisher.tar(tar)
    first = path.read_bytes()
    assert publisher.holds(tar)
    assert path.name == "debian-12-amd64.tar"
    assert publisher.tar(tar).read_bytes() == first
    assert b"a_1.dsc" not in first
    path.write_bytes(b"broken")
    assert not publisher.holds(tar)


def test_an_archive_of_nothing_holds_for_its_key(publisher: LocalPublisher) -> None:
    """No member follows the header with the key, so `tarfile` itself cannot read it."""
    tar = work(publisher, stage=Stage.TAR)
    assert not publisher.holds(tar)
    publisher.tar(tar)
    assert publisher.holds(tar)
    assert not publisher.holds(replace(tar, key="other"))


def test_two_runs_that_deploy_the_same_file_leave_it_whole(publisher: LocalPublisher) -> None:
    """Each write of one would be cut short by the other if they shared a temporary file."""
    deploy = work(publisher, "a_1_amd64.deb", "a_1_all.deb")
    others = [replace(publisher) for _ in range(4)]
    errors: list[BaseException] = []

    def add(other: LocalPublisher) -> None:
        try:
            for _ in range(20):
                other.add(deploy, lambda _line: None)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=add, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert publisher.holds(deploy)
    assert [path for path in publisher.deploy.rglob("*") if path.name.endswith(".temporary")] == []


def test_only_what_is_asked_for_is_published_and_nothing_twice(
    publisher: LocalPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def publish(_root: object, files: Mapping[View, Sequence[PackageFile]], **_how: object) -> tuple[str, ...]:
        seen.append(sorted(file.artifact.name for those in files.values() for file in those))
        return ()

    monkeypatch.setattr(snapshot, "publish", publish)
    early = replace(publisher, publishes=True, signer=lambda: None)  # type: ignore[arg-type, return-value]
    one, two = work(early, "one_1_amd64.deb"), work(early, "two_1_amd64.deb")
    two = replace(two, task=replace(two.task, name=two.task.name._replace(subject="two")))
    for each in (one, two):
        early.add(each, lambda _line: None)
    assert early.commit(unheard, {one.task.name}) == ["build/deploy/deb/bookworm/main/binary-amd64/one_1_amd64.deb"]
    assert len(early.commit(unheard)) == 2
    early.commit(unheard)
    assert seen == [["one_1_amd64.deb"], ["two_1_amd64.deb"]]
