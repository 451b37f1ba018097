"""CentOS 8, from the archive of past releases: one image per architecture, emulated where it is not the host's."""

from build_env.hooks import Host
from common.rhel import *

BASE_IMAGE = "centos:8"
DISTRO = "centos"
RELEASE = "8"
POWERTOOLS = "powertools"


def env_match_current(host: Host) -> bool:
    """Run natively on CentOS 8."""
    return host.id == "centos" and host.version_id.startswith("8")
