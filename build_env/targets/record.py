"""Owns `Env`, the object that hooks receive: it knows the facts of one task and records what the hook asks for.

Nothing here runs anything; an `Env` ends as a frozen `Record`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from build_env.core.errors import HookError
from build_env.core.suggest import did_you_mean
from build_env.formats.registry import formats
from build_env.model.command import Command, Deployment, ImageBuild, ImageKind, Record, Role
from build_env.targets.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.package import Package
    from build_env.model.target import Host, Options
    from build_env.settings import Settings
    from build_env.targets.load import LoadedTarget

__all__ = ["SEED_VARIABLES", "Env", "call_hook"]

_ARGUMENTS = "DOCKER_BUILD_ARGS"
# Constants of a target that the seed reads from the environment, by the names they have there.
SEED_VARIABLES = {
    "CTX_PATH": "CTX_PATH",
    "ENV_TARGET_ROOT": "ENV_TARGET_ROOT",
    "DOCKER_PREFIX": "PELION_DOCKER_PREFIX",
    _ARGUMENTS: _ARGUMENTS,
    "PLATFORM_ARCH": "PLATFORM_ARCH",
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Env:
    """What a hook receives: the facts of one task, and the verbs that record what its rooms shall do.

    `host` is the machine build-env runs on, `arch` the architecture that the task builds for (the seed's `ARCH`, a
    Debian name), `options` are the seed's `arg_arch` and `opt_*_arch`. `loaded`, `settings`, `environ` and `record`
    are for build-env itself.

    A verb that gets what it cannot use raises HookError, which names the hook and its file.
    """

    loaded: LoadedTarget
    host: Host
    options: Options
    arch: str
    settings: Settings
    environ: Mapping[str, str] = field(default_factory=dict)
    _recorded: Record = field(default_factory=Record)

    @property
    def target(self) -> str:
        """The target's name: `debian/12`."""
        return self.loaded.name

    @property
    def target_directory(self) -> str:
        """The target's directory below the project root: `targets/debian/12`."""
        return str(PurePosixPath(self.loaded.file).parent)

    @property
    def host_arch(self) -> str:
        """The architecture of the machine, a Debian name."""
        return self.host.architecture

    def variable(self, name: str, default: object = ...) -> object:
        """An upper-case constant of the target; the seed's five variables are asked of the environment first.

        `DOCKER_BUILD_ARGS` of the environment are further arguments, and win over the target's by name.

        Raises:
            HookError: when they are no list of NAME=value, or when there is no constant of that name (or it is None)
                and no `default`; the five may be missing.
        """
        own = self.loaded.variables.get(name)
        own = default if own is None else own
        if own is ... and name in SEED_VARIABLES:
            own = None
        elif own is ...:
            near = did_you_mean(name, self.loaded.variables)
            raise HookError(
                f"{self.loaded.file} does not set {name}, which a hook of it needs{near}",
                hint=f"add {name} = … to {self.loaded.file}",
            )
        given = self.environ.get(SEED_VARIABLES[name], "") if name in SEED_VARIABLES else ""
        if name == _ARGUMENTS and given:
            return {**_build_arguments(own or ()), **_build_arguments(_words(given))}
        return given or own

    def setting(self, name: str) -> object:
        """A setting of the project, `build_jobs` for example.

        Raises:
            HookError: when there is none of that name.
        """
        names = [entry.name for entry in fields(self.settings)]
        if name not in names:
            raise HookError(f"env.setting: there is no setting {name}{did_you_mean(name, names)}")
        return getattr(self.settings, name)

    def call(self, hook: str, *arguments: object) -> object:
        """What another hook of this target says, the default where the target has none.

        Raises:
            HookError: when there is no hook of that name.
        """
        if hook not in self.loaded.hooks:
            raise HookError(f"env.call: there is no hook {hook}{did_you_mean(hook, self.loaded.hooks)}")
        return self.loaded.hooks[hook](self, *arguments)

    def path_package_script(self, package: Package) -> str:
        """What the target's hook says: the script that builds `package`, below the project root."""
        return cast("str", self.call("path_package_script", package))

    def docker_image_name(self, kind: ImageKind) -> str:
        """What the target's hook says: the plain name of its image of that kind, without prefix."""
        return cast("str", self.call("docker_image_name", kind))

    def use(self, *folders: str) -> None:
        """Give the room these folders of `common/`; they enter the key.

        Raises:
            HookError: when one is not there, or not below `common/`.
        """
        for folder in folders:
            parts = PurePosixPath(folder).parts
            inside = parts[:1] == ("common",) and len(parts) > 1 and ".." not in parts
            if not inside or not self.loaded.paths.locate(folder).is_dir():
                raise HookError(f"env.use({folder!r}): there is no such folder below common/")
            if folder not in self._recorded.folders:
                self._recorded = replace(self._recorded, folders=(*self._recorded.folders, folder))

    def run_command_build(
        self, *argv: str, environment: Mapping[str, str] | None = None, cwd: str = ".", network: bool = False
    ) -> None:
        """Record a command for the room made from the build image; it has no network unless that is asked for.

        Raises:
            HookError: when a word is no text, a variable has no valid name, or commands of both images are mixed.
        """
        self._record(ImageKind.BUILD, argv, environment=environment, cwd=cwd, network=network)

    def run_command_source(
        self, *argv: str, environment: Mapping[str, str] | None = None, cwd: str = ".", network: bool = True
    ) -> None:
        """Record a command for the room made from the source image; it has network.

        Raises:
            HookError: as `run_command_build`.
        """
        self._record(ImageKind.SOURCE, argv, environment=environment, cwd=cwd, network=network)

    def docker_image_run(self, kind: ImageKind | str, *argv: str, environment: Mapping[str, str] | None = None) -> None:
        """Record a command that wants a temporary container even where containers are reused.

        Raises:
            HookError: as `run_command_build`.
        """
        self._record(ImageKind(kind), argv, environment=environment, temporary=True)

    def install(
        self,
        kind: ImageKind | str,
        *argv: str,
        environment: Mapping[str, str] | None = None,
        network: bool = True,
    ) -> None:
        """Record a command that installs, as root, into the layer below the room.

        Those with network come first, in a room that is no part of the layer if others follow: what they leave in
        `$BUILD_ARCHIVES` is all that the others get.

        Raises:
            HookError: as `run_command_build`, or when it follows one without network and wants it.
        """
        before = [command.network for command in self._recorded.commands if command.role is Role.INSTALL]
        if network and False in before:
            raise HookError("env.install: what is fetched with network comes before what is installed without")
        self._record(ImageKind(kind), argv, environment=environment, network=network, role=Role.INSTALL)

    def ask(self, kind: ImageKind | str, *argv: str, environment: Mapping[str, str] | None = None) -> None:
        """Record a command that finds out what else the task needs installed, and leaves it as the dependency set.

        It runs before the task in rooms of its own, without network; what it names is installed, and it is asked again.

        Raises:
            HookError: as `run_command_build`.
        """
        self._record(ImageKind(kind), argv, environment=environment, role=Role.ASK)

    def docker_build_image(  # noqa: PLR0913 - the seed's interface, all but two by keyword
        self,
        dockerfile: str,
        kind: ImageKind | str,
        *,
        base_image: str = "",
        bootstrap: str = "",
        context: str = "",
        build_args: Mapping[str, str] | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> None:
        """Record the build of an image from `dockerfile`, a jinja2 template below the project root; see `ImageBuild`.

        The context is the argument, else `CTX_PATH`, `ENV_TARGET_ROOT`, the folder of the Dockerfile.

        Raises:
            HookError: when it lies outside the project, or `DOCKER_BUILD_ARGS` is no list of NAME=value.
        """
        named = str(self.variable("CTX_PATH") or self.variable("ENV_TARGET_ROOT") or "")
        image = ImageBuild(
            name=self.docker_image_name(ImageKind(kind)),
            kind=ImageKind(kind),
            dockerfile=dockerfile,
            bootstrap=bootstrap,
            base_image=base_image or str(self.variable("BASE_IMAGE", "")),
            context=context or self._below_root(named) or str(PurePosixPath(dockerfile).parent),
            arguments={**_build_arguments(self.variable(_ARGUMENTS, ())), **(build_args or {})},
            variables=dict(variables or {}),
            platform=cast("str", self.call("docker_pre_run")) or "",
            prefix=str(self.variable("DOCKER_PREFIX") or self.settings.image_prefix),
        )
        self._recorded = replace(self._recorded, images=(*self._recorded.images, image))

    def deploy(self, repository_format: str, *, suite: str) -> None:
        """Record that the package goes into the target's repository of that format, below the suite `suite`.

        Raises:
            HookError: when there is no such format, or for a second repository.
        """
        names = [each.name for each in formats()]
        if repository_format not in names:
            raise HookError(f"env.deploy: the format is {' or '.join(names)}, not {repository_format!r}")
        if self._recorded.deployments:
            raise HookError("env.deploy: a package goes into one repository, and this hook names a second")
        self._recorded = replace(self._recorded, deployments=(Deployment(format=repository_format, suite=suite),))

    def provide(self) -> None:
        """Record that later builds may install the package."""
        self._recorded = replace(self._recorded, provides=True)

    def tar(self) -> None:
        """Record that everything built for the architecture goes into one tar archive."""
        self._recorded = replace(self._recorded, tar=True)

    def record(self, printed: str = "") -> Record:
        """All that was recorded, frozen; `printed` is what the hook printed. Not for hooks."""
        return replace(self._recorded, printed=tuple(printed.splitlines()))

    def _below_root(self, path: str) -> str:
        """A path of a build context from the root; in the environment it may be absolute.

        Raises:
            HookError: when it lies outside the project.
        """
        own = PurePosixPath(path.removeprefix(f"{self.loaded.paths.root}/"))
        if own.is_absolute() or ".." in own.parts:
            raise HookError(f"the build context {path} (CTX_PATH, ENV_TARGET_ROOT) is not below the project's root")
        return str(own) if path else ""

    def _record(  # noqa: PLR0913 - one place that makes a Command
        self,
        kind: ImageKind,
        argv: tuple[str, ...],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: str = ".",
        network: bool = False,
        role: Role = Role.RUN,
        temporary: bool = False,
    ) -> None:
        """Record a command.

        Raises:
            HookError: as `run_command_build`.
        """
        variables = dict(environment or {})
        if not argv or not all(_is_text(word) for word in (*argv, cwd)):
            raise HookError(f"a command is a list of words, not {argv!r}")
        for name, value in variables.items():
            if not _VARIABLE.fullmatch(name) or not _is_text(value):
                raise HookError(f"the environment of a command maps names to text, not {name!r} to {value!r}")
        if self._recorded.commands and self._recorded.commands[0].kind is not kind:
            raise HookError("all commands of one task share its room: do not mix source and build commands in one hook")
        command = Command(
            kind=kind,
            argv=argv,
            cwd=cwd,
            environment=variables,
            network=network,
            role=role,
            temporary=temporary,
        )
        self._recorded = replace(self._recorded, commands=(*self._recorded.commands, command))


def _is_text(value: object) -> bool:
    """Whether `value` can be a word of a command; hooks are not checked for types before they run."""
    return isinstance(value, str) and "\0" not in value


def _words(text: str) -> list[str]:
    """The words of a variable of the environment, as a shell takes them apart.

    Raises:
        HookError: when a quote is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise HookError(f"{_ARGUMENTS} of the environment: {error}") from error


def _build_arguments(value: object) -> dict[str, str]:
    """`DOCKER_BUILD_ARGS`: a list of `NAME=value`, as in the seed, or a map.

    Raises:
        HookError: when it is neither.
    """
    if isinstance(value, dict):
        return {str(name): str(item) for name, item in value.items()}
    if isinstance(value, list | tuple) and all("=" in str(entry) for entry in value):
        return {name: item for name, _, item in (str(entry).partition("=") for entry in value)}
    raise HookError(f"DOCKER_BUILD_ARGS must be a list of NAME=value, not {value!r}")


def call_hook(env: Env, hook: str, *arguments: object) -> tuple[object, Record]:
    """Call one hook behind the fence (`guard.py`); its return value and what it recorded.

    Raises:
        HookError: for whatever goes wrong in the hook, with its place.
    """
    what = f"{hook} of {env.loaded.file}"
    with guarded(what, env.loaded.paths.root) as printed:
        answer = env.call(hook, *arguments)
    return answer, env.record(printed.getvalue())
