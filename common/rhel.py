"""The Enterprise Linux family: one image per architecture, emulated where it is not the host's; `common/rpm`.

A target sets BASE_IMAGE, DISTRO (centos, rocky), RELEASE (8, 9), POWERTOOLS (the repository of development
packages) and its package lists, and may set ARCHITECTURES.
"""

from build_env.hooks import Env, ImageKind, Package

FAMILY = "rpm"
ARCHITECTURES = ("amd64", "arm64")
SCRIPT = "common/rpm/build.sh"
# Each is a command of its own: a build that failed can go on from the one that failed, with what was mended by hand.
BUILD_STEPS = ("extract", "make", "install", "package")


def env_arch_supported(env: Env, arch: str) -> bool:
    """What the target lists."""
    listed = env.variable("ARCHITECTURES", ARCHITECTURES)
    return isinstance(listed, list | tuple) and arch in listed


def docker_pre_run(env: Env) -> str:
    """Emulated: the platform of the architecture, nothing for the host's own."""
    return "" if env.arch == env.host_arch else f"linux/{env.arch}"


def docker_image_name(env: Env, kind: ImageKind) -> str:  # noqa: ARG001 - one image serves both kinds
    """One image per architecture for both kinds."""
    return f"{env.target.replace('/', '-')}-build-{env.arch}"


def docker_image_create(env: Env, kind: ImageKind) -> None:
    """Build the family's Dockerfile."""
    env.docker_build_image(
        "Dockerfiles/rhel/build.Dockerfile.j2",
        kind,
        variables={
            "distro": str(env.variable("DISTRO")),
            "release": str(env.variable("RELEASE")),
            "archive_host": str(env.setting("archive_mirror")),
            "powertools": str(env.variable("POWERTOOLS", "")),
        },
    )


def path_package_script(env: Env, package: Package) -> str:  # noqa: ARG001 - the signature is the hook's
    """The package's own script if it brings one, else the shared one."""
    return f"src/{package.name}/rpm/build.sh" if "rpm" in package.scripts else SCRIPT


def run_scan(env: Env, packages: tuple[Package, ...]) -> None:
    """Ask rpmspec, in a room that has all of them, what the spec files declare."""
    env.use("common/rpm")
    environment = rpm_environment(env)
    if chosen := [line for package in packages for line in _chosen(package)]:
        environment["RPM_CHOICES"] = "\n".join(chosen)
    env.run_command_source("common/rpm/scan.sh", environment=environment, network=False)


def run_unpack(env: Env, package: Package) -> None:  # noqa: ARG001 - the signature is the hook's
    """Gather a spec file and its sources for the project, as rpm reads them."""
    env.use("common/rpm", "common/unpack")
    env.run_command_source("common/unpack/rpm.sh", environment=rpm_environment(env), network=False)


def run_source(env: Env, package: Package) -> None:
    """Make the source RPM."""
    env.use("common/rpm", *(["common/fetch"] if package.sources else []))
    fetched = (f"--fetch={name}={file.sha256}={file.url}" for name, file in sorted(package.sources.items()))
    script = env.path_package_script(package)
    env.run_command_source(script, "--source", *fetched, environment=rpm_environment(env))


def run_build(env: Env, package: Package) -> None:
    """Fetch the build requirements; without network, install them into a layer and build. Own scripts know no steps."""
    env.use("common/rpm")
    arch, script, environment = f"--arch={env.arch}", env.path_package_script(package), rpm_environment(env)
    env.install(ImageKind.BUILD, SCRIPT, "--download", arch, environment=environment)
    env.install(ImageKind.BUILD, SCRIPT, "--install", arch, environment=environment, network=False)
    packaging = package.packaging.get(FAMILY)
    if packaging is not None and packaging.dynamic:
        env.ask(ImageKind.BUILD, SCRIPT, "--ask", arch, environment=environment)
    for option in [f"--build={step}" for step in BUILD_STEPS] if script == SCRIPT else ["--build"]:
        env.run_command_build(script, option, arch, environment=environment)


def run_verify(env: Env, package: Package) -> None:
    """Check the packages with rpmlint, in a room of their own architecture."""
    env.use("common/rpm")
    env.install(ImageKind.BUILD, "common/rpm/verify.sh", "--download")
    env.install(ImageKind.BUILD, "common/rpm/verify.sh", "--install", network=False)
    script = env.path_package_script(package)
    env.run_command_build(script, "--verify", f"--arch={env.arch}", environment=rpm_environment(env))


def run_verify_metapackage(env: Env, package: Package) -> None:
    """The same as for a package."""
    run_verify(env, package)


def run_deploy(env: Env, package: Package) -> None:  # noqa: ARG001 - the signature is the hook's
    """Into the target's dnf repository."""
    env.deploy("rpm", suite=env.target.replace("/", "-"))


def rpm_environment(env: Env) -> dict[str, str]:
    """The macros that every rpmbuild and rpmspec call of the target needs."""
    release = str(env.variable("RELEASE"))
    return {"RPM_DIST": f".el{release}", "RPM_RHEL": release}


def _chosen(package: Package) -> list[str]:
    """What is chosen about the spec file of a package, in lines as `common/rpm/scan.sh` takes them."""
    chosen = package.choices.of(("enabled", "disabled", "defined")).variables()
    return [f"src/{package.name}\t{name}\t{line}" for name, value in chosen.items() for line in value.splitlines()]
