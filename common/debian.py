"""The Debian family: images of the host's architecture that cross-compile, packages made by `common/deb`.

A target sets SUITE, BASE_IMAGE, its package lists, and where it builds for other architectures LIBSTDCXX_VERSION, the
version of GCC's C++ library whose development files cross builds need. It may set
- ARCHITECTURES: what it can build for;
- SUITES: the archive's suites that may stay enabled;
- SUITES_FOR: the same for single architectures whose suites are out of step.
"""

from dataclasses import replace

from build_env.hooks import Env, ImageKind, Options, Package

FAMILY = "deb"
ARCHITECTURES = ("amd64", "arm64", "armhf")
PORTS_MIRROR = ""
SCRIPT = "common/deb/build.sh"
# Each is a command of its own: a build that failed can go on from the one that failed, with what was mended by hand.
BUILD_STEPS = ("extract", "make", "package")


def env_load(env: Env) -> Options:
    """Build tools run on the host, whatever they build for."""
    return replace(env.options, opt_deps_arch=(env.host_arch,))


def env_arch_supported(env: Env, arch: str) -> bool:
    """What the target lists, and always the host's own."""
    return arch in architectures(env)


def docker_image_name(env: Env, kind: ImageKind) -> str:
    """One source image; a build image for the host's architecture, and one more for each foreign one."""
    foreign = foreign_architecture(env) if kind is ImageKind.BUILD else ""
    return "-".join(filter(None, (env.target.replace("/", "-"), kind.value, foreign)))


def docker_image_create(env: Env, kind: ImageKind) -> None:
    """Build the family's Dockerfile for the suites of the architecture at hand."""
    suite = str(env.variable("SUITE"))
    foreign = foreign_architecture(env) if kind is ImageKind.BUILD else ""
    base = str(env.variable("BASE_IMAGE"))
    env.docker_build_image(
        f"Dockerfiles/debian/{kind.value}.Dockerfile.j2",
        kind,
        base_image=base,
        bootstrap=suite if base.startswith("debian:") else "",
        variables={
            "codename": suite,
            "suites": suites(env, env.host_arch if kind is ImageKind.SOURCE else env.arch),
            "foreign_arch": foreign,
            "libstdcxx_version": str(env.variable("LIBSTDCXX_VERSION")) if foreign else "",
            "ports_mirror": str(env.variable("PORTS_MIRROR", "")),
        },
    )


def path_package_script(env: Env, package: Package) -> str:  # noqa: ARG001 - the signature is the hook's
    """The package's own script if it brings one, else the shared one."""
    return own_script(package, "deb") or SCRIPT


def run_unpack(env: Env, package: Package) -> None:
    """Take a source package apart, or gather a tree with its upstream tarballs, for the project."""
    env.use("common/deb", "common/unpack")
    pin = package.archive.get(env.target)
    words = (package.name, pin.version, pin.sha256) if pin else ()
    env.run_command_source("common/unpack/deb.sh", *words, network=bool(pin))


def run_source(env: Env, package: Package) -> None:
    """Make the source package, or take the distribution's own where the definition pins one."""
    env.use("common/deb", *(["common/fetch"] if package.sources else []))
    pin = package.archive.get(env.target)
    flags: tuple[str, ...] = ()
    if pin:
        patches = (f"--archive-patch=src/{package.name}/{patch}" for patch in pin.patches)
        suffix = f"--archive-suffix={env.setting('archive_suffix')}"
        flags = (f"--archive-version={pin.version}", f"--archive-sha256={pin.sha256}", suffix, *patches)
    fetched = (f"--fetch={name}={file.sha256}={file.url}" for name, file in sorted(package.sources.items()))
    env.run_command_source(env.path_package_script(package), "--source", *flags, *fetched)


def run_build(env: Env, package: Package) -> None:
    """Fetch the build dependencies; without network, install them into a layer and build. Own scripts know no steps."""
    env.use("common/deb")
    arch, script = f"--arch={env.arch}", env.path_package_script(package)
    env.install(ImageKind.BUILD, SCRIPT, "--download", arch)
    env.install(ImageKind.BUILD, SCRIPT, "--install", arch, network=False)
    for option in [f"--build={step}" for step in BUILD_STEPS] if script == SCRIPT else ["--build"]:
        env.run_command_build(script, option, arch)


def run_verify(env: Env, package: Package) -> None:  # noqa: ARG001 - the signature is the hook's
    """Check the packages with lintian, from a layer of its own on the source image."""
    env.use("common/deb")
    env.install(ImageKind.SOURCE, "common/deb/verify.sh", "--download")
    env.install(ImageKind.SOURCE, "common/deb/verify.sh", "--install", network=False)
    env.run_command_source(SCRIPT, "--verify", f"--arch={env.arch}", network=False)


def run_verify_metapackage(env: Env, package: Package) -> None:
    """The same as for a package."""
    run_verify(env, package)


def run_deploy(env: Env, package: Package) -> None:  # noqa: ARG001 - the signature is the hook's
    """Into the target's apt repository."""
    env.deploy("deb", suite=str(env.variable("SUITE")))


def architectures(env: Env) -> tuple[str, ...]:
    """What the target can build for, the host's own first."""
    listed = env.variable("ARCHITECTURES", ARCHITECTURES)
    names = tuple(str(name) for name in listed) if isinstance(listed, list | tuple) else ()
    return (env.host_arch, *(name for name in names if name != env.host_arch))


def suites(env: Env, arch: str) -> tuple[str, ...]:
    """The suites that may stay enabled in an image that builds for `arch`."""
    special = env.variable("SUITES_FOR", {})
    chosen = special.get(arch) if isinstance(special, dict) else None
    plain = env.variable("SUITES", ())
    names = chosen or plain
    return tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()


def foreign_architecture(env: Env) -> str:
    """The architecture at hand, if it is not the host's."""
    return env.arch if env.arch != env.host_arch else ""


def own_script(package: Package, family: str) -> str:
    """`src/<package>/<family>/build.sh` if the package has it."""
    return f"src/{package.name}/{family}/build.sh" if family in package.scripts else ""
