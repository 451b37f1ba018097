"""Keys: made once, usable from any directory, gone from the process table afterwards."""

from __future__ import annotations

import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from build_env.core.errors import EnvironmentNotReady
from build_env.publish.signing import Trusted, configured_signer, ensure_project_key

USER = "Tests <tests@example.invalid>"


def test_the_project_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    first = ensure_project_key(home, USER)
    assert ensure_project_key(home, USER) == first
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert len(first.fingerprint) == 40


@pytest.mark.parametrize("length", [86, 87, 88, 160])
def test_a_home_too_long_for_sockets_works_and_no_agent_stays(length: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # whose path is no secret: how long it is counts
        home = Path(short) / ("x" * (length - len(f"{short}/")))
        signer = ensure_project_key(home, USER)
        assert len(str(home)) == length
        assert b"BEGIN PGP SIGNATURE" in signer.detach_sign(b"text")
        assert not [path for path in home.iterdir() if path.is_socket()]
        assert wait_until_no_agent(home)


def wait_until_no_agent(home: Path) -> bool:
    """Whether no process has `home` open or on its command line, within five seconds."""
    for _ in range(50):
        texts = [line.read_bytes() for line in Path("/proc").glob("[0-9]*/cmdline") if line.exists()]
        if not any(b"gpg-agent" in text and bytes(home) in text for text in texts):
            return True
        time.sleep(0.1)
    return False


def test_signatures_verify_with_the_public_key_only(tmp_path: Path) -> None:
    signer = ensure_project_key(tmp_path / "gnupg", USER)
    armoured = signer.public_key()
    assert b"PRIVATE" not in armoured
    ring = tmp_path / "ring.gpg"
    ring.write_bytes(subprocess.run(["gpg", "--dearmor"], input=armoured, check=True, capture_output=True).stdout)
    (tmp_path / "text").write_bytes(b"text\n")
    (tmp_path / "text.asc").write_bytes(signer.detach_sign(b"text\n"))
    (tmp_path / "signed").write_bytes(signer.clear_sign(b"text\n"))
    for names in (["text.asc", "text"], ["signed"]):
        command = ["gpgv", "--keyring", str(ring), *(str(tmp_path / name) for name in names)]
        subprocess.run(command, check=True, capture_output=True)


def test_a_configured_key_is_found_by_its_name(tmp_path: Path) -> None:
    project = ensure_project_key(tmp_path / "gnupg", USER)
    configured = configured_signer(tmp_path / "gnupg", "tests@example.invalid")
    assert configured.fingerprint == project.fingerprint
    assert not configured.owned
    with pytest.raises(EnvironmentNotReady, match="no secret key 'other@"):
        configured_signer(tmp_path / "gnupg", "other@example.invalid")
    with pytest.raises(EnvironmentNotReady, match="no secret key"):
        configured_signer(tmp_path / "nowhere", "tests@example.invalid")
    subprocess.run(["gpgconf", "--homedir", tmp_path / "gnupg", "--kill", "all"], check=True)


def test_a_missing_gpg_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentNotReady) as caught:
        ensure_project_key(tmp_path / "gnupg", USER)
    assert "apt-get install gnupg" in caught.value.hint


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    trusted = Trusted(fingerprint="A" * 40, file=tmp_path / "main/archive-key.asc")
    said = f"clients of {tmp_path}/main trust is not in .*: {'A' * 40}"
    with pytest.raises(EnvironmentNotReady, match=said) as caught:
        ensure_project_key(tmp_path / "gnupg", USER, trusted)
    assert "from a copy" in caught.value.hint
    assert not (tmp_path / "gnupg").exists()
    ensure_project_key(tmp_path / "gnupg", "Somebody <else@example.invalid>")
    with pytest.raises(EnvironmentNotReady, match=said):
        ensure_project_key(tmp_path / "gnupg", USER, trusted)


def test_the_key_that_clients_trust_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    first = ensure_project_key(tmp_path / "gnupg", "Before <before@example.invalid>")
    trusted = Trusted(fingerprint=first.fingerprint, file=tmp_path / "archive-key.asc")
    assert ensure_project_key(tmp_path / "gnupg", USER, trusted).fingerprint == first.fingerprint


def test_an_expired_key_says_how_it_is_extended(tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    signer = ensure_project_key(home, USER)
    created = "--faked-system-time", "20200102T000000!"
    with signer.session() as environment:
        words = ["--batch", "--passphrase", "", "--quick-generate-key", "Old <old@example.invalid>", "rsa3072", "sign"]
        subprocess.run(["gpg", *created, *words, "1d"], env=dict(environment), check=True, capture_output=True)
    with pytest.raises(EnvironmentNotReady, match="expired on 2020-01-03"):
        configured_signer(home, "old@example.invalid")
    with pytest.raises(EnvironmentNotReady, match="expired on 2020-01-03") as caught:
        ensure_project_key(home, "Old <old@example.invalid>")
    assert str(home) in caught.value.hint
    command = caught.value.hint.partition(": ")[2].partition(";")[0]
    subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602 - as people are told
    assert ensure_project_key(home, "Old <old@example.invalid>").fingerprint in command
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)
