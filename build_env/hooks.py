"""Owns the whole surface that `packages.conf.py` and `package.py` may import; a test keeps this table true.

Columns: name in the bash scripts (= the same, - ours) | Python | returns or records | default.
docs/reference/hooks.md has the same table with a sentence and an example for each.

hooks of a target
| = | env_load(env) -> Options | the options, changed with dataclasses.replace | env.options |
| = | env_load_post(env) -> Options | the same, after env_load | env.options |
| = | env_load_docker(env) -> tuple[Mount, ...] | extra mounts of rooms; they enter the key | () |
| = | env_arch_supported(env, arch) -> bool | whether the target builds for arch | arch == env.host_arch |
| = | env_match_current(host) -> bool | whether this machine is the target: used natively | False |
| = | docker_image_create(env, kind) -> None | one env.docker_build_image | <kind>.Dockerfile.j2 of the target |
| = | docker_image_name(env, kind) -> str | plain name; may hold the arch, holds no prefix | centos-8-build |
| = | docker_pre_run(env) -> str | platform of image and room, linux/arm64; none: the host's | PLATFORM_ARCH |
| - | run_scan(env, packages) -> None | commands that write spec-facts.json (specs are read in rooms) | nothing |
| - | run_unpack(env, package) -> None | commands that leave NAME.tar, for build-env import | nothing |
| = | run_source(env, package) -> None | commands of the source stage | path_package_script --source |
| = | run_build(env, package) -> None | commands of the build stage | path_package_script --build --arch=ARCH |
| = | run_source_deps(env, package) -> None | the same for a package of DEPENDS | run_source |
| = | run_build_deps(env, package) -> None | the same for a package of DEPENDS | run_build |
| = | run_build_metapackage(env, package) -> None | the same for a package of METAPACKAGES | run_build |
| = | run_verify(env, package) -> None | commands that check what was built | nothing |
| = | run_verify_metapackage(env, package) -> None | the same for a package of METAPACKAGES | nothing |
| = | run_deploy_deps(env, package) -> None | env.provide: later builds may install it | env.provide() |
| - | run_deploy(env, package) -> None | env.deploy: into the target's repository | nothing |
| = | run_tar_build(env) -> None | env.tar: one archive of everything for env.arch | env.tar() |
| = | path_package_script(env, package) -> str | the script, below the root | src/<package>/build.sh |
helpers: methods of env
| = | run_command_build(*argv, environment=None, cwd='.', network=False) | a command on the build image | |
| = | run_command_source(*argv, environment=None, cwd='.', network=True) | a command on the source image | |
| = | docker_image_run(kind, *argv, environment=None) | a command that gets a new room even with -c | |
| = | docker_build_image(dockerfile, kind, *, base_image='', bootstrap='', context='', build_args=None, variables=None)
  | an image; dockerfile is a jinja2 template below the root | base BASE_IMAGE, context CTX_PATH |
| = | docker_image_name(kind) | returns what the target's hook says | |
| = | path_package_script(package) | returns what the target's hook says | |
| - | install(kind, *argv, environment=None, network=True) | a command as root, into the layer below the room | |
| - | ask(kind, *argv, environment=None) | a command that finds out what else must be installed, before the task | | |
| - | use(*folders) | folders of common/ that the room sees; they enter the key | none |
| - | deploy(repository_format, *, suite) | into the deb or rpm repository | |
| - | provide() | later builds may install the package | |
| - | tar() | one archive of everything built for env.arch | |
| - | call(hook, *arguments) | returns what another hook of the target says | |
| - | variable(name, default=Ellipsis) | returns a constant of the target; without a default it must be there | |
| - | setting(name) | returns a setting of build-env.toml | |
facts: properties of env
| ARCH | arch | what the task builds for, a Debian name; also $ARCH of every command | |
| arg_arch | options.arg_arch | --arch | the host's |
| opt_build_arch | options.opt_build_arch | architectures of PACKAGES | arg_arch |
| opt_meta_arch | options.opt_meta_arch | architectures of METAPACKAGES | arg_arch |
| opt_deps_arch | options.opt_deps_arch | architectures of DEPENDS | arg_arch |
| - | host | os-release of this machine: id, version_id, codename, architecture | |
| - | host_arch | its architecture, a Debian name | |
| - | options | all of arg_arch, opt_build_arch, opt_meta_arch, opt_deps_arch | |
| - | target | centos/8 | |
| - | target_directory | targets/centos/8 | |
variables of a target
| = | PACKAGES | what it builds | without any list: all it can |
| = | DEPENDS | build tools of ours, built first, not deployed | [] |
| = | METAPACKAGES | packages below src/metapackages/, built after the others | [] |
| = | CTX_PATH | build context of its images | ENV_TARGET_ROOT |
| = | ENV_TARGET_ROOT | build context of its images, the second choice | the Dockerfile's folder |
| = | DOCKER_BUILD_ARGS | list of NAME=value for its images, beside USER_ID, GROUP_ID, PREFIX | [] |
| PELION_DOCKER_PREFIX | DOCKER_PREFIX | put before its image names | setting image_prefix |
| = | PLATFORM_ARCH | platform of its images | the host's |
| - | BASE_IMAGE | what its Dockerfiles begin from | |
| - | REPOSITORIES | further repositories that its builds may install from, by name | {} |
| - | FAMILY | deb or rpm: which packaging of src/ counts | none |
"""

from build_env.model.command import ImageKind, Mount
from build_env.model.package import Archive, Package
from build_env.model.target import Host, Options
from build_env.targets.record import Env

__all__ = ["Archive", "Env", "Host", "ImageKind", "Mount", "Options", "Package"]
