"""Builds that install from a repository beside the distribution's, with real apt and dnf and all signatures checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.publish.signing import Signer, ensure_project_key
from tests.support.repositories import BOOKWORM, CENTOS, deb, publish_to, rpm
from tests.support.servers import image_with, serve
from tests.support.tiny import SCRIPT, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

DEFINITION = """\
name: one
repositories:
  tiny/1:
    own:
      url: ADDRESS/deb
      suites: [bookworm/debian-12]
      key: keys/own.asc
      priority: 700
"""
INSTALLING = """

def run_build(env: Env, package: Package) -> None:
    if package.name == "one":
        env.install(ImageKind.BUILD, "apt-get", "-qq", "install", "tool-of-ours")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
BUILD = SCRIPT.replace("--build) ", '--build) cat "/usr/share/tool-of-ours/text"; ')


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> list[Signer]:
    """That of the repository, and another one."""
    directory = tmp_path_factory.mktemp("keys")
    return [ensure_project_key(directory / name, f"{name} <t@example.invalid>") for name in ("own", "other")]


@pytest.fixture
def repository(tmp_path: Path, signers: list[Signer]) -> Path:
    directory = tmp_path / "repository"
    directory.mkdir()
    publish_to(directory, BOOKWORM, [deb(tmp_path / "made", "tool-of-ours", text="ours 1\n")], signer=signers[0])
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    (tmp_path / "project").mkdir()
    with tiny_project(tmp_path / "project") as tiny:
        tiny.package("one", BUILD)
        tiny.package("two", SCRIPT)
        tiny.configure(INSTALLING)
        yield tiny


def test_apt_installs_from_it_and_from_nothing_that_another_key_signs(
    project: Tiny, repository: Path, signers: list[Signer], tmp_path: Path
) -> None:
    with serve(repository) as address:
        project.write("src/one/definition.yaml", DEFINITION.replace("ADDRESS", address))
        project.write("keys/own.asc", signers[1].public_key().decode())
        refused = project.build("--source", "--build", "--keep-going")
        refused.expect(1, "src/one/definition.yaml:4:5: the repository own cannot be used", "NO_PUBKEY")
        assert "ok    build    two" in refused.text  # others read no such repository
        project.write("keys/own.asc", signers[0].public_key().decode())
        project.build("--source", "--build").expect(0)
        assert "ours 1" in project.log("one", "build", "amd64")
        # Its index is pinned with the image, as the distribution's is.
        newer = deb(tmp_path / "made", "tool-of-ours", "2.0", text="ours 2\n")
        publish_to(repository, BOOKWORM, [newer], signer=signers[0])
        project.build("--source", "--build").expect(0, "nothing to do")
        project.build("--source", "--build", "--refresh").expect(0)
        assert "ours 2" in project.log("one", "build", "amd64")


OF_DNF = """\
name: one
repositories:
  tiny/1:
    own: {url: "ADDRESS/rpm/centos-8+stand-in", key: keys/own.asc, signed: all, priority: 50}
"""


def test_dnf_installs_from_it_and_from_nothing_that_another_key_signs(
    project: Tiny, signers: list[Signer], tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    publish_to(repository, CENTOS, [rpm(tmp_path / "made", "tool-of-ours", text="ours 1")], signer=signers[0])
    (project.root / "src/two/build.sh").unlink()
    (project.root / "src/two").rmdir()
    installing = INSTALLING.replace('"apt-get", "-qq", "install"', '"dnf", "-y", "-q", "install"')
    project.configure(f'{installing}\nFAMILY = "rpm"\n', base=image_with("debian:12", "dnf", "rpm"))
    release = "RUN mkdir -p /etc/dnf/vars && echo 8 >/etc/dnf/vars/releasever\n"
    project.write("Dockerfiles/tiny.Dockerfile.j2", f"FROM {{{{ base_image }}}}\n{release}")
    with serve(repository) as address:
        project.write("src/one/definition.yaml", OF_DNF.replace("ADDRESS", address))
        project.write("keys/own.asc", signers[1].public_key().decode())
        refused = project.build("--source", "--build")
        refused.expect(1, "src/one/definition.yaml:4:5: the repository own cannot be used", "Bad GPG signature")
        project.write("keys/own.asc", signers[0].public_key().decode())
        project.build("--source", "--build").expect(0)
    assert "ours 1" in project.log("one", "build", "amd64")
