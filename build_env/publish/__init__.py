"""Package repositories that apt and dnf read: signed, switched atomically, never half-published.

`model` has the data, `signing` the key, `apt` and `rpm` one publisher each; `generation`, `pool`,
`retention` and `timing` are what both share. Nothing here builds or plans.
"""

from build_env.publish.apt import publish_apt
from build_env.publish.apt_entries import is_apt_file
from build_env.publish.generation import repository_holds
from build_env.publish.model import AptDescription, Clock, PackageFile, PublishResult, Retention
from build_env.publish.rpm import publish_rpm
from build_env.publish.signing import Signer, configured_signer, ensure_project_key

__all__ = [
    "AptDescription",
    "Clock",
    "PackageFile",
    "PublishResult",
    "Retention",
    "Signer",
    "configured_signer",
    "ensure_project_key",
    "is_apt_file",
    "publish_apt",
    "publish_rpm",
    "repository_holds",
]
