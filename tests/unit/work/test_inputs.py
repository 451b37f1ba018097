"""The per-task view of built packages: what the build needs, and nothing beside it."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.model.action import RoomAction
from build_env.model.task import Place, Stage
from build_env.model.work import ResolvedInput, Work
from build_env.store.results import LocalStore
from build_env.work.inputs import layer_inputs, refuse_undeclared, room_inputs
from build_env.work.registry import kind_of
from tests.support.samples import named, room, task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from build_env.model.artifact import Artifact


def deb(control: str) -> bytes:
    """A real .deb archive with that control file and no content."""

    def archive(files: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return buffer.getvalue()

    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": archive({"./control": control.encode()}),
        "data.tar.gz": archive({}),
    }
    out = b"!<arch>\n"
    for name, data in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    made = LocalStore(tmp_path)
    yield made
    made.close()


def package(store: LocalStore, name: str, arch: str = "amd64", **fields: str) -> Artifact:
    lines = [f"Package: {name}", "Version: 1", f"Architecture: {arch}"]
    lines += [f"{field.replace('_', '-')}: {value}" for field, value in fields.items()]
    return store.put(f"{name}_1_{arch}.deb", deb("\n".join(lines) + "\n"))


def work(
    source: list[Artifact],
    packages: list[Artifact],
    stage: Stage = Stage.BUILD,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Work:
    inputs = (
        ResolvedInput(task=named("s"), place=Place.SOURCE, artifacts=tuple(source)),
        ResolvedInput(task=named("p"), place=Place.PACKAGES, artifacts=tuple(packages)),
    )
    action = RoomAction(room=room(**environment), declared=("greet",) if stage is Stage.BUILD else ())
    return Work(task=replace(task("greet", stage=stage), action=action), key="k", inputs=inputs)


def depends(store: LocalStore, text: str) -> Artifact:
    return store.put("build-depends.dsc", f"Source: build-depends\nBuild-Depends: {text}\n".encode())


def view(work: Work, store: LocalStore) -> list[str]:
    found = [entry.destination for entry in layer_inputs(work, store)]
    return [name.removeprefix("in/packages/") for name in found if name.startswith("in/packages/")]


def test_named_packages_and_what_they_need_are_there_others_are_not(store: LocalStore) -> None:
    offered = [
        package(store, "lib-dev", Depends="lib1 (= 1), libc6-dev"),
        package(store, "lib1", Pre_Depends="lib-data"),
        package(store, "lib-data"),
        package(store, "lib-tools", Depends="lib1"),
    ]
    found = view(work([depends(store, "debhelper-compat (= 13), lib-dev (>= 1) <!nocheck>")], offered), store)
    assert found == ["lib-dev_1_amd64.deb", "lib1_1_amd64.deb", "lib-data_1_amd64.deb"]


def test_provided_names_and_alternatives_count(store: LocalStore) -> None:
    offered = [
        package(store, "real", Provides="virtual (= 2), other"),
        package(store, "second"),
        package(store, "third"),
    ]
    assert view(work([depends(store, "virtual | second:native")], offered), store) == ["real_1_amd64.deb"]
    later = work([depends(store, "absent | second:native, third")], offered)
    assert [entry.destination for entry in layer_inputs(later, store)] == [
        "in/dependencies/build-depends.dsc",
        "in/alternatives/second_1_amd64.deb",
        "in/packages/third_1_amd64.deb",
    ]


def test_another_alternative_is_offered_where_ours_may_be_of_the_wrong_version(store: LocalStore) -> None:
    offered = [package(store, "second"), package(store, "third")]
    either = work([depends(store, "second (>= 99) | third")], offered)
    assert [entry.destination for entry in layer_inputs(either, store)] == [
        "in/dependencies/build-depends.dsc",
        "in/packages/second_1_amd64.deb",
        "in/alternatives/third_1_amd64.deb",
    ]


CROSSING = {"ARCH": "arm64", "BUILD_HOST_ARCH": "amd64"}


def short(names: list[str]) -> set[str]:
    return {name.replace("_1_", ":").removesuffix(".deb") for name in names}


def test_conditions_on_architecture_and_profile_count(store: LocalStore) -> None:
    source = [depends(store, "a [!amd64], b [linux-any], c <!nocheck>, d <cross>, e [any-amd64] <!cross !stage1>")]
    offered = [package(store, name) for name in "abcde"]
    assert short(view(work(source, offered), store)) == {"b:amd64", "c:amd64", "e:amd64"}
    offered = [package(store, name, "arm64") for name in "abcde"]
    assert short(view(work(source, offered, environment=CROSSING), store)) == {"a:arm64", "b:arm64", "d:arm64"}


def test_a_cross_build_takes_tools_of_the_build_machine_and_libraries_of_what_it_is_for(store: LocalStore) -> None:
    offered = [package(store, "script", "all", Depends="lib2", Multi_Arch="foreign")]
    for arch in ("amd64", "arm64"):
        offered += [
            package(store, "lib1", arch, Multi_Arch="same"),
            package(store, "lib-dev", arch, Depends="lib1", Multi_Arch="same"),
            package(store, "tool", arch, Depends="lib1, script", Multi_Arch="foreign"),
            package(store, "own", arch, Depends="lib2"),
            package(store, "lib2", arch),
        ]

    def found(text: str) -> set[str]:
        return short(view(work([depends(store, text)], offered, environment=CROSSING), store))

    assert found("lib-dev") == {"lib-dev:arm64", "lib1:arm64"}
    assert found("tool") == {"tool:amd64", "lib1:amd64", "script:all", "lib2:amd64"}
    assert found("tool, lib-dev") == found("tool") | found("lib-dev")
    assert found("own") == {"own:arm64", "lib2:arm64"}
    assert found("own:native") == {"own:amd64", "lib2:amd64"}


def test_packages_that_need_each_other_end(store: LocalStore) -> None:
    offered = [package(store, "a", Depends="b"), package(store, "b", Depends="a")]
    assert len(view(work([depends(store, "a")], offered), store)) == 2


def test_debug_symbols_are_never_installed(store: LocalStore) -> None:
    offered = [package(store, "a"), package(store, "a-dbgsym")]
    assert view(work([depends(store, "a, a-dbgsym")], offered), store) == ["a_1_amd64.deb"]


def test_all_is_offered_where_nothing_says_what_is_needed(store: LocalStore) -> None:
    offered = [package(store, "a"), package(store, "b")]
    assert len(view(work([], offered), store)) == 2
    broken = store.put("c_1_amd64.deb", b"no archive")
    assert len(view(work([depends(store, "a")], [*offered, broken]), store)) == 3


def test_rpms_of_the_closure_are_all_there_but_sources_and_debug_symbols(store: LocalStore) -> None:
    names = ["a-1.x86_64.rpm", "a-devel-1.x86_64.rpm", "a-debuginfo-1.x86_64.rpm", "a-1.src.rpm", "a.buildinfo"]
    offered = [store.put(name, name.encode()) for name in names]
    source = store.put("build-depends.spec", b"x")
    assert view(work([source], offered), store) == ["a-1.x86_64.rpm", "a-devel-1.x86_64.rpm"]


def test_only_builds_see_packages_all_see_earlier_artifacts(store: LocalStore) -> None:
    source = [depends(store, "a"), store.put("a.dsc", b"x")]
    names = {
        stage: [entry.destination for entry in room_inputs(work(source, [package(store, "a")], stage), store)]
        for stage in (Stage.BUILD, Stage.VERIFY)
    }
    assert names[Stage.VERIFY] == ["in/source/build-depends.dsc", "in/source/a.dsc"]
    assert names[Stage.BUILD] == [
        *names[Stage.VERIFY],
        "in/dependencies/build-depends.dsc",
        "in/packages/a_1_amd64.deb",
    ]


def may_install(work: Work, provided: Mapping[str, tuple[str, ...]], declared: tuple[str, ...]) -> Work:
    action = RoomAction(room=room(), provided=provided, declared=declared)
    return replace(work, task=replace(work.task, action=action))


def refused(work: Work, store: LocalStore) -> None:
    refuse_undeclared(work.task, work.inputs, store)


def test_a_need_that_only_the_source_names_is_refused_with_the_line_to_add(store: LocalStore) -> None:
    plain = work([depends(store, "lib-dev, other")], [])
    refused(plain, store)
    provided = {"lib-dev": ("lib",), "greet": ("greet",)}
    declared = may_install(plain, provided, ("greet", "lib"))
    refused(declared, store)
    both = {"lib-dev": ("lib", "greet")}
    blocked = may_install(plain, both, ("greet",))
    with pytest.raises(InputError, match="needs lib-dev, which lib builds") as caught:
        refused(blocked, store)
    assert caught.value.hint == "add the line `requires: [lib]`"
    assert str(caught.value.location) == "src/greet/definition.yaml"


def test_the_last_set_that_was_asked_for_counts(store: LocalStore) -> None:
    offered = [package(store, "a"), package(store, "b")]
    both = work([depends(store, "a"), depends(store, "a, b")], offered)
    assert view(both, store) == ["a_1_amd64.deb", "b_1_amd64.deb"]
    destinations = [entry.destination for entry in room_inputs(both, store)]
    assert len(destinations) == len(set(destinations))


@pytest.mark.parametrize("name", ["build-depends.dsc", "build-depends.spec"])
def test_the_key_of_a_layer_covers_the_set_of_build_dependencies(store: LocalStore, name: str) -> None:
    assert kind_of("layer").counts(Place.SOURCE, name)
    assert not kind_of("layer").counts(Place.SOURCE, "greet-1.src.rpm")


@pytest.mark.parametrize("stage", ["layer", "build"])
def test_what_is_refused_is_refused_before_a_result_is_looked_for(store: LocalStore, stage: str) -> None:
    """The key is asked of the kind for hits, too: green here and red elsewhere must not be."""
    blocked = may_install(work([depends(store, "lib-dev")], []), {"lib-dev": ("lib",)}, ("greet",))
    with pytest.raises(InputError, match="needs lib-dev, which lib builds"):
        kind_of(stage).inputs(blocked.task, blocked.inputs, store)
