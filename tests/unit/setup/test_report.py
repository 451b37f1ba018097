"""What a person reads: a line each, the command below what is missing, the sum, and what to do next."""

from __future__ import annotations

from build_env.setup.facts import Check, State
from build_env.setup.report import check_lines, document

FINE = Check(name="engine", purpose="makes rooms", state=State.OK, text="answers")
NOTE = Check(name="base x", purpose="p", state=State.NOTE, text="not here yet", mend="make it")
GONE = Check(name="gpg", purpose="signs", state=State.MISSING, text="not installed", mend="apt-get install gnupg")
TARGET = Check(name="target x", purpose="p", state=State.MISSING, text="it is wrong")


def test_all_there() -> None:
    assert check_lines([FINE, NOTE], set_up=True) == [
        "  ok       engine  answers",
        "  note     base x  not here yet",
        "                   or: make it",
        "done    this machine is ready",
    ]


def test_something_missing() -> None:
    assert check_lines([FINE, GONE], set_up=True) == [
        "  ok       engine  answers",
        "  missing  gpg     not installed",
        "                   mend: apt-get install gnupg",
        "failed  1 thing is missing: gpg",
        "next    build-env doctor --setup does what can be done by itself",
    ]


def test_set_up_is_offered_only_where_it_helps() -> None:
    assert check_lines([GONE], set_up=False)[-1] == "failed  1 thing is missing: gpg"
    assert check_lines([TARGET], set_up=True)[-1] == "failed  1 thing is missing: target x"
    assert check_lines([TARGET, GONE], set_up=True)[-2] == "failed  2 things are missing: target x, gpg"


def test_for_programs() -> None:
    assert document([FINE, NOTE])["ready"] is True
    assert document([GONE]) == {
        "ready": False,
        "checks": [
            {
                "name": "gpg",
                "purpose": "signs",
                "state": "missing",
                "text": "not installed",
                "mend": "apt-get install gnupg",
            }
        ],
    }
