"""What is shown of a failed task's output: by the logs of the broken samples, and by output made for the purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_env.schedule.clues import CLUES
from build_env.schedule.excerpt import Excerpt, ExcerptBuilder

BROKEN = Path(__file__).parents[2] / "broken"
AFTER = [f"cleaning up {number}" for number in range(500)]

# What of each sample's log says why, and the place of the first of these; nothing where the log names none.
WHY: dict[str, tuple[str, tuple[str, int], tuple[str, ...]]] = {
    "apt": ("E: Unable to locate package package-that-is-not-there", ("", 0), ()),
    "apt-build-dep": (
        "unmet dependencies: builddeps:",
        ("", 0),
        ("Depends: libnowhere-dev but it is not installable",),
    ),
    "apt-unmet": (
        "unmet dependencies: greet-needs",
        ("", 0),
        ("Depends: libnowhere1 (>= 2) but it is not", "E: Unable"),
    ),
    "automake": ("FAIL: counting.sh", ("", 0), ("expected 3, got 4", "FAIL counting.sh (exit status: 1)")),
    "c": ("undeclared (first use", ("greet.c", 5), ("    5 |     return missing_name;", "      |            ^~~~")),
    "c-link": ("cannot find -lnothere_at_all", ("", 0), ("undefined reference to `missing'",)),
    "cmake": ("CMake Error at CMakeLists.txt:3", ("CMakeLists.txt", 3), ('By not providing "FindNowhere.cmake"',)),
    "cmake-build": ("undeclared (first use", ("/build/cmake-build/main.c", 1), ("    1 | int main(void)",)),
    "configure": ("configure: error: libnowhere is needed", ("", 0), ()),
    "ctest": ("Test #1: counting", ("", 0), ("expected 3, got 4",)),
    "cxx": ("conversion from ", ("types.cc", 2), ("has no member named",)),
    "debhelper-build": ("undeclared (first use", ("greet.c", 1), ()),
    "debhelper-install": ('Cannot find (any matches for) "usr/bin/greet"', ("", 0), ("missing files, aborting",)),
    "debhelper-missing": ("usr/bin/forgotten exists in debian/tmp but", ("", 0), ("missing files, aborting",)),
    "dnf": ("package-that-is-not-there", ("", 0), ()),
    "dnf-builddep": ("No matching package to install: 'nowhere-devel >= 2'", ("", 0), ()),
    "dnf-requires": (
        "Error: Problem: conflicting requests",
        ("", 0),
        ("nothing provides libnowhere.so.1()(64bit) needed",),
    ),
    "dpkg-depends": ("Unmet build dependencies: libnowhere-dev python3-nothing", ("", 0), ()),
    "dpkg-patch": ("Hunk #1 FAILED at 1.", ("", 0), ()),
    "lintian": ("E: greet: dir-in-usr-local", ("", 0), ()),
    "make": ("No rule to make target 'missing.c'", ("", 0), ()),
    "meson": ("ERROR: Dependency", ("meson.build", 2), ()),
    "meson-test": ("1/1 counting FAIL", ("", 0), ()),
    "perl": ('Global symbol "$nmae"', ("lib/Greet.pm", 3), ()),
    "perl-module": ("Can't locate Nowhere/AtAll.pm", ("Makefile.PL", 2), ()),
    "perl-test": ("Failed test 'the greeting'", ("t/greet.t", 2), ("got: 'hello'", "expected: 'good morning'")),
    "python-extension": ("undeclared (first use", ("greet.c", 2), ()),
    "python-pytest": (
        "assert 'hello' == 'good morning'",
        ("tests/test_greet.py", 6),
        ("ValueError: no such greeting",),
    ),
    "python-setup": ("SyntaxError: invalid syntax", ("/build/python-setup/greet/__init__.py", 1), ()),
    "python-unittest": ("ERROR: test_import", ("", 0), ("No module named 'nowhere'", "'hello' != 'good morning'")),
    "rpmbuild": ("undeclared (first use", ("greet.c", 1), ()),
    "rpmbuild-depends": ("nowhere-devel >= 2 is needed by greet", ("", 0), ("pkgconfig(nothing) is needed",)),
    "rpmbuild-missing": ("File not found: ", ("", 0), ()),
    "rpmbuild-source": ("greet-1.0.tar.gz: No such file or directory", ("", 0), ()),
    "rpmbuild-spec": ("Unknown tag: Nonsense", ("", 6), ()),
    "rpmbuild-unpackaged": ("Installed (but unpackaged) file(s) found: /usr/bin/forgotten", ("", 0), ()),
    "rust": ("cannot find value `missing_name`", ("src/main.rs", 3), ("mismatched types",)),
    "rust-test": ("test counting ... FAILED", ("", 0), ("panicked at", "left: `3`")),
    "shell": ("program-that-is-not-there: No such file or directory", ("", 0), ()),
}


def excerpt_of(lines: list[str]) -> Excerpt:
    builder = ExcerptBuilder()
    for line in lines:
        builder.take(line)
    return builder.result()


def test_every_sample_is_looked_at() -> None:
    assert {path.stem for path in BROKEN.glob("*.sh")} == {path.stem for path in BROKEN.glob("*.log")} == set(WHY)


@pytest.mark.parametrize("name", WHY)
def test_what_a_tool_says_is_shown_however_much_follows(name: str) -> None:
    reason, place, shown = WHY[name]
    found = excerpt_of([*(BROKEN / f"{name}.log").read_text(encoding="utf-8").splitlines(), *AFTER])
    assert reason in found.reasons[0].text
    assert (found.reasons[0].file, found.reasons[0].line) == place
    for text in shown:
        assert any(text in line for line in found.lines)
    assert found.lines[-1] == AFTER[-1]
    assert len(found.lines) < 45


def test_each_clue_has_a_word_that_its_lines_hold() -> None:
    """A line is looked at only if it has the word in it, so a word with a capital letter would find nothing."""
    assert [clue.word for clue in CLUES if clue.word != clue.word.lower()] == []


def test_without_any_reason_the_end_is_shown() -> None:
    found = excerpt_of([f"line {number}" for number in range(20)])
    assert found == Excerpt(lines=tuple(f"line {number}" for number in range(8, 20)))


def test_what_is_left_out_is_said() -> None:
    found = excerpt_of(["main.c:3:5: error: bad", *AFTER])
    assert found.lines[:2] == ("main.c:3:5: error: bad", "[492 lines left out]")
    assert found.lines[2:] == tuple(AFTER[-8:])


def test_nothing_is_shown_twice() -> None:
    found = excerpt_of(["one", "main.c:3:5: error: bad", "    3 | bad", "two"])
    assert found.lines == ("one", "main.c:3:5: error: bad", "    3 | bad", "two")


def test_errors_that_passing_tests_print_do_not_hide_the_last_before_the_end() -> None:
    noise = [f"error: the test wants to see {number}" for number in range(50)]
    found = excerpt_of(
        [*noise, "greet.c:9:1: error: real", "make: *** [Makefile:3: all] Error 1", "error: late", *AFTER]
    )
    assert [reason.text for reason in found.reasons] == [
        "error: the test wants to see 0",
        "error: the test wants to see 1",
        "error: the test wants to see 49",
        "greet.c:9:1: error: real",
    ]


def test_an_error_that_make_ignores_is_none() -> None:
    assert excerpt_of(["make: [Makefile:3: all] Error 1 (ignored)", "rm -f x"]).reasons == ()


def test_colours_and_what_was_drawn_over_hide_nothing() -> None:
    found = excerpt_of(["10%\r\x1b[1mmain.c:3:5: \x1b[31merror:\x1b[0m bad\r100%", *AFTER])
    assert found.reasons[0].text == "main.c:3:5: error: bad"


def test_however_long_a_line_is_little_of_it_is_kept() -> None:
    found = excerpt_of(["x" * 5_000_000, "error: " + "y" * 5_000_000])
    assert sum(map(len, found.lines)) < 1000


@pytest.mark.parametrize(
    "line", ["error: " * 300, "a: " * 700, "=" * 2000, "1/1 " + " " * 1900, "# " * 1000, "a/" * 1000]
)
def test_no_line_takes_long(line: str) -> None:
    """Each pattern looks at a line from one place only: 300 such lines would else take minutes."""
    builder = ExcerptBuilder()
    for _ in range(300):
        builder.take(line)
    assert len(builder.result().lines) <= 30
