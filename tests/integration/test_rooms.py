"""Rooms from the first to the last: fresh ones go, failed ones and reused ones stay, layers are made once."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import docker
import pytest

from tests.support.tiny import SCRIPT, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

FAILING = SCRIPT.replace("--build) ", '--build) echo trace >"$BUILD_WORK/trace"; exit 3; ')
# Leaves behind what only a kept room could still have later, and shows what is there.
TRACING = SCRIPT.replace(
    "set -eu\n",
    """set -eu
for place in /tmp /var/tmp /dev/shm; do
    find $place -mindepth 1 -user "$(id -u)" -printf 'trace %p\\n'
    mkdir $place/left && echo x >$place/left/behind
done
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o 'sleep 9[0-9][0-9]*' | sed 's/^/trace /' || :
setsid sleep 9$$ >/dev/null 2>&1 &
sleep 9$$ &
""",
)
LAYERED = """

def run_build(env: Env, package: Package) -> None:
    env.use("common/install")
    env.install(ImageKind.BUILD, "common/install/install.sh", f"--arch={env.arch}")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
INSTALLS = """\
#!/bin/sh
set -eu
echo "uid $(id -u)" >>/opt/installed
echo "installing, reinstall $BUILD_REINSTALL"
"""
SHOWS = SCRIPT.replace("--build) ", '--build) echo "installed: $(wc -l </opt/installed)"; ')


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path) as tiny:
        yield tiny


def test_fresh_rooms_are_removed_and_share_nothing(project: Tiny) -> None:
    project.package("one", TRACING)
    project.build().expect(0, "done    4 tasks")
    assert "trace" not in project.log("one", "build", "amd64") + project.log("one", "verify", "amd64")
    assert project.containers() == []
    assert project.leftovers() == []


def test_the_last_three_failed_rooms_are_kept_as_they_were(project: Tiny) -> None:
    for number in range(5):
        project.package(f"bad{number}", FAILING)
    project.build("--keep-going").expect(1, "failed  5 tasks failed", "exit status 3")
    kept = project.containers(role="room")
    assert len(kept) == 3
    assert all("-failed-" in item.name for item in kept)
    chunks, _ = kept[0].get_archive("/build/work/trace")
    assert b"trace" in b"".join(chunks)
    assert project.leftovers(failed=3) == []


def test_failed_rooms_survive_the_next_run(project: Tiny) -> None:
    project.package("bad", FAILING)
    project.package("good")
    project.build("bad").expect(1)
    (kept,) = project.containers()
    project.build("good").expect(0)
    assert [item.id for item in project.containers()] == [kept.id]


def test_a_kept_room_is_entered_again(project: Tiny) -> None:
    project.package("one", TRACING)
    project.build("--container").expect(0)
    for item in project.containers(role="kept-room"):
        host = item.attrs["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert not {"CAP_NET_RAW", "CAP_MKNOD", "CAP_SYS_CHROOT"} & {*host["CapAdd"]}
    first = {item.id for item in project.containers(role="kept-room")}
    project.write("src/one/changed", "")
    project.build("--container").expect(0, "done    3 tasks")
    assert {item.id for item in project.containers(role="kept-room")} == first
    project.write("src/one/changed", "again")
    project.build("--container=clean").expect(0)
    assert not first & {item.id for item in project.containers(role="kept-room")}


def test_nothing_that_an_earlier_task_left_is_in_a_kept_room(project: Tiny) -> None:
    project.package("one", TRACING)
    project.build("--container").expect(0, "done    4 tasks")
    assert "trace" not in "".join(project.log("one", *stage) for stage in (("build", "amd64"), ("verify", "amd64")))


def test_a_stopped_kept_room_is_started(project: Tiny) -> None:
    project.package("one")
    project.build("--container").expect(0)
    for item in project.containers(role="kept-room"):
        item.kill()
    project.write("src/one/changed", "")
    project.build("--container").expect(0, "done    3 tasks")


def test_files_of_an_earlier_task_are_gone_from_a_kept_room(project: Tiny) -> None:
    leaving = SCRIPT.replace("--build) ", '--build) touch "$BUILD_WORK/.left" "$BUILD_WORK/left" "$BUILD_OUT/.x.deb"; ')
    listing = leaving.replace("esac", '--verify) echo "here: $(ls -A /build/work /build/out | tr "\\n" " ")" ;;\nesac')
    project.package("one", listing)
    project.build("--container").expect(0)
    assert "here: /build/out: /build/work: " in re.sub(r"\s+", " ", project.log("one", "verify", "amd64"))


def test_a_reused_result_is_of_a_lower_rank(project: Tiny) -> None:
    project.package("one")
    project.build("--container").expect(0)
    project.build("--container").expect(0, "nothing to do")
    project.build().expect(0, "done    3 tasks")
    project.write("src/one/changed", "")
    project.build().expect(0, "done    3 tasks")
    project.build("--container").expect(0, "nothing to do")


def test_a_room_for_itself_where_a_command_asks_for_it(project: Tiny) -> None:
    project.package("one", TRACING)
    project.configure(_TEMPORARY)
    project.build("--container", "--jobs", "1").expect(0)
    assert "trace of" not in project.log("one", "build", "amd64")
    assert "trace of --source" not in project.log("one", "source")


_TEMPORARY = """

def run_build(env: Env, package: Package) -> None:
    env.docker_image_run("build", env.path_package_script(package), "--build")
"""


def test_equal_sets_of_two_packages_make_one_layer(project: Tiny) -> None:
    for name in ("one", "two", "three"):
        project.package(name, SHOWS)
    project.write("common/install/install.sh", INSTALLS, mode=0o755)
    project.configure(LAYERED)
    project.build("--jobs", "3").expect(0)
    names = ("one", "two", "three")
    made = [name for name in names if (project.root / f"build/logs/tiny-1/{name}.amd64.layer.log").exists()]
    assert len(made) == 1
    assert all("installed: 1" in project.log(name, "build", "amd64") for name in names)
    assert len(project.images("/layer:")) == 1


def test_a_changed_set_makes_another_layer(project: Tiny) -> None:
    project.package("one", SHOWS)
    project.write("common/install/install.sh", INSTALLS, mode=0o755)
    project.configure(LAYERED)
    project.build().expect(0)
    project.write("common/install/install.sh", INSTALLS + "# changed\n", mode=0o755)
    project.build().expect(0)
    assert "installing, reinstall 0" in project.log("one", "layer", "amd64")
    assert "installed: 1" in project.log("one", "build", "amd64")
    assert len(project.images("/layer:")) == 2


def test_a_layer_holds_nothing_of_the_task_that_made_it(project: Tiny) -> None:
    project.package("one", SHOWS)
    project.write("common/install/install.sh", INSTALLS, mode=0o755)
    project.configure(LAYERED)
    project.build().expect(0)
    (name,) = project.images("/layer:")
    connection = docker.from_env()
    try:
        image = connection.images.get(name)
        assert not [word for word in image.attrs["Config"]["Env"] if word.startswith("BUILD_")]
        find = ["sh", "-c", "find / -xdev -newer /etc/debian_version -type f; ls -A /build 2>/dev/null || :"]
        entries = connection.containers.run(image, find, remove=True, network_mode="none").decode().split()
    finally:
        connection.close()
    assert "/opt/installed" in entries
    assert not [entry for entry in entries if "build" in entry or "install.sh" in entry]


COUNTS = SCRIPT.replace(
    "--build) ",
    '--build) count=${CCACHE_DIR:-$BUILD_WORK}/count; echo one >>"$count"; echo "built: $(wc -l <"$count")"; ',
)


@pytest.mark.parametrize(
    ("caches", "counts"), [("", [1, 1, 1]), ('ccache = "own"', [1, 2, 1]), ('ccache = "shared"', [1, 2, 3])]
)
def test_a_cache_is_of_its_package_and_stays_for_it_if_both_say_so(
    project: Tiny, caches: str, counts: list[int]
) -> None:
    project.write(".build-env/settings.toml", f"[room_caches]\n{caches}\n")
    asking = "room: {caches: [ccache]}\n"
    project.package("one", COUNTS, definition=asking)
    said = [counted(project, "one")]
    project.write("src/one/changed", "")
    said.append(counted(project, "one"))
    project.package("two", COUNTS, definition=asking)
    said.append(counted(project, "two"))
    assert said == counts
    project.build("--build", "--container", "two").expect(0)
    project.write(".build-env/settings.toml", "")
    project.build("--build", "one").expect(0, "to date")


def counted(project: Tiny, name: str) -> int:
    """How often the room's cache has seen a build, this one included."""
    project.build("--build", name).expect(0)
    return int(project.log(name, "build", "amd64").partition("built: ")[2].split()[0])


def test_a_kept_room_installs_again_what_changed(project: Tiny) -> None:
    project.package("one", SHOWS)
    project.write("common/install/install.sh", INSTALLS, mode=0o755)
    project.configure(LAYERED)
    project.build("--container").expect(0)
    assert "installing, reinstall 1" in project.log("one", "layer", "amd64")
    project.write("src/one/changed", "")
    project.build("--container").expect(0)
    assert "installing" not in project.log("one", "build", "amd64")
    project.write("common/install/install.sh", INSTALLS + "# changed\n", mode=0o755)
    project.build("--container").expect(0)
    assert "installing, reinstall 1" in project.log("one", "layer", "amd64")
    assert "installed: 2" in project.log("one", "build", "amd64")


def test_native_rooms_have_the_same_variables(project: Tiny) -> None:
    project.package(
        "one", SCRIPT.replace("set -eu\n", "set -eu\nenv | grep -E '^(ARCH|BUILD_|LC_ALL|TZ|SOURCE)' | sort\n")
    )
    project.configure("\n\ndef env_match_current(host: object) -> bool:\n    return True\n")
    project.build().expect(0)
    fresh = variables(project.log("one", "build", "amd64"))
    project.write("src/one/changed", "")
    project.build("--engine", "native", environment={"BUILD_FOREIGN": "1"}).expect(0)
    native = variables(project.log("one", "build", "amd64"))
    assert native.keys() == fresh.keys()
    root = native["BUILD_ROOT"]
    assert {name: value.replace(root, "/build") for name, value in native.items()} == fresh
    assert not os.path.exists(root)  # noqa: PTH110 - a name out of a log


def test_results_of_every_size_and_kind_arrive_whole(project: Tiny) -> None:
    """Small results come through the room's own output, large ones through the engine; both must be complete."""
    writing = """--build) cd "$BUILD_OUT"; mkdir deep; echo text >deep/one.deb; ln deep/one.deb two.deb
        head -c SIZE /dev/urandom >big.deb; sha256sum big.deb; printf 'no end of line' ;;"""
    for name, size in (("small", "100"), ("large", "3000000")):
        project.package(name, re.sub(r"--build\).*;;", writing.replace("SIZE", size).replace("\\", r"\\"), SCRIPT))
    for words in ((), ("--container",)):
        project.write("src/small/changed", str(words))
        project.write("src/large/changed", str(words))
        project.build(*words).expect(0)
        for name in ("small", "large"):
            log = project.log(name, "build", "amd64")
            digest = re.search(r"^([0-9a-f]{64})", log, re.MULTILINE)
            assert digest
            assert (project.root / "build/store/objects" / digest[1][:2] / digest[1]).is_file()
            assert log.endswith("no end of line\n")
            assert "build-env-results" not in log
            assert stored(project) >= {"big.deb", "two.deb", "deep/one.deb"}


def stored(project: Tiny) -> set[str]:
    """Names of all stored artifacts."""
    import json  # noqa: PLC0415
    import sqlite3  # noqa: PLC0415

    database = sqlite3.connect(project.root / "build/store.db")
    try:
        rows = database.execute("SELECT artifacts FROM result").fetchall()
    finally:
        database.close()
    return {item["name"] for (text,) in rows for item in json.loads(text)}


def variables(log: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in log.splitlines() if "=" in line)


def test_a_checkout_without_results_takes_the_image_that_is_there(project: Tiny) -> None:
    project.package("one")
    project.build().expect(0)
    before = project.images()
    shutil.rmtree(project.root / "build")
    project.build().expect(0, " tasks in ")
    assert "is there" in (project.root / "build/logs/tiny-1/tiny-1.image.log").read_text(encoding="utf-8")
    assert project.images() == before
    project.build("--recreate").expect(0)
    assert "is there" not in (project.root / "build/logs/tiny-1/tiny-1.image.log").read_text(encoding="utf-8")


def test_an_image_without_the_programs_for_filling_a_room_gives_the_same(project: Tiny) -> None:
    """Such a room is filled by the engine; it must look the same, and one without `setpriv` and `gzip` must work."""
    shows = SCRIPT.replace(
        "set -eu\n", "set -eu\nid; grep ^Cap /proc/self/status; env | sort; ls -lnR --time-style=+ /build\n"
    )
    project.package("one", shows)
    project.build().expect(0)
    first = project.log("one", "build", "amd64")
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\nRUN rm /usr/bin/setpriv /usr/bin/gzip\n")
    project.build().expect(0)
    assert project.log("one", "build", "amd64") == first
    assert project.leftovers() == []


def test_a_program_that_ends_as_one_that_is_not_there(project: Tiny) -> None:
    """127 is also how a room that cannot be filled from inside ends; this one ran, so it is not run again."""
    project.package("one", SCRIPT.replace("--build) ", "--build) echo once; exit 127; "))
    project.build().expect(1, "exit status 127")
    assert project.log("one", "build", "amd64").count("once") == 1
    assert project.leftovers(failed=1) == []


def test_the_output_can_be_opened_by_its_name(project: Tiny) -> None:
    project.package("one", SCRIPT.replace("--build) ", "--build) echo out >/dev/stdout; echo err >/dev/stderr; "))
    project.build().expect(0)
    project.write("src/one/changed", "")
    assert project.log("one", "build", "amd64").splitlines() == ["out", "err"]
