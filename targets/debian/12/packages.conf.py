"""Debian 12: cross-compiles every architecture from images of the host's."""

from build_env.hooks import Host
from common.debian import *

SUITE = "bookworm"
BASE_IMAGE = "debian:12"
LIBSTDCXX_VERSION = "12"
SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
SUITES_FOR = {"armhf": ("bookworm",)}


def env_match_current(host: Host) -> bool:
    """Run natively on Debian 12."""
    return host.id == "debian" and host.version_id == "12"
