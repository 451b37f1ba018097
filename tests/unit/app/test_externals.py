"""The project's own externals, as far as they need no room: schemas, embedding, tables, reading solvers' answers."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from build_env.app.externals.depsolve import read_apt, read_dnf
from build_env.app.externals.program import Answer, Context
from build_env.app.externals.runner import OWN, ProjectRunner
from build_env.manifest.externals import ExternalError, ProgramRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

MIB = 1 << 20
SHA = "a" * 64
DIGEST = hashlib.sha256(b"\x00\xff").hexdigest()


@dataclass
class Rooms:
    """Answers as told, and remembers what it was asked."""

    answer: Answer = field(default_factory=lambda: Answer(status=0, output="[]", standard_error=""))
    asked: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def run(self, target: str, architecture: str, argv: Sequence[str]) -> Answer:
        self.asked.append((target, architecture, list(argv)))
        return self.answer


def run(name: str, tree: object, *, directory: Path = Path("/"), rooms: Rooms | None = None, **more: str) -> Any:  # noqa: ANN401 - JSON data
    context = Context(directory=directory, rooms=rooms or Rooms(), **more)
    programs = ProgramRunner(search=(directory / "programs",), environment={"PATH": "/usr/bin:/bin"})
    return ProjectRunner(programs=programs, context=context).run(name, tree)


def fault(name: str, tree: object, **more: Any) -> str:  # noqa: ANN401 - as `run`
    with pytest.raises(ExternalError) as caught:
        run(name, tree, **more)
    return str(caught.value)


class TestRunner:
    def test_a_program_of_the_machine_goes_first(self, tmp_path: Path) -> None:
        path = tmp_path / "programs" / "osbuild.embed-file"
        path.parent.mkdir()
        path.write_text("#!/bin/sh\ncat\n")
        path.chmod(0o755)
        assert run("osbuild.embed-file", {"text": "x"}, directory=tmp_path) == {"text": "x"}

    def test_what_nobody_has_is_compared_with_the_projects_own(self) -> None:
        assert "(did you mean osbuild.partition?)" in fault("osbuild.partitions", {})

    @pytest.mark.parametrize("name", sorted(OWN))
    @pytest.mark.parametrize("tree", [None, [], "x", 1, {"nonsense": 1}], ids=["null", "list", "text", "number", "map"])
    def test_each_checks_its_arguments(self, name: str, tree: object) -> None:
        assert fault(name, tree).startswith(f"{name} cannot use its arguments" if name else "")


class TestSchema:
    def test_all_faults_are_told_at_once(self) -> None:
        fields = ("label", "size", "alignment", "sector-size", "uuid", "partitions")
        tree = {"labl": "gpt", "size": "8 apples", "partitions": [{"size": 1.5, "bootable": "yes"}, 7]}
        assert fault("osbuild.partition", tree).splitlines()[1:] == [
            f"  labl: there is no such field (did you mean label?); fields: {', '.join(fields)}",
            "  size: '8 apples' is not a size with its unit, such as 512M or 8G, or a whole number of bytes",
            "  partitions[0].type: is missing: a name such as linux, or the identifier",
            "  partitions[0].size: 1.5 is not a size with its unit, such as 512M or 8G, or a whole number of bytes",
            "  partitions[0].bootable: true or false is expected, not text",
            "  partitions[1]: a map is expected, not a number",
        ]

    def test_words_that_are_not_known(self) -> None:
        text = fault("osbuild.partition", {"label": "gtp", "partitions": []})
        assert "label: 'gtp' is not known (did you mean gpt?); known: gpt, dos" in text
        assert "partitions: at least 1 is needed" in text


class TestEmbed:
    def test_a_text(self) -> None:
        identifier = f"sha256:{hashlib.sha256('grüße'.encode()).hexdigest()}"
        data = base64.b64encode("grüße".encode()).decode()
        assert run("osbuild.embed-file", {"text": "grüße"}) == {
            "id": identifier,
            "mode": "0644",
            "size": 7,
            "source": {"org.osbuild.inline": {"items": {identifier: {"encoding": "base64", "data": data}}}},
        }

    @pytest.mark.parametrize(("bits", "mode"), [(0o600, "0644"), (0o764, "0755")])
    def test_a_file_and_its_mode(self, tmp_path: Path, bits: int, mode: str) -> None:
        (tmp_path / "data").write_bytes(b"\x00\xff")
        (tmp_path / "data").chmod(bits)
        found = run("osbuild.embed-file", {"path": "data"}, directory=tmp_path)
        assert (found["mode"], found["size"]) == (mode, 2)
        assert found["id"] == f"sha256:{DIGEST}"

    def test_the_mode_that_is_given(self) -> None:
        assert run("osbuild.embed-file", {"text": "", "mode": "600"})["mode"] == "600"
        assert "mode: a mode such as '0644', in quotes is expected" in fault(
            "osbuild.embed-file", {"text": "", "mode": 420}
        )

    @pytest.mark.parametrize("tree", [{}, {"path": "a", "text": "b"}])
    def test_one_of_both(self, tree: object) -> None:
        assert "give either path or text" in fault("osbuild.embed-file", tree)

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for name, words in (
            ("none", "No such file"),
            (".", "Is a directory"),
            ("pipe", "is no file"),
            ("a\0b", "null"),
        ):
            assert words in fault("osbuild.embed-file", {"path": name}, directory=tmp_path)

    def test_what_is_too_large(self, tmp_path: Path) -> None:
        with (tmp_path / "large").open("wb") as file:
            file.truncate(17 * MIB)
        assert "larger than 16 MiB" in fault("osbuild.embed-file", {"path": "large"}, directory=tmp_path)


class TestPartition:
    def test_offsets_are_aligned_and_the_last_takes_the_rest(self) -> None:
        rows = [{"type": "bios-boot", "size": MIB}, {"type": "esp", "size": "100M"}, {"type": "linux"}]
        found = run("osbuild.partition", {"size": "1G", "partitions": rows})
        assert [row["start"] for row in found["partitions"]] == [2048, 4096, 4096 + 204800]
        last = found["partitions"][-1]
        assert last["start"] + last["size"] == 1024 * 2048 - 2048  # the second table is at the end

    def test_without_a_size_the_disk_is_as_small_as_it_can_be(self) -> None:
        row = {"type": "linux", "size": 3 * MIB + 1}
        assert run("osbuild.partition", {"partitions": [row]})["bytes"] == 5 * MIB
        assert run("osbuild.partition", {"label": "dos", "partitions": [row]})["bytes"] == 5 * MIB
        assert run("osbuild.partition", {"label": "dos", "partitions": [{**row, "size": MIB}]})["bytes"] == 2 * MIB

    def test_the_same_arguments_give_the_same_identifiers(self) -> None:
        tree = {"partitions": [{"type": "linux", "size": MIB}, {"type": "linux", "size": MIB}]}
        first, again = run("osbuild.partition", tree), run("osbuild.partition", tree)
        other = run("osbuild.partition", {**tree, "alignment": 4096})
        assert first == again
        assert first["uuid"] != other["uuid"]
        assert len({row["uuid"] for row in first["partitions"]}) == 2

    @pytest.mark.parametrize(
        ("tree", "words"),
        [
            ({"partitions": [{"type": "linux"}]}, "partitions[0].size: is missing"),
            ({"size": "9M", "partitions": [{"type": "linux"}, {"type": "esp"}]}, "partitions[0].size: is missing"),
            ({"size": "2M", "partitions": [{"type": "linux", "size": "1M"}]}, "there is no room for 1048576"),
            ({"size": 4096, "partitions": [{"type": "linux"}]}, "there is no room for anything"),
            ({"partitions": [{"type": "linux", "size": 1, "start": 512}]}, "start: 512 lies in the table"),
            (
                {"partitions": [{"type": "linux", "size": "1M"}, {"type": "esp", "size": 1, "start": MIB}]},
                "lies in partitions[0], which ends at 2097152",
            ),
            ({"partitions": [{"type": "linux", "size": 1, "start": MIB + 1}]}, "no multiple of the sector size"),
            ({"alignment": 1000, "partitions": [{"type": "linux", "size": 1}]}, "alignment: 1000 is no multiple"),
            ({"partitions": [{"type": "83", "size": 1}]}, "type: '83' is not known"),
            ({"label": "dos", "partitions": [{"type": "xbootldr", "size": 1}]}, "type: 'xbootldr' is not known"),
            ({"label": "dos", "partitions": [{"type": "83", "size": 1}] * 5}, "5 are too many for dos"),
            ({"partitions": [{"type": "linux", "size": 1}] * 129}, "129 are too many"),
            ({"label": "dos", "partitions": [{"type": "83", "size": 1, "name": "a"}]}, "name: only gpt has it"),
            ({"partitions": [{"type": "linux", "size": 1, "name": 'a"b'}]}, "is not a name of at most 36 signs"),
        ],
    )
    def test_tables_that_cannot_be(self, tree: object, words: str) -> None:
        assert words in fault("osbuild.partition", tree)


class TestDepsolve:
    def test_the_room_is_that_of_the_tree_else_of_the_variables(self) -> None:
        rooms = Rooms()
        tree = {"include": ["bash"], "exclude": ["vim"]}
        run("osbuild.depsolve-dnf4", tree, rooms=rooms, target="rocky/9", architecture="arm64")
        run("osbuild.depsolve-dnf4", {**tree, "target": "centos/8", "arch": "amd64"}, rooms=rooms, target="rocky/9")
        assert [asked[:2] for asked in rooms.asked] == [("rocky/9", "arm64"), ("centos/8", "amd64")]
        assert rooms.asked[0][2][-3:] == ["false", "+bash", "-vim"]

    def test_without_a_target(self) -> None:
        assert "no target is named" in fault("build-env.depsolve-apt", {"include": ["bash"]})
        assert "no arch is named" in fault("build-env.depsolve-apt", {"include": ["bash"]}, target="debian/12")

    @pytest.mark.parametrize(
        ("name", "solver"),
        [
            ("build-env.depsolve-apt", "no apt"),
            ("osbuild.depsolve-dnf4", "no dnf 4"),
            ("osbuild.depsolve-dnf5", "dnf 5"),
        ],
    )
    def test_a_room_without_the_solver(self, name: str, solver: str) -> None:
        rooms = Rooms(answer=Answer(status=3, output="", standard_error=""))
        text = fault(name, {"include": ["bash"]}, rooms=rooms, target="a/1", architecture="amd64")
        assert "the image of a/1 amd64 has no" in text
        assert solver in text

    @pytest.mark.parametrize(("status", "how"), [(1, "cannot be had together"), (124, "took too long")])
    def test_a_failure_shows_what_the_solver_said(self, status: int, how: str) -> None:
        rooms = Rooms(answer=Answer(status=status, output="", standard_error="one\n\ntwo\n"))
        lines = fault(
            "osbuild.depsolve-dnf4", {"include": ["a"]}, rooms=rooms, target="a/1", architecture="amd64"
        ).splitlines()
        assert how in lines[0]
        assert lines[1:] == ["  | one", "  | two"]

    @pytest.mark.parametrize("name", ["-o", "a b", "a;b", "?essential", "A", ""])
    def test_names_are_no_options_of_apt(self, name: str) -> None:
        assert "is not a package as apt takes it" in fault("build-env.depsolve-apt", {"include": [name]})

    def test_packages_are_sorted(self) -> None:
        lines = [f"'http://x/{name}' {name}_1_all.deb 3 SHA256:{SHA}" for name in ("b", "a")]
        rooms = Rooms(answer=Answer(status=0, output="\n".join(lines), standard_error=""))
        tree = {"include": ["b"], "target": "a/1", "arch": "amd64"}
        assert [item["name"] for item in run("build-env.depsolve-apt", tree, rooms=rooms)["packages"]] == ["a", "b"]

    def test_answers_of_apt(self) -> None:
        assert read_apt(f"'http://h/x%2b.deb' lib+x_1%3a2.3~rc1+b1-4_amd64.deb 12 SHA256:{SHA}\n") == [
            {"name": "lib+x", "version": "1:2.3~rc1+b1-4", "arch": "amd64", "checksum": f"sha256:{SHA}"}
        ]
        assert read_apt("Reading package lists...\n") == []
        for line in ("'nothing'", "'http://h/x' a_1_all.deb 3 MD5Sum:abc", "'http://h/x' a_1_all.deb 3"):
            with pytest.raises(ExternalError, match="no package with a SHA256"):
                read_apt(line)

    def test_answers_of_dnf(self) -> None:
        row = f'{{"name": "a", "version": "1-2", "arch": "noarch", "checksum": "sha256:{SHA}"}}'
        assert read_dnf(f"a plug-in speaks\n[{row}]\n")[0]["version"] == "1-2"
        for text in ("", "[1]", '[{"name": "a"}]', "{}x"):
            with pytest.raises(ExternalError, match="no list of packages"):
                read_dnf(text)
