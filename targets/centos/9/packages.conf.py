"""CentOS Stream 9: one image per architecture, emulated where it is not the host's."""

from build_env.hooks import Host
from common.rhel import *

BASE_IMAGE = "quay.io/centos/centos:stream9"
DISTRO = "centos"
RELEASE = "9"
POWERTOOLS = "crb"


def env_match_current(host: Host) -> bool:
    """Run natively on CentOS Stream 9."""
    return host.id == "centos" and host.version_id.startswith("9")
