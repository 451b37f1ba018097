"""How `common/rpm/build.sh` calls rpmbuild for the steps of a build."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "common/rpm/build.sh"
STUBS = """
set -euo pipefail
top=$BUILD_WORK RPM_MACROS=()
the_spec() { echo a.spec; }
rpmbuild() { if [ "$1" = --help ]; then echo "$HELP"; else printf '%s\\n' "$@"; fi; }
"""


def functions_of(*names: str) -> list[str]:
    text = SCRIPT.read_text(encoding="utf-8")
    starts = [text.index(f"\n{name}() {{") for name in names]
    return [text[start : text.index("\n}\n", start) + 3] for start in starts]


@pytest.mark.parametrize("knows", [True, False])
def test_a_step_goes_on_with_the_tree_of_the_step_before(tmp_path: Path, *, knows: bool) -> None:
    """An rpmbuild that would empty the tree at its begin is told that nothing is prepared."""
    functions = functions_of("rpmbuild_from", "build_make", "build_install")
    environment = {"BUILD_WORK": str(tmp_path), "PATH": "/usr/bin:/bin", "HELP": "--clean\n--noprep\n" * knows}
    script = f"{STUBS}{''.join(functions)}rpmbuild_from -bp; echo; build_make; echo; build_install"
    asked = subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True, text=True)
    extract, make, install = (part.split("\n") for part in asked.stdout.strip().split("\n\n"))
    assert extract == ["-bp", "a.spec"]
    assert [("--noprep" in words) for words in (make, install)] == [knows, knows]
    left_out = [word for word in install if word.startswith("__spec_")]
    assert left_out == [f"__spec_{name}_pre exit 0" for name in ("prep", "buildrequires", "conf", "build")]


LIBRARY = Path(__file__).resolve().parents[3] / "common/rpm/lib.sh"


def test_what_was_chosen_are_macros_of_every_question_to_a_spec() -> None:
    chosen = {"BUILD_WITH": "docs gui", "BUILD_WITHOUT": "tests", "BUILD_DEFINE": "one 1 2\ntwo x"}
    environment = {"PATH": "/usr/bin:/bin", "RPM_DIST": ".el9", "RPM_RHEL": "9", **chosen}
    script = f". {LIBRARY}; set_target_macros; printf '%s\\n' \"${{RPM_MACROS[@]}}\""
    asked = subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True, text=True)
    assert [word for word in asked.stdout.splitlines() if word != "-D"][3:] == [
        "_with_docs --with-docs",
        "_with_gui --with-gui",
        "_without_tests --without-tests",
        "one 1 2",
        "two x",
    ]


def test_the_source_stage_lists_the_packages_of_all_architectures(tmp_path: Path) -> None:
    stubs = """
    set -euo pipefail
    top=$1 NAMES_FILE=declared-names.txt RPM_ARCHITECTURES=(x86_64 aarch64)
    query_spec() { [ "$*" = "a.spec --target $3 --queryformat %{NAME}\\n" ] && printf '%s\\n' greet "greet-$3"; }
    """
    script = "".join((stubs, *functions_of("write_names"), "write_names a.spec"))
    subprocess.run(["bash", "-c", script, "bash", str(tmp_path)], check=True, timeout=60)
    listed = (tmp_path / "declared-names.txt").read_text(encoding="utf-8")
    assert listed == "greet\ngreet-aarch64\ngreet-x86_64\n"
    (taking,) = [line for line in functions_of("stage_source")[0].splitlines() if line.startswith("    take ")]
    assert '"$top/$NAMES_FILE"' in taking


@pytest.mark.parametrize("line", ["BuildRequires: %(touch ran)", "%global x %(touch ran)", "%ifarch %(touch ran)"])
def test_a_set_of_build_dependencies_with_macros_is_not_read_by_root(tmp_path: Path, line: str) -> None:
    (tmp_path / "set.spec").write_text(f"Name: build-depends\n{line}\n\n%description\nt\n", encoding="utf-8")
    stubs = 'set -euo pipefail\nfail() { echo "$2"; exit "$1"; }\n'
    script = f"{stubs}{functions_of('make_set')[0]}make_set set.spec"
    asked = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"BUILD_WORK": str(tmp_path), "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 1
    assert asked.stdout == f"{line}\nthe set of build dependencies has macros\n"
    assert not (tmp_path / "ran").exists()


def test_what_a_package_says_of_itself_joins_the_filters_of_rpmlint(tmp_path: Path) -> None:
    (tmp_path / "src/SPECS").mkdir(parents=True)
    (tmp_path / "src/SPECS/greet.rpmlintrc").write_text('addFilter("meant-so")\n', encoding="utf-8")
    environment = {"BUILD_WORK": str(tmp_path), "BUILD_SRC": f"{tmp_path}/src", "PATH": "/usr/bin:/bin"}
    given = f"set -eu; here={SCRIPT.parent} ARCH=amd64 BUILD_HOST_ARCH=amd64\n"
    script = "".join((given, "rpmlint() { echo 2.4; }\n", *functions_of("set_lint_options"), "set_lint_options"))
    subprocess.run(["bash", "-c", script], env=environment, check=True, timeout=60)
    filters = (tmp_path / "rpmlint.filters").read_text(encoding="utf-8")
    assert filters.endswith('addFilter("meant-so")\n')
    assert 'addFilter("no-signature")' in filters


@pytest.mark.parametrize(
    ("answer", "named", "hint"),
    [
        ('"release": "%autorelease"', "here: %autorelease", "rpmautospec"),
        ("%{nothing} x %(other) %{nothing}", "here: %(other) %{nothing}", "write %{?name}"),
    ],
)
def test_a_macro_that_does_not_exist_is_named(answer: str, named: str, hint: str) -> None:
    stubs = f"rpmspec() {{ printf '%s\\n' '{answer}'; }}; RPM_MACROS=()"
    asked = subprocess.run(
        ["bash", "-c", f"set -eu; . {LIBRARY}; {stubs}; query_spec a.spec"], check=False, capture_output=True, text=True
    )
    assert asked.returncode == 1
    assert named in asked.stderr
    assert hint in asked.stderr
