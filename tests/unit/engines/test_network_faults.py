"""Words of real programs, and whose fault they mean."""

from __future__ import annotations

import os

import pytest

from build_env.core.errors import EnvironmentNotReady, InfrastructureError
from build_env.engines.network_faults import Listener

# What apt 2.6, curl 7.88, wget 1.21, git 2.39, dnf 4 and the engine said; the hosts are replaced.
MAY_PASS = {
    "apt cannot resolve": """\
Err:1 http://m.invalid/debian bookworm InRelease
  Could not resolve 'm.invalid'
Reading package lists...
E: Failed to fetch http://m.invalid/debian/dists/bookworm/InRelease  Could not resolve 'm.invalid'
E: Some index files failed to download. They have been ignored, or old ones used instead.""",
    "apt of a container without network": """\
Err:1 http://m.example/debian bookworm InRelease
  Temporary failure resolving 'm.example'
W: Failed to fetch http://m.example/debian/dists/bookworm/InRelease  Temporary failure resolving 'm.example'
W: Some index files failed to download. They have been ignored, or old ones used instead.
E: Unable to locate package lintian""",
    "apt is refused": """\
Err:1 http://m.example:1/debian bookworm InRelease
  Could not connect to m.example:1 (192.0.2.1). - connect (111: Connection refused)
E: Failed to fetch http://m.example:1/debian/dists/bookworm/InRelease  Could not connect to m.example:1 \
(192.0.2.1). - connect (111: Connection refused)""",
    "apt waits in vain": """\
Err:1 http://m.example/debian bookworm InRelease
  Could not connect to m.example:80 (192.0.2.1), connection timed out
Err:2 http://m.example/debian bookworm/main amd64 zlib1g amd64 1:1.2.13.dfsg-1
  Connection timed out [IP: 192.0.2.1 80]
E: Failed to fetch http://m.example/debian/pool/z.deb  Connection timed out [IP: 192.0.2.1 80]""",
    "apt gets an error of the server": """\
Err:1 http://m.example/debian bookworm InRelease
  503  Service Unavailable [IP: 192.0.2.1 80]
E: Failed to fetch http://m.example/debian/dists/x/InRelease  503  Service Unavailable [IP: 192.0.2.1 80]""",
    "apt gets other bytes": """\
E: Failed to fetch http://m.example/debian/pool/main/g/gnupg2/gnupg-l10n_2.2.12-1_all.deb  Hash Sum mismatch
   Hashes of expected file:
    - SHA256:e7157cc999402118a01919b90be27249e70ae830d06a5dc42e9069ed230926be
   Last modification reported: Sun, 01 Sep 2019 03:14:20 +0000
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?""",
    "apt gets a page of a hotel": """\
E: GPG error: http://m.example bookworm Release: Signed file isn't valid, got 'NODATA' \
(does the network require authentication?)""",
    "the engine's colours": "\x1b[91mE: Failed to fetch http://m.example/x  Could not resolve 'm.example'\x1b[0m",
    "dnf cannot resolve": """\
Errors during downloading metadata for repository 'baseos':
  - Curl error (6): Couldn't resolve host name for http://m.example/repodata/repomd.xml [Could not resolve host: m]
Error: Failed to download metadata for repo 'baseos': Cannot download repomd.xml: All mirrors were tried""",
    "dnf waits in vain": """\
[MIRROR] bash-5.1.rpm: Curl error (28): Timeout was reached for http://m.example/bash-5.1.rpm [Connection timed out]
Error: Error downloading packages:
  Cannot download Packages/b/bash-5.1.rpm: All mirrors were tried""",
    "dnf gets an error of the server": "  - Status code: 502 for http://m.example/repodata/repomd.xml (IP: 192.0.2.1)",
    "curl cannot resolve": "curl: (6) Could not resolve host: m.invalid",
    "curl is refused": "curl: (7) Failed to connect to 192.0.2.1 port 1 after 0 ms: Couldn't connect to server",
    "curl gets an error of the server": "curl: (22) The requested URL returned error: 503",
    "wget cannot resolve": """\
Resolving m.invalid (m.invalid)... failed: Name or service not known.
wget: unable to resolve host address 'm.invalid'""",
    "wget is refused": "Connecting to 192.0.2.1:1... failed: Connection refused.",
    "wget gets an error of the server": "2026-11-21 09:38:36 ERROR 503: Service Unavailable.",
    "git cannot resolve": "fatal: unable to access 'http://m.invalid/a/': Could not resolve host: m.invalid",
    "git is refused": """\
fatal: unable to access 'http://m.example:1/a/': Failed to connect to m.example port 1: Couldn't connect to server""",
    "the engine cannot resolve": 'Get "https://m.example/v2/": dial tcp: lookup m.example on 192.0.2.5: no such host',
}
GONE = {
    "apt's index is old": """\
Err:1 http://m.example/debian bookworm/main amd64 libssl3 amd64 3.0.11-1
  404  Not Found [IP: 192.0.2.1 80]
E: Failed to fetch http://m.example/debian/pool/libssl3_3.0.11-1_amd64.deb  404  Not Found [IP: 192.0.2.1 80]
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?""",
    "dnf's index is old": """\
[MIRROR] bash-5.1.rpm: Status code: 404 for http://m.example/bash-5.1.rpm (IP: 192.0.2.1)
Error: Error downloading packages:""",
}
OWN_FAULT = {
    "a compiler": "greet.c:12:10: fatal error: libgreet.h: No such file or directory",
    "apt knows no such package": "E: Unable to locate package lintain",
    "dnf knows no such package": "Error: Unable to find a match: rpmlnit",
    "a wrong address": "curl: (22) The requested URL returned error: 404",
    "a wrong address of wget": "2026-11-21 09:38:36 ERROR 404: Not Found.",
    "a number of three digits": "  500 tests passed, 503 were skipped",
    "a word about connections": "checking whether Connection timed out is an error... no",
    "nothing": "",
}


def heard(text: str) -> Listener:
    listener = Listener(lambda _: None)
    for line in text.splitlines():
        listener.line(line)
    return listener


@pytest.mark.parametrize("case", MAY_PASS)
def test_a_fault_that_may_pass(case: str) -> None:
    with pytest.raises(InfrastructureError) as caught:
        heard(MAY_PASS[case]).refuse_fault(100)
    assert caught.value.message in MAY_PASS[case]
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("case", GONE)
def test_files_that_the_mirror_has_no_longer(case: str) -> None:
    with pytest.raises(EnvironmentNotReady, match="404") as caught:
        heard(GONE[case]).refuse_fault(100)
    assert not isinstance(caught.value, InfrastructureError)
    assert "--refresh" in caught.value.hint


@pytest.mark.parametrize("case", OWN_FAULT)
def test_a_failure_of_the_work(case: str) -> None:
    heard(OWN_FAULT[case]).refuse_fault(1)


def test_a_script_says_it_by_its_exit_status() -> None:
    said = "error: the mirror cannot be reached or is being changed\n       run again later"
    with pytest.raises(InfrastructureError, match="the mirror cannot be reached"):
        heard(said).refuse_fault(os.EX_TEMPFAIL)
    with pytest.raises(EnvironmentNotReady) as caught:
        heard(said).refuse_fault(os.EX_CONFIG)
    assert not isinstance(caught.value, InfrastructureError)


def test_what_was_overcome_long_before_does_not_count() -> None:
    fault = MAY_PASS["curl cannot resolve"]
    listener = heard(fault + "\n" + "compiling\n" * 100)
    listener.refuse_fault(2)
    again = heard(fault)
    again.restart()
    again.refuse_fault(2)


def test_every_line_is_passed_on() -> None:
    lines: list[str] = []
    listener = Listener(lines.append)
    for line in ("\x1b[91mred", "", "plain"):
        listener.line(line)
    assert lines == ["\x1b[91mred", "", "plain"]
