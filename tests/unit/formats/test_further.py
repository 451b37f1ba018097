"""What makes apt and dnf read a further repository: the steps of a Dockerfile, as files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from build_env.core.errors import Location
from build_env.formats.deb import DEB
from build_env.formats.further import refused_repository, steps_of
from build_env.formats.rpm import RPM
from build_env.model.further import FurtherRepository

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "repositories"
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nit's one\n-----END PGP PUBLIC KEY BLOCK-----\n"
URL = "https://example.invalid/debian"
APT = (
    FurtherRepository(name="backports", url=URL, suites=("bookworm-backports",), key=KEY, priority=600),
    FurtherRepository(name="ppa", url=f"{URL}/ppa", suites=("bookworm",), components=("a", "b"), key=KEY, priority=700),
    FurtherRepository(name="flat", url=f"{URL}/flat", suites=("./",), key=KEY),
)
DNF = (
    FurtherRepository(name="epel", url="https://example.invalid/$basearch/", key=KEY, priority=90),
    FurtherRepository(name="own", url="https://example.invalid/own", key=KEY, whole=True),
    FurtherRepository(name="nodejs", module="nodejs:18"),
)


@pytest.mark.parametrize(("name", "repositories"), [("deb", APT), ("rpm", DNF)])
def test_the_steps(name: str, repositories: tuple[FurtherRepository, ...], *, update_golden: bool) -> None:
    further = {"deb": DEB, "rpm": RPM}[name].further
    assert further is not None
    assert [further.check(each) for each in repositories] == [""] * 3
    text = steps_of(further, repositories, {"bookworm", "bookworm-updates"})
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / f"{name}.Dockerfile").write_text(text, encoding="utf-8")
    assert text == (GOLDEN / f"{name}.Dockerfile").read_text(encoding="utf-8")
    # Where it was written is nothing to an image.
    places = [
        FurtherRepository(**{**vars(each), "place": Location(file="x", line=number)})
        for number, each in enumerate(repositories)
    ]
    assert steps_of(further, places, {"bookworm", "bookworm-updates"}) == text


def test_a_step_writes_the_files_and_names_the_repository_that_cannot_be_used(tmp_path: Path) -> None:
    further = DEB.further
    assert further is not None
    text = steps_of(further, APT[:1], ()).replace(" /etc", f" {tmp_path}/etc").replace("apt-get update", "false")
    command = text.strip().removeprefix("RUN ")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [refused_repository(line) for line in done.stderr.splitlines()] == ["backports"]
    assert (tmp_path / "etc/apt/keyrings/build-env-backports.asc").read_text(encoding="utf-8") == KEY
    assert not refused_repository("E: build-env: cannot use the repository x")


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("deb", {"url": URL}, "a repository of apt needs `suites` and `key`"),
        ("deb", {"url": URL, "suites": ("a",), "key": KEY, "module": "x:1"}, "are for repositories of dnf"),
        ("deb", {"url": URL, "suites": ("./",), "key": KEY, "components": ("main",)}, "has no components"),
        ("rpm", {"url": URL}, "`url` and `key` go together"),
        ("rpm", {"key": KEY}, "a repository of dnf needs `url`, or `module`"),
        ("rpm", {"url": URL, "key": KEY, "priority": 100}, "priorities of dnf end with 99"),
        ("rpm", {"url": URL, "key": KEY, "suites": ("a",)}, "are for repositories of apt"),
    ],
)
def test_what_a_package_manager_cannot_read(name: str, wrong: dict[str, object], said: str) -> None:
    further = {"deb": DEB, "rpm": RPM}[name].further
    assert further is not None
    assert said in further.check(FurtherRepository(name="x", **wrong))  # type: ignore[arg-type]  # a table
