"""Owns signatures: GnuPG driven as a program, with the project's own key or a configured one.

The secret key stays in its GnuPG home; nothing here reads it, and no message repeats what gpg was given.
The agent that gpg starts for the project key is stopped again, so that nothing outlives a publish.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from build_env.core.errors import EnvironmentNotReady
from build_env.core.locks import locked
from build_env.core.machine import installing
from build_env.core.processes import CannotStart, Finished, Invocation, ProcessError, listed_environment, run_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

__all__ = ["Signer", "Trusted", "configured_signer", "ensure_project_key"]

# A socket's path has 108 bytes, of which an agent leaves two; the longest name that it makes is S.gpg-agent.browser.
_LONGEST_HOME = 106 - len("/S.gpg-agent.browser")
_TIMEOUT = 120  # seconds: somebody may have to type a passphrase
# What an agent of the user needs to ask for a passphrase, and where it listens.
_FOR_AN_AGENT = (
    "HOME",
    "GPG_TTY",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A key that can sign: its GnuPG home, its fingerprint, and whether the home is ours alone."""

    home: Path
    fingerprint: str
    owned: bool = True

    def detach_sign(self, data: bytes) -> bytes:
        """Return an armoured signature to be kept beside `data`."""
        return self._sign("--detach-sign", data)

    def clear_sign(self, data: bytes) -> bytes:
        """Return `data` as text with the signature around it."""
        return self._sign("--clear-sign", data)

    def public_key(self) -> bytes:
        """Return the armoured public key that clients need, with the signature of the key before it if it has one."""
        with self.session() as environment:
            return _gpg(environment, "--armor", "--export-options", "export-clean", "--export", self.fingerprint)

    def certified_by(self, fingerprint: str) -> bool:
        """Whether another key signed this one: who trusts that one can see that this one follows it."""
        with self.session() as environment:
            listed = _gpg(environment, "--with-colons", "--check-sigs", self.fingerprint).decode(errors="replace")
        lines = [line.split(":") for line in listed.splitlines() if line.startswith("sig:")]
        return any(fields[1] == "!" and fingerprint.endswith(fields[4]) for fields in lines)

    def session(self) -> AbstractContextManager[Mapping[str, str]]:
        """Lend the environment in which gpg, and programs that call it, find the key."""
        return _session(self.home, owned=self.owned)

    def _sign(self, kind: str, data: bytes) -> bytes:
        with self.session() as environment:
            return _gpg(
                environment,
                *("--armor", "--digest-algo", "SHA256", "--local-user", f"{self.fingerprint}!", kind),
                data=data,
            )


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """The key that clients of a channel were told to trust, and where they read it."""

    fingerprint: str
    file: Path


def ensure_project_key(home: Path, user_id: str, trusted: Trusted | None = None) -> Signer:
    """Return the project's key, making it on first use: RSA 3072, which EL8 reads, without a passphrase.

    None is made in the place of one that expired, or of that which clients trust already.

    Raises:
        EnvironmentNotReady: gpg is missing, or makes no key; the key that should be there is lost or has expired.

    """
    if trusted and not home.is_dir():
        _tell_lost(trusted, home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    with _session(home, owned=True) as environment:
        fingerprint = _fingerprint(environment, trusted.fingerprint) if trusted else None
        fingerprint = fingerprint or _fingerprint(environment, f"={user_id}")
        if fingerprint is None:
            _refuse_expired(environment, home, trusted.fingerprint if trusted else f"={user_id}")
            if trusted:
                _tell_lost(trusted, home)
            protection = ("--pinentry-mode", "loopback", "--passphrase", "")
            _gpg(environment, *protection, "--quick-generate-key", user_id, "rsa3072", "sign", "never")
            fingerprint = _fingerprint(environment, f"={user_id}")
    if fingerprint is None:
        raise EnvironmentNotReady(f"gpg made no key in {home}", hint=f"remove {home} and try again")
    return Signer(home=home, fingerprint=fingerprint)


def configured_signer(home: Path | None, key: str) -> Signer:
    """Return the signer for a key the user named; without `home` it is in the user's own GnuPG home.

    Raises:
        EnvironmentNotReady: there is no secret key of that name.

    """
    place = home or Path(os.environ.get("GNUPGHOME") or Path.home() / ".gnupg")
    fingerprint = None
    if place.is_dir():
        with _session(place, owned=False) as environment:
            fingerprint = _fingerprint(environment, key)
            if fingerprint is None:
                _refuse_expired(environment, place, key)
    if fingerprint is None:
        raise EnvironmentNotReady(
            f"no secret key {key!r} in {place}",
            hint="name a key that `gpg --list-secret-keys` shows, or unset it to use the project's key",
        )
    return Signer(home=place, fingerprint=fingerprint, owned=False)


@contextmanager
def _session(home: Path, *, owned: bool) -> Iterator[dict[str, str]]:
    """Make gpg usable with `home`: a path short enough for sockets, no agent of ours afterwards."""
    with ExitStack() as stack:
        if owned:
            lock = home / "build-env.lock"
            lock.touch(mode=0o600)
            stack.enter_context(locked(lock))  # no other process starts or stops the agent of this home meanwhile
        short = _short_path(home, stack)
        environment = listed_environment(os.environ, *_FOR_AN_AGENT, GNUPGHOME=str(short))
        if owned:
            stack.callback(_stop_agent, environment)
        yield environment


def _short_path(home: Path, stack: ExitStack) -> Path:
    """Return `home`, or a link to it where its own path is too long for the agent's socket."""
    absolute = home.absolute()
    if len(os.fsencode(absolute)) <= _LONGEST_HOME:
        return absolute
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="gnupg-", dir="/tmp"))
    link = Path(directory) / "home"
    link.symlink_to(absolute)
    return link


def _stop_agent(environment: Mapping[str, str]) -> None:
    for arguments in (["--kill", "all"], ["--remove-socketdir"]):
        _run(environment, "gpgconf", *arguments)


def _fingerprint(environment: Mapping[str, str], key: str) -> str | None:
    """Return the fingerprint of the first usable secret key that matches, or None."""
    done = _run(environment, "gpg", "--batch", "--with-colons", "--list-secret-keys", key)
    usable = False
    for line in done.output.decode(errors="replace").splitlines():
        fields = line.split(":")
        if fields[0] == "sec":
            usable = fields[1] not in {"r", "e", "i"} and fields[14] != "#"
        elif fields[0] == "fpr" and usable:
            return fields[9]
    return None


def _refuse_expired(environment: Mapping[str, str], home: Path, key: str) -> None:
    """Say how a key that expired is used on.

    Raises:
        EnvironmentNotReady: the only secret key that matches has expired.

    """
    done = _run(environment, "gpg", "--batch", "--with-colons", "--list-secret-keys", key)
    lines = [line.split(":") for line in done.output.decode(errors="replace").splitlines()]
    for number, fields in enumerate(lines):
        if fields[0] == "sec" and fields[1] == "e":
            day = datetime.fromtimestamp(int(fields[6]), UTC).date() if fields[6].isdecimal() else "some time ago"
            fingerprint = next((line[9] for line in lines[number:] if line[0] == "fpr"), key)
            raise EnvironmentNotReady(
                f"the key that signs the repository expired on {day}: {fingerprint}",
                hint=f"extend it: gpg --homedir {shlex.quote(str(home))} --quick-set-expire {fingerprint} 2y; "
                "the next publish hands it out, and clients fetch archive-key.asc again",
            )


def _tell_lost(trusted: Trusted, home: Path) -> NoReturn:
    """Stop where a new key would lock all clients out.

    Raises:
        EnvironmentNotReady: always.

    """
    raise EnvironmentNotReady(
        f"the key that clients of {trusted.file.parent} trust is not in {home}: {trusted.fingerprint}",
        hint=f"restore {home} from a copy; without one, remove {trusted.file.parent} and deploy again: "
        "a new key is made, and every client has to be given it by hand",
    )


def _gpg(environment: Mapping[str, str], *arguments: str, data: bytes = b"") -> bytes:
    done = _run(environment, "gpg", "--batch", "--no-tty", *arguments, data=data)
    if done.failure:
        raise EnvironmentNotReady(f"gpg failed: {done.reason}", hint="try the key by hand with gpg --clear-sign")
    return done.output


def _run(environment: Mapping[str, str], *argv: str, data: bytes = b"") -> Finished:
    try:
        return run_program(Invocation(argv=argv, environment=environment, seconds=_TIMEOUT), data)
    except CannotStart as error:
        raise EnvironmentNotReady(str(error), hint=installing("gnupg", "gnupg2")) from error
    except ProcessError as error:
        raise EnvironmentNotReady(str(error), hint="a key with a passphrase needs it in the agent") from error
