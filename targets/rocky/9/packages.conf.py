"""Rocky Linux 9: one image per architecture, emulated where it is not the host's."""

from build_env.hooks import Host
from common.rhel import *

BASE_IMAGE = "rockylinux:9"
DISTRO = "rocky"
RELEASE = "9"
POWERTOOLS = "crb"


def env_match_current(host: Host) -> bool:
    """Run natively on Rocky Linux 9."""
    return host.id == "rocky" and host.version_id.startswith("9")
