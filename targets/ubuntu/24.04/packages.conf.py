"""Ubuntu 24.04: cross-compiles every architecture from images of the host's."""

from build_env.hooks import Host
from common.debian import *

SUITE = "noble"
BASE_IMAGE = "ubuntu:24.04"
LIBSTDCXX_VERSION = "13"
SUITES = ("noble", "noble-updates", "noble-security")
PORTS_MIRROR = "http://ports.ubuntu.com/ubuntu-ports"


def env_match_current(host: Host) -> bool:
    """Run natively on Ubuntu 24.04."""
    return host.id == "ubuntu" and host.version_id == "24.04"
