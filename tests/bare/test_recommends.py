"""Set-up installs what packages depend on, and not what they recommend: each of those is left out by decision."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.setup.tools import packages_of_set_up

if TYPE_CHECKING:
    from tests.support.bare import BareMachine

# Why it is not needed. What is needed after all belongs into build_env/setup/tools.py.
LEFT_OUT = {
    "apparmor": "set-up installs it where the kernel confines containers",
    "binfmt-support": "set-up registers emulators by itself",
    "cgroupfs-mount": "an init has mounted the control groups, or who made the container that we are in",
    "criu": "no container is moved while it runs",
    "dbus": "a library of rpm's; nobody talks to a bus",
    "dbus-user-session": "for an engine without root",
    "docker-buildx": "images are built by the engine's own builder",
    "fakechroot": "one of several ways of mmdebstrap to work without root; uidmap is ours",
    "fakeroot": "as fakechroot",
    "gnupg-utils": "keys are made, and repositories signed, with gpg alone",
    "gpgv": "apt brings what it checks signatures with, on Debian 13 another one",
    "gpg-wks-client": "no key is published by mail",
    "libdistro-info-perl": "suites are given by their names",
    "libdpkg-perl": "mmdebstrap asks it only for package lists that are local",
    "libglib2.0-data": "messages are read in English",
    "libgpg-error-l10n": "messages are read in English",
    "needrestart": "asks a person which services to restart",
    "nftables": "the engine calls iptables",
    "shared-mime-info": "createrepo_c asks nobody what kind a file is",
    "systemd": "set-up registers emulators by itself",
    "uidmap": "set-up installs it for users other than root",
    "xdg-user-dirs": "no desktop",
    "xz-utils": "the engine unpacks nothing that is compressed so",
}


def test_what_set_up_leaves_out_was_decided_on(fresh_machine: BareMachine) -> None:
    fresh_machine.expect(0, "apt-get --quiet update")
    wanted = sorted({*packages_of_set_up(), "python3-venv"})
    known = fresh_machine.expect(
        0, f"apt-cache pkgnames | grep -xF {' '.join(f'-e {name}' for name in wanted)}"
    ).split()
    simulated = fresh_machine.expect(0, f"apt-get --simulate --no-install-recommends install {' '.join(known)}")
    new = re.findall(r"^Inst (\S+)", simulated, re.MULTILINE)
    there = fresh_machine.expect(0, "dpkg-query --show --showformat '${Package}\\n'").split()
    shown = fresh_machine.expect(0, f"apt-cache show --no-all-versions {' '.join(new)}")
    undecided = [
        f"{package} recommends {alternatives}"
        for package, alternatives in recommended(shown)
        if not {*new, *there, *LEFT_OUT}.intersection(alternatives)
    ]
    assert undecided == []
    # Since Debian 13 a library may have another name, and provides the one before.
    assert set(known) <= {name.removesuffix("t64") for name in (*new, *there)}


def recommended(stanzas: str) -> list[tuple[str, list[str]]]:
    """Each package with the alternatives that it recommends, without versions."""
    read = [dict(re.findall(r"^(Package|Recommends): (.*)", stanza, re.MULTILINE)) for stanza in stanzas.split("\n\n")]
    return [
        (fields["Package"], [re.split(r"[ :(]", name)[0] for name in group.split(" | ")])
        for fields in read
        for group in filter(None, fields.get("Recommends", "").split(", "))
    ]
