"""Ubuntu 22.04: cross-compiles every architecture from images of the host's."""

from build_env.hooks import Host
from common.debian import *

SUITE = "jammy"
BASE_IMAGE = "ubuntu:22.04"
LIBSTDCXX_VERSION = "11"
SUITES = ("jammy", "jammy-updates", "jammy-security")
PORTS_MIRROR = "http://ports.ubuntu.com/ubuntu-ports"


def env_match_current(host: Host) -> bool:
    """Run natively on Ubuntu 22.04."""
    return host.id == "ubuntu" and host.version_id == "22.04"
