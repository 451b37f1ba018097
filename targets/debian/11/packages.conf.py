"""Debian 11: cross-compiles every architecture from images of the host's."""

from build_env.hooks import Host
from common.debian import *

SUITE = "bullseye"
BASE_IMAGE = "debian:11"
LIBSTDCXX_VERSION = "10"
SUITES = ("bullseye", "bullseye-updates", "bullseye-security")
SUITES_FOR = {"arm64": ("bullseye",), "armhf": ("bullseye",)}


def env_match_current(host: Host) -> bool:
    """Run natively on Debian 11."""
    return host.id == "debian" and host.version_id == "11"
