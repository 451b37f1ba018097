r"""Owns how tools say why they fail: the table of their words, nothing else. Examples of each are in the tests.

A line is looked at as it is shown, without colours. Each clue has a `word` that its lines hold in small letters:
looking for words is cheap, and most lines have none of them. The first clue that fits a line wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["CLUES", "PLACES", "Clue"]


@dataclass(frozen=True, kw_only=True)
class Clue:
    """How one kind of line looks; groups `file` and `line` of its pattern are the place that it names.

    `more` lines that follow belong to it if they are indented or marked as such, or whatever they are (`loose`), and
    `before` lines that came before it. `later` says that the line tells only
    that something failed before it: what was said right before the first of these matters.
    """

    tool: str
    word: str
    pattern: re.Pattern[str]
    more: int = 3
    before: int = 0
    loose: bool = False
    later: bool = False


def _clue(  # noqa: PLR0913 - a row of the table
    tool: str, word: str, pattern: str, *, more: int = 3, before: int = 0, loose: bool = False, later: bool = False
) -> Clue:
    compiled = re.compile(pattern)
    return Clue(tool=tool, word=word, pattern=compiled, more=more, before=before, loose=loose, later=later)


_PLACE = r"(?P<file>[^\s:()]+):(?P<line>\d+)"
_LINKED = r"^(?:\S*ld(?:\.\w+)?: )?(?:(?P<file>[^\s:()]+):(?:(?P<line>\d+):)?)?.*"

CLUES: Final = (
    # What only passes on that something else failed, before the patterns that would take it for more.
    _clue("make", "***", r"^\S*make(?:\[\d+\])?: \*\*\* \[.*Error \d+", later=True),
    _clue("make", "***", r"^\S*make(?:\[\d+\])?: \*\*\* Waiting for unfinished jobs", later=True),
    _clue("ninja", "stopped", r"^ninja: build stopped", later=True),
    _clue("debhelper", "error:", r"^dh\w*: error: .* returned exit code \d+", later=True),
    _clue("dpkg", "error:", r"^dpkg-\w+: error: .* subprocess .*(?:returned|failed|was killed)", later=True),
    _clue("rpmbuild", "bad exit", r"^(?:error:)?\s*Bad exit status from ", later=True),
    _clue("rpmbuild", "build errors", r"^RPM build errors:", later=True),
    _clue("cargo", "error:", r"^error: could not compile ", later=True),
    _clue("rustc", "error:", r"^error: aborting due to ", later=True),
    _clue("cargo", "error:", r"^error: test failed, to rerun ", later=True),
    _clue("pip", "error:", r"^error: subprocess-exited-with-error", later=True),
    _clue("setuptools", "error:", r"^error: command .* failed with exit (?:code|status) ", later=True),
    _clue("ld", "error:", r"^collect2: error: ld returned ", later=True),
    _clue("perl", "aborted", r"^BEGIN failed--compilation aborted|^Execution of .* aborted due to ", later=True),
    _clue("cmake", "incomplete", r"^-- Configuring incomplete, errors occurred", later=True),
    _clue("ctest", "errors while running", r"^Errors while running CTest", later=True),
    _clue("build-env", "fail", r"^build-env: (?:install )?command \d+ of \d+ failed", later=True),
    # Compilers and what works like them: a place, then `error`.
    _clue(
        "compiler",
        "error:",
        rf"^(?:ERROR: )?{_PLACE}[:.\d-]*: *(?:fatal |internal compiler |syntax )?(?:error|ERROR)\b",
    ),
    _clue("compiler", "): ", r"^(?P<file>[^\s(]+)\((?P<line>\d+)(?:,\d+)?\): (?:fatal )?error\b"),
    _clue(
        "compiler",
        "error:",
        r"^(?:[\w./+-]*(?:cc1|cc1plus|gcc|g\+\+|cpp|cc|c\+\+|clang|as|ar|lto1))[\d.-]*: (?:fatal )?error: ",
    ),
    _clue("go", ".go:", r"^(?P<file>\S+\.go):(?P<line>\d+):(?:\d+:)? "),
    _clue("ld", "undefined", rf"{_LINKED}undefined reference to "),
    _clue("ld", "multiple", rf"{_LINKED}multiple definition of "),
    _clue("ld", "cannot ", r"^\S*ld(?:\.\w+)?: cannot find "),
    _clue("rustc", "error[", r"^error\[E\d+\]: ", more=6),
    _clue("rustc", "panicked", r"^thread '.*' .*panicked at (?:.*, )?(?P<file>[^\s:']+):(?P<line>\d+)", loose=True),
    _clue("rustc", "panicked", r"^thread '.*' .*panicked at "),
    # What makes makefiles and configures.
    _clue("make", "***", r"^\S*make(?:\[\d+\])?: \*\*\* No rule to make target "),
    _clue("make", "***", rf"^{_PLACE}: \*\*\* "),
    _clue("make", "***", r"^\S*make(?:\[\d+\])?: \*\*\* "),
    _clue("make", "no such", r"^\S*make(?:\[\d+\])?: \S+: No such file or directory"),
    _clue("cmake", "cmake error", r"^CMake Error at (?P<file>\S+):(?P<line>\d+) ", more=6),
    _clue("cmake", "cmake error", r"^CMake Error", more=6),
    _clue("ninja", "error:", r"^ninja: (?:error|fatal): "),
    _clue("configure", "error:", r"^\S*configure: error: "),
    # Test programs.
    _clue("automake", "fail", r"^(?:FAIL|XPASS): (?!\d+$|\s)\S+"),
    _clue("automake", "fail", r"^(?:FAIL|ERROR) \S+ \(exit status: \d+\)", before=4),
    _clue("ctest", "***", r"^ *\d+/\d+ +Test +#\d+: .*\*\*\*", loose=True),
    _clue("meson", "fail", r"^ *\d+/\d+ .*\s(?:FAIL|UNEXPECTEDPASS)\s"),
    _clue("meson", "timeout", r"^ *\d+/\d+ .*\sTIMEOUT\s"),
    _clue("tap", "not ok", r"^ *not ok \d+(?!.*# *(?:TODO|SKIP))"),
    _clue("perl", "fail", r"^ *#\s+Failed test "),
    _clue("perl", "dubious", r"Dubious, test returned \d+"),
    _clue("pytest", "fail", r"^FAILED \S+::"),
    _clue("pytest", "error ", r"^ERROR (?:collecting )?\S+\.py"),
    _clue("pytest", "e  ", r"^E {7}\S"),
    _clue("unittest", "error:", r"^ERROR: \w+ \("),
    _clue("cargo", "fail", r"^test .* \.\.\. FAILED$"),
    _clue("go", "fail", r"^ *--- FAIL: "),
    # Interpreters.
    _clue("python", "error:", r"^(?:\w+\.)*[A-Z]\w*Error: "),
    _clue("python", "error", r"^(?:\w+\.)*[A-Z]\w*Error$"),
    _clue("python", "exception", r"^(?:\w+\.)*[A-Z]\w*Exception(?:: |$)"),
    _clue("perl", "syntax error", r"^syntax error at (?P<file>\S+) line (?P<line>\d+)"),
    _clue(
        "perl",
        " line ",
        r"^(?:Can't |Undefined |Global symbol |Bareword |Could not |No such ).* at (?P<file>\S+) line (?P<line>\d+)",
    ),
    _clue("perl", "can't", r"^Can't locate "),
    _clue("shell", "not found", r"^(?:\S+: )+(?:line )?(?:\d+: )?\S+: (?:command )?not found$"),
    _clue("shell", "syntax error", rf"^{_PLACE}: Syntax error|^(?:\S+: )+(?:line )?\d+: [Ss]yntax error"),
    _clue("shell", "permission denied", r"^(?:\S+: )+(?:line )?(?:\d+: )?\S+: Permission denied$"),
    # Packaging.
    _clue("debhelper", "not installed", r"^dh_missing: warning: .* exists in \S+ but is not installed"),
    _clue("debhelper", "cannot ", r"^dh\w*: warning: Cannot find "),
    _clue("debhelper", "error:", r"^dh(?:_\w+)?: error: "),
    _clue("dpkg", "error:", r"^dpkg(?:-[\w-]+)?: error: "),
    _clue("dpkg", "fail", r"^\d+ out of \d+ hunks? FAILED|^Hunk #\d+ FAILED"),
    _clue("rpmlint", ": e: ", r"^\S+: E: "),
    _clue("apt", "unmet", r"^The following packages have unmet dependencies:", more=8),
    _clue("apt", "problem", r"^dpkg: dependency problems prevent ", more=4),
    _clue("apt", "fail", r"^(?:E|W): Failed to fetch "),
    _clue("apt", "e: ", r"^E: "),
    _clue("dnf", "provides", r"^ *- nothing provides "),
    _clue("dnf", "no match", r"^No match(?:ing package to install|\b for argument): "),
    _clue("dnf", "problem", r"^ +Problem(?: \d+)?: "),
    _clue("rpmbuild", "error:", r"^error: Installed \(but unpackaged\) file\(s\) found:", more=8),
    _clue("rpmbuild", "error:", r"^error: line (?P<line>\d+): "),
    _clue("rpmbuild", "error:", r"^error: (?P<file>\S+\.spec): line (?P<line>\d+): "),
    # The machine.
    _clue("system", "no space", r"No space left on device"),
    _clue("system", "cannot ", r"[Cc]annot allocate memory"),
    _clue("system", "killed", r"(?:^|: )Killed(?:$|\s*\()"),
    _clue("system", "segmentation", r"Segmentation fault"),
    # Whoever begins its words so, after all that says it better: dnf, rpm, git, rustc, our own scripts.
    _clue(
        "any",
        "error",
        r"^(?:[\w./+-]+: )?(?:ERROR|Error|error|FATAL|Fatal|fatal|fatal error)(?:\[\w+\])?:(?: |$)",
        more=6,
    ),
)

# Where a place stands in the lines behind a clue, or in those before it; first a text that such lines have in them.
PLACES: Final = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in (
        ("-->", r"^ *--> (?P<file>[^\s:]+):(?P<line>\d+)"),
        ('", line ', r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+)'),
        (" line ", r"^ *#? *at (?P<file>\S+) line (?P<line>\d+)"),
        (".py:", r"^(?P<file>\S+\.py):(?P<line>\d+): "),
        ("', ", r"', (?P<file>[^\s:']+):(?P<line>\d+):\d+$"),
    )
)
