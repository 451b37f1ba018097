"""Owns what each hook does where a target does not implement it (pelion.md section 1).

Hooks are called with the `env` object and the package; they record and return, and never act.
"""

from __future__ import annotations

import inspect
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.model.command import ImageKind, Mount
    from build_env.model.package import Package
    from build_env.model.target import Host, Options
    from build_env.targets.record import Env

__all__ = ["DEFAULT_HOOKS"]


def env_load(env: Env) -> Options:
    """Nothing changes: every kind of package is built for the architectures of `--arch`."""
    return env.options


def env_load_post(env: Env) -> Options:
    """Nothing changes."""
    return env.options


def env_load_docker(env: Env) -> tuple[Mount, ...]:  # noqa: ARG001 - the signature is the hook's
    """No mounts beside those every room has."""
    return ()


def env_arch_supported(env: Env, arch: str) -> bool:
    """Only the architecture of the host."""
    return arch == env.host_arch


def env_match_current(host: Host) -> bool:  # noqa: ARG001 - the signature is the hook's
    """The target is never taken for the machine we run on."""
    return False


def docker_image_create(env: Env, kind: ImageKind) -> None:
    """Build `Dockerfile.<kind>.j2` from the target's own directory."""
    env.docker_build_image(f"{env.target_directory}/{kind.value}.Dockerfile.j2", kind)


def docker_image_name(env: Env, kind: ImageKind) -> str:
    """`centos-8-build`."""
    return f"{env.target.replace('/', '-')}-{kind.value}"


def docker_pre_run(env: Env) -> str:
    """The target's PLATFORM_ARCH; none means images of the host's architecture, which cross-compile."""
    return str(env.variable("PLATFORM_ARCH", ""))


def run_scan(env: Env, packages: tuple[Package, ...]) -> None:
    """Nothing needs a room to be read."""


def run_unpack(env: Env, package: Package) -> None:
    """Nothing can be brought in: only a family knows its source packages."""


def run_source(env: Env, package: Package) -> None:
    """Call the package script with `--source`."""
    env.run_command_source(env.path_package_script(package), "--source")


def run_build(env: Env, package: Package) -> None:
    """Call the package script with `--build` for the architecture."""
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")


def run_source_deps(env: Env, package: Package) -> None:
    """The same as `run_source`."""
    env.call("run_source", package)


def run_build_deps(env: Env, package: Package) -> None:
    """The same as `run_build`."""
    env.call("run_build", package)


def run_build_metapackage(env: Env, package: Package) -> None:
    """The same as `run_build`; the package lies under `src/metapackages/`."""
    env.call("run_build", package)


def run_verify(env: Env, package: Package) -> None:
    """No check."""


def run_verify_metapackage(env: Env, package: Package) -> None:
    """No check."""


def run_deploy_deps(env: Env, package: Package) -> None:  # noqa: ARG001 - the signature is the hook's
    """Make the built package available to later builds of the target."""
    env.provide()


def run_deploy(env: Env, package: Package) -> None:
    """Not deployed: only a family knows the format of its repository."""


def run_tar_build(env: Env) -> None:
    """One tar archive of everything built for the architecture."""
    env.tar()


def path_package_script(env: Env, package: Package) -> str:  # noqa: ARG001 - the signature is the hook's
    """`src/<package>/build.sh`."""
    return f"src/{package.name}/build.sh"


# All functions above, and nothing else: what is imported here is imported for type checkers only, or is a class.
DEFAULT_HOOKS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {name: hook for name, hook in globals().items() if inspect.isfunction(hook)}
)
