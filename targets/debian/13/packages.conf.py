"""Debian 13: cross-compiles every architecture from images of the host's."""

from build_env.hooks import Host
from common.debian import *

SUITE = "trixie"
BASE_IMAGE = "debian:13"
LIBSTDCXX_VERSION = "14"
SUITES = ("trixie", "trixie-updates", "trixie-security")
SUITES_FOR = {"armhf": ("trixie",)}


def env_match_current(host: Host) -> bool:
    """Run natively on Debian 13."""
    return host.id == "debian" and host.version_id == "13"
