"""What the names of files say of them, in each format."""

from __future__ import annotations

import pytest

from build_env.formats.registry import formats, is_published


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a_1_amd64.deb", "deb/s/main/binary-amd64/a_1_amd64.deb"),
        ("a_1_all.deb", "deb/s/main/binary-all/a_1_all.deb"),
        ("a_1.dsc", "deb/s/main/source/a_1.dsc"),
        ("a_1.tar.xz", "deb/s/main/source/a_1.tar.xz"),
        ("a-1.src.rpm", "rpm/s/a-1.src.rpm"),
        ("a-1.noarch.rpm", "rpm/s/noarch/a-1.noarch.rpm"),
        ("a-1.aarch64.rpm", "rpm/s/aarch64/a-1.aarch64.rpm"),
    ],
)
def test_the_layout_of_plain_results(name: str, path: str) -> None:
    (own,) = (known for known in formats() if known.is_published(name))
    assert own.plain_path(name, "s") == path


@pytest.mark.parametrize("name", ["a.buildinfo", "a.changes", "build-depends.dsc", "packages.txt", "notes"])
def test_what_is_for_no_user_is_not_deployed(name: str) -> None:
    assert not is_published(name)
