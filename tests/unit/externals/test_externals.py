"""The project's own externals, as far as they need no room: schemas, embedding, tables, reading solvers' answers."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from build_env.externals.depsolve import read_apt, read_dnf
from build_env.externals.executables import ProgramRunner
from build_env.externals.program import Answer, Context
from build_env.externals.runner import OWN, ProjectRunner
from build_env.inspect.externals import open_runner
from build_env.manifest.compile import CompileOptions, compile_manifest
from build_env.manifest.externals import ExternalError

if TYPE_CHECKING:
    from collections.abc import Sequence

MIB = 1 << 20
SHA = "a" * 64
UUID, OTHER = "0d6d5b0a-0001-5b3b-9f1c-0d6d5b0a7c11", "0d6d5b0a-0002-5b3b-9f1c-0d6d5b0a7c11"
DIGEST = hashlib.sha256(b"\x00\xff").hexdigest()


@dataclass
class Rooms:
    """Answers as told, and remembers what it was asked."""

    answer: Answer = field(default_factory=lambda: Answer(status=0, output="[]", standard_error=""))
    asked: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def run(self, target: str, architecture: str, argv: Sequence[str]) -> Answer:
        self.asked.append((target, architecture, list(argv)))
        return self.answer


def runner(directory: Path, *, rooms: Rooms | None = None, **more: Any) -> ProjectRunner:  # noqa: ANN401 - fields
    context = Context(**{"directory": directory, "rooms": rooms or Rooms(), "tell": lambda _: None, **more})
    programs = ProgramRunner(search=(directory / "programs",), environment={"PATH": "/usr/bin:/bin"})
    return ProjectRunner(programs=programs, context=context)


def run(name: str, tree: object, *, directory: Path = Path("/"), **more: Any) -> Any:  # noqa: ANN401 - JSON data
    return runner(directory, **more).run(name, tree)


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

    def test_what_a_program_of_the_machine_says_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "a.b"
        path.write_text("#!/bin/sh\necho old index >&2; cat\n")
        path.chmod(0o755)
        monkeypatch.setenv("OTK_EXTERNAL_PATH", str(tmp_path))
        told: list[str] = []
        open_runner(directory=tmp_path, root=None, tell=told.append).run("a.b", {})
        assert told == ["a.b: old index"]

    def test_what_nobody_has_is_compared_with_the_projects_own(self) -> None:
        assert "(did you mean osbuild.partition?)" in fault("osbuild.partitions", {})

    @pytest.mark.parametrize("name", sorted(OWN))
    @pytest.mark.parametrize("tree", [None, [], "x", 1, {"nonsense": 1}], ids=["null", "list", "text", "number", "map"])
    def test_each_checks_its_arguments(self, name: str, tree: object) -> None:
        assert fault(name, tree).startswith(f"{name} cannot use its arguments" if name else "")


class TestDollars:
    """An answer is resolved again: what comes out of the compile is what the program returned."""

    @staticmethod
    def compiled(text: str) -> Any:  # noqa: ANN401 - JSON data
        return compile_manifest("m.yaml", text, CompileOptions(target="osbuild", externals=runner(Path("/")))).tree

    def test_a_dollar_sign_comes_through(self) -> None:
        found = self.compiled(
            "otk.version: 1\n"
            "otk.target.osbuild:\n"
            "  table:\n"
            "    otk.external.osbuild.partition:\n"
            '      partitions: [{type: linux, size: 1M, name: "cost $$x $${y} 5$"}]\n'
        )
        assert found["table"]["partitions"][0]["name"] == "cost $x ${y} 5$"
        assert 'name="cost $x ${y} 5$"' in found["table"]["script"]

    def test_an_answer_writes_it_twice(self) -> None:
        tree = {"partitions": [{"type": "linux", "size": 512, "name": "$"}]}
        assert run("osbuild.partition", tree)["partitions"][0]["name"] == "$$"


class TestSchema:
    @pytest.mark.parametrize(
        ("size", "words"),
        [
            (True, "true is not a size"),
            (None, "nothing is not a size"),
            ({}, "a map is not a size"),
            ("1000" * 100, f"size: '{'1000' * 19}100… is not a size"),
        ],
    )
    def test_values_are_named_as_people_do(self, size: object, words: str) -> None:
        assert words in fault("osbuild.partition", {"size": size, "partitions": []})

    @pytest.mark.parametrize("value", [None, True, False])
    def test_so_are_kinds(self, value: object) -> None:
        shown = "nothing" if value is None else str(value).lower()
        assert f"path: a path is expected, not {shown}" in fault("osbuild.embed-file", {"path": value})

    def test_half_of_a_surrogate_pair_is_no_text(self) -> None:
        assert "text: 'a\\ud800' is no text" in fault("osbuild.embed-file", {"text": "a\ud800"})

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
    @pytest.mark.parametrize(("size", "sectors"), [("1 MB", 1954), ("1M", 2048), ("1MiB", 2048), ("3kB", 6)])
    def test_decimal_and_binary_units(self, size: str, sectors: int) -> None:
        found = run("osbuild.partition", {"partitions": [{"type": "linux", "size": size}]})
        assert found["partitions"][0]["size"] == sectors

    @pytest.mark.parametrize("size", [4096, "4096"], ids=["number", "text"])
    def test_the_size_of_a_sector_is_a_number(self, size: object) -> None:
        row = {"type": "linux", "size": MIB, "start": 2 * MIB}
        found = run("osbuild.partition", {"sector-size": size, "partitions": [row]})
        assert found["sector-size"] == 4096
        assert (found["partitions"][0]["start"], found["partitions"][0]["size"]) == (512, 256)

    @pytest.mark.parametrize(("size", "shown"), [(1000, "1000"), ("1k", "'1k'"), (True, "true"), (512.0, "512.0")])
    def test_other_sizes_of_a_sector(self, size: object, shown: str) -> None:
        text = fault("osbuild.partition", {"sector-size": size, "partitions": []})
        assert f"sector-size: 512 or 4096 is expected, not {shown}" in text

    def test_dos_reaches_two_tebibytes(self) -> None:
        most = ((1 << 32) - 1) * 512
        rows = [{"type": "linux", "size": MIB}]
        assert run("osbuild.partition", {"label": "dos", "size": most, "partitions": rows})["bytes"] == most
        for tree in ({"size": "2T", "partitions": rows}, {"partitions": [{"type": "linux", "size": "2T"}]}):
            text = fault("osbuild.partition", {"label": "dos", **tree})
            assert f"dos with sectors of 512 reaches {most}; label: gpt reaches further" in text
            assert run("osbuild.partition", {"label": "dos", "sector-size": 4096, **tree})

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
            (
                {"alignment": 1000, "partitions": [{"type": "linux", "size": 1}]},
                "alignment: 1000 is no multiple of the sector size 512; 1024 is",
            ),
            ({"size": "10 MB", "partitions": [{"type": "linux"}]}, "no multiple of the sector size 512; 10000384 is"),
            ({"size": 1 << 63, "partitions": [{"type": "linux"}]}, "gpt with sectors of 512 reaches"),
            (
                {"partitions": [{"type": "linux", "size": 1, "uuid": uuid} for uuid in (UUID, OTHER, UUID.upper())]},
                "partitions[2].uuid: partitions[0] has the same",
            ),
            (
                {"uuid": "0x12345678", "partitions": [{"type": "linux", "size": 1}]},
                "is not for gpt, which takes a UUID",
            ),
            (
                {"label": "dos", "uuid": UUID, "partitions": [{"type": "linux", "size": 1}]},
                "is not for dos, which takes 0x and eight hexadecimal digits",
            ),
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
            ("build-env.depsolve-apt", "apt: name a target of Debian or Ubuntu"),
            ("osbuild.depsolve-dnf4", "dnf 4: install python3-dnf in it"),
            ("osbuild.depsolve-dnf5", "dnf 5: install python3-libdnf5 in it (Debian has no such package)"),
        ],
    )
    def test_a_room_without_the_solver(self, name: str, solver: str) -> None:
        rooms = Rooms(answer=Answer(status=3, output="", standard_error=""))
        text = fault(name, {"include": ["bash"]}, rooms=rooms, target="a/1", architecture="amd64")
        assert text.startswith(f"{name}: the image of a/1 amd64 has no {solver}")

    @pytest.mark.parametrize(("status", "how"), [(1, "cannot be had together"), (124, "took too long")])
    def test_a_failure_shows_what_the_solver_said(self, status: int, how: str) -> None:
        rooms = Rooms(answer=Answer(status=status, output="", standard_error="one\n\ntwo\n"))
        lines = fault(
            "osbuild.depsolve-dnf4", {"include": ["a"]}, rooms=rooms, target="a/1", architecture="amd64"
        ).splitlines()
        assert how in lines[0]
        assert lines[1:] == ["  | one", "  | two"]

    def test_the_end_of_much_is_shown(self) -> None:
        said = "".join(f"\033[1m{number}\n" for number in range(1, 101))
        tree = {"include": ["a"], "target": "a/1", "arch": "amd64"}
        rooms = Rooms(answer=Answer(status=1, output="", standard_error=said))
        lines = fault("osbuild.depsolve-dnf4", tree, rooms=rooms).splitlines()
        assert lines[1:3] == ["  | … the last 40 of 100 lines:", "  | 61"]

    def test_what_a_solver_says_beside_its_answer_is_told(self) -> None:
        told: list[str] = []
        rooms = Rooms(answer=Answer(status=0, output="[]", standard_error="W: old index\n\n"))
        tree = {"include": ["a"], "target": "a/1", "arch": "amd64"}
        run("osbuild.depsolve-dnf4", tree, rooms=rooms, tell=told.append)
        assert told == ["osbuild.depsolve-dnf4: W: old index"]

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
