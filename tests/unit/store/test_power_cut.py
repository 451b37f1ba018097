"""A power cut at any moment: what was recorded is there with its bytes, and nothing else is ever handed out."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build_env.core.canonical import digest_bytes
from build_env.core.disk import Disk
from build_env.model.artifact import Isolation
from build_env.model.identity import NO_TASK
from build_env.store.results import LocalStore
from tests.support.power import RecordingDisk, Step, after_power_cut
from tests.support.samples import stored

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("one", "two", "three")


class ForgetsFiles(RecordingDisk):
    """A disk on which files are not synced, to see that these tests would tell."""

    def sync(self, path: Path) -> None:
        if path.is_dir():
            super().sync(path)


class ForgetsDirectories(RecordingDisk):
    """A disk on which names are not synced."""

    def sync(self, path: Path) -> None:
        if not path.is_dir():
            super().sync(path)


def history(build: Path, disk_class: type[RecordingDisk] = RecordingDisk) -> list[Step]:
    """What happens on the disk while three results are recorded, each of a put and an ingested file."""

    def database() -> dict[str, bytes]:
        names = ("store.db", "store.db-wal")
        return {name: (build / name).read_bytes() for name in names if (build / name).is_file()}

    disk = disk_class(snapshot=database)
    with closing(LocalStore(build, disk=disk)) as store:
        for key in KEYS:
            out = build / "rooms" / key
            out.mkdir(parents=True)
            (out / f"{key}.deb").write_bytes(f"package {key}".encode())
            artifacts = (store.put("manifest", f"manifest of {key}".encode()), *store.ingest(out))
            store.record(stored(key, *artifacts), store.begin(NO_TASK, key))
            disk.note("recorded", build / key)
    return disk.steps


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    return history(tmp_path_factory.mktemp("power") / "build")


def lay(build: Path, steps: list[Step], files: dict[Path, bytes]) -> None:
    """A machine after the cut: the files that are left, and the database, which syncs by itself."""
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    for path, data in files.items():
        # The old build directory is where `steps` say; the new one has the same names below it.
        relative = path.parts[path.parts.index("build") + 1 :]
        place = build.joinpath(*relative)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    for name, data in steps[-1].database.items():
        (build / name).write_bytes(data)


def check(build: Path, steps: list[Step]) -> None:
    """What was recorded before the cut is found, and all that is found is whole."""
    recorded = {step.path.name for step in steps if step.act == "recorded"}
    with closing(LocalStore(build)) as store:
        assert not store.replaced
        for key in KEYS:
            found = store.find(key, Isolation.FRESH)
            assert found is not None or key not in recorded, f"{key} is lost"
            for item in found.artifacts if found else ():
                assert digest_bytes(store.path(item).read_bytes()) == item.digest, f"{item} has other bytes"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_of_the_unsynced_is_left(tmp_path: Path, steps: list[Step], data: st.DataObject) -> None:
    end = data.draw(st.integers(min_value=1, max_value=len(steps)), label="the last step before the cut")
    choices = {"name": st.sampled_from(["lost", "kept"]), "content": st.sampled_from(["lost", "zero", "kept"])}
    files = after_power_cut(steps[:end], lambda what: data.draw(choices[what], label=what))
    lay(tmp_path / "build", steps[:end], files)
    check(tmp_path / "build", steps[:end])


@pytest.mark.parametrize("left", ["lost", "zero"])
def test_the_worst_case_at_each_step(tmp_path: Path, steps: list[Step], left: str) -> None:
    assert len(steps) > 30
    for end in range(1, len(steps) + 1):
        names = "lost" if left == "lost" else "kept"
        files = after_power_cut(steps[:end], lambda what, names=names: names if what == "name" else left)  # type: ignore[misc]
        lay(tmp_path / "build", steps[:end], files)
        check(tmp_path / "build", steps[:end])


@pytest.mark.parametrize("disk", [ForgetsFiles, ForgetsDirectories])
def test_a_sync_that_is_left_out_is_noticed(tmp_path: Path, disk: type[RecordingDisk]) -> None:
    steps = history(tmp_path / "first" / "build", disk)
    files = after_power_cut(steps, lambda what: {"name": "lost", "content": "zero"}[what])
    lay(tmp_path / "build", steps, files)
    with closing(LocalStore(tmp_path / "build")) as store:
        # The results are in the database, their files are not what they were: never trusted, no crash.
        assert store.latest(NO_TASK) is not None
        assert all(store.find(key, Isolation.FRESH) is None for key in KEYS)


def test_the_real_disk_syncs_what_it_is_told_to(tmp_path: Path) -> None:
    disk = Disk()
    disk.make_directory(tmp_path / "a" / "b")
    disk.write(tmp_path / "a" / "file", b"x")
    disk.sync(tmp_path / "a" / "file")
    disk.rename(tmp_path / "a" / "file", tmp_path / "a" / "b" / "file")
    disk.sync(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"
