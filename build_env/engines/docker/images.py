"""Owns images in the engine: described, pulled, built with the classic builder, loaded from a root tar, committed.

The classic builder is what every engine has; a cached build with it is also six times faster than with BuildKit.
"""

from __future__ import annotations

import contextlib
import re
import tarfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from build_env.core.canonical import digest_file
from build_env.core.errors import BuildEnvError, InfrastructureError, Interrupted, TaskError
from build_env.core.machine import builder_id, debian_architecture
from build_env.engines.docker.connection import INVENTORY, LABEL, OutOfTime, labelled, no_handler
from build_env.engines.docker.inventory import asked, kept, label_of
from build_env.engines.docker.leftovers import BUILDER
from build_env.engines.docker.rootfs import image_archive, image_config
from build_env.engines.layout import INSTALLED
from build_env.engines.network_faults import Listener
from build_env.engines.output import LineSplitter
from build_env.engines.staging import Packer, end_of_archive, member
from build_env.model.garbage import LAYER_IMAGE, TARGET_IMAGE
from build_env.model.identity import TaskName
from build_env.model.image import ImageDescription, ImageInventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.engines.docker.connection import Connection
    from build_env.engines.docker.rooms import DockerRooms
    from build_env.model.room import RoomEntry, RoomOutcome, RoomSpec, TimeLimit

__all__ = ["DockerImages"]

_CANCELLING = 2.0  # seconds for finding and killing what builds
# Labels that must not pass from a room to an image.
_OF_ONE_RUN = ("architectures", "key", "run", "user", *TaskName._fields)
_FROM = re.compile(r"^FROM .*$", re.MULTILINE)
_STEP = re.compile(r"Step \d+/\d+ : ")
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"  # what the engine puts around each piece of standard error
_FRACTION = re.compile(r"\.[0-9]+")
_MARK = re.compile(rf"{_STEP.pattern}| ---> ")


@dataclass(frozen=True, kw_only=True)
class DockerImages:
    """The `ImageEngine` port. `project` marks the containers in which images are built, so that they can be found."""

    connection: Connection
    rooms: DockerRooms
    project: str
    run: str = ""
    limit: TimeLimit | None = None  # for each thing that is done with one
    proxies: Mapping[str, str] = field(default_factory=dict)  # builders know these arguments, and keep none of them
    begun: set[str] = field(default_factory=set)  # what is built, or failed: tried again it takes no step from before
    seen: dict[str, str] = field(default_factory=dict)  # what the engine answered: reference to identifier or nothing

    def describe(self, reference: str) -> ImageDescription | None:
        """See `ImageEngine.describe`."""
        image = self.connection.image(reference)
        self.seen[reference] = image["Id"] if image else ""
        if image is None:
            return None
        variant = image.get("Variant") or ""
        name = "/".join(part for part in (image["Architecture"], variant) if part)
        return ImageDescription(
            identifier=image["Id"],
            architecture=debian_architecture("arm/v7" if name.startswith("arm/") or name == "arm" else name, name),
            labels=(image.get("Config") or {}).get("Labels") or {},
            since=_seconds((image.get("Metadata") or {}).get("LastTagTime") or ""),
        )

    def build(  # noqa: PLR0913 - the port's
        self,
        *,
        dockerfile: str,
        context: RoomEntry | None,
        object_path: Callable[[str], Path],
        tag: str,
        arguments: Mapping[str, str],
        labels: Mapping[str, str],
        platform: str,
        output: Callable[[str], None],
    ) -> ImageDescription:
        """See `ImageEngine.build`."""
        uid, gid = builder_id()
        anew = not self.run or tag in self.begun
        self.begun.add(tag)
        with self._in_time(), self.connection.errors("building an image"):
            events = self.connection.api.build(
                fileobj=self.connection.in_time(_context(self._marked(dockerfile), context, object_path)),
                custom_context=True,
                tag=tag,
                buildargs={**self.proxies, "USER_ID": str(uid), "GROUP_ID": str(gid), **arguments},
                labels={**labels, f"{LABEL}.role": TARGET_IMAGE, f"{LABEL}.run": ""},
                platform=platform or None,
                rm=True,
                forcerm=True,
                nocache=anew,
                decode=True,
            )
            _follow_build(self._until_cancelled(events), output)
            self._keep_inventory(tag, platform)
        self.begun.discard(tag)
        return self._must_have(tag)

    def cancel(self) -> None:
        """See `ImageEngine.cancel`: the builder's own containers are killed, which fails its step."""
        self.connection.cancel()
        # A step that is killed fails at once, whatever the builder makes of a caller who hung up.
        with contextlib.suppress(BuildEnvError), self.connection.patience.limited(_CANCELLING):
            for container in self.connection.containers(project=self.project, run=self.run, role=BUILDER):
                self.connection.kill(container["Id"])

    @property
    def _labels(self) -> dict[str, str]:
        """What marks the containers in which images are built or looked at."""
        return {"project": self.project, "run": self.run, "role": BUILDER}

    def _marked(self, dockerfile: str) -> str:
        """The Dockerfile with our labels after each FROM: the builder hands them to the containers of its steps."""
        labels = _label(labelled(self._labels))
        return _FROM.sub(lambda line: f"{line[0]}\n{labels}", dockerfile)

    def _until_cancelled(self, events: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for event in events:
            if self.connection.cancelled:
                raise Interrupted("stopped")
            yield event

    def pull(self, reference: str, platform: str, output: Callable[[str], None]) -> ImageDescription | None:
        """See `ImageEngine.pull`."""
        name, _, tag = reference.rpartition(":") if ":" in reference.rsplit("/", 1)[-1] else (reference, "", "latest")
        try:
            with self._in_time(), self.connection.errors(f"pulling {reference}"):
                events = self.connection.api.pull(name, tag=tag, platform=platform or None, stream=True, decode=True)
                for event in self._until_cancelled(events):
                    if "error" in event:
                        output(str(event["error"]).strip())
                        return None
        except InfrastructureError as error:
            output(error.message)
            return None
        return self.describe(reference)

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        """Give the engine no more than the time of a task; it ends a build that nobody listens to any more."""
        with self.connection.patience.limited(self.limit.seconds if self.limit else None):
            try:
                yield
            except OutOfTime as error:
                raise TaskError(self.limit.exceeded if self.limit else error.message) from error

    def tag(self, reference: str, name: str) -> None:
        """Give the image `reference` the name `name`, too."""
        repository, _, tag = name.rpartition(":")
        with self.connection.errors(f"tagging {reference}"):
            self.connection.api.tag(reference, repository, tag, force=True)

    def load_rootfs(self, archive: Path, *, tag: str, architecture: str, labels: Mapping[str, str]) -> ImageDescription:
        """See `ImageEngine.load_rootfs`: `docker import` of older engines ignores the platform, `load` does not."""
        config = image_config(architecture, digest_file(archive), labels)
        with self.connection.errors("loading an image"):
            for _ in self.connection.api.load_image(image_archive(archive, config, tag)):
                pass
        return self._must_have(tag)

    def commit_layer(self, spec: RoomSpec, tag: str, output: Callable[[str], None]) -> RoomOutcome:
        """See `ImageEngine.commit_layer`."""
        repository, _, version = tag.rpartition(":")
        own = {f"{LABEL}.role": LAYER_IMAGE, **{f"{LABEL}.{name}": "" for name in _OF_ONE_RUN}}

        def keep(container: str) -> None:
            listed = spec.collect / Path(INSTALLED).name
            packages = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
            own[INVENTORY] = label_of(ImageInventory(packages=packages, index=""))
            with self.connection.errors("keeping a layer"):
                changes = ["WORKDIR /", 'CMD ["/bin/sh"]', _label(own)]
                self.connection.api.commit(container, repository=repository, tag=version, changes=changes)

        return self.rooms.run_install(spec, output, keep)

    def inventory(self, reference: str) -> ImageInventory:
        """See `ImageEngine.inventory`."""
        description = self.describe(reference)
        found = kept(description.labels) if description else None
        if found is None:
            with self._in_time():
                found = asked(self.rooms.fresh, reference, self._labels)
        return found

    def _keep_inventory(self, tag: str, platform: str) -> None:
        """Label the image with what is installed in it: who finds it there later need not ask."""
        value = label_of(asked(self.rooms.fresh, tag, self._labels))
        events = self.connection.api.build(
            fileobj=_context(f"FROM {tag}\n{_label({INVENTORY: value})}\n", None, Path),
            custom_context=True,
            tag=tag,
            platform=platform or None,
            rm=True,
            forcerm=True,
            decode=True,
        )
        _follow_build(self._until_cancelled(events), lambda _line: None)

    def _must_have(self, tag: str) -> ImageDescription:
        description = self.describe(tag)
        if description is None:
            raise InfrastructureError(f"the engine made {tag} and does not have it")
        return description


def _seconds(time: str) -> float:
    """A time as the engine writes it, with more digits than others; its year 1 means never."""
    try:
        return max(0.0, datetime.fromisoformat(_FRACTION.sub("", time)).timestamp())
    except (ValueError, OverflowError):
        return 0.0


def _label(labels: Mapping[str, str]) -> str:
    """The instruction of a Dockerfile that sets labels."""
    return " ".join(["LABEL", *(f'"{name}"="{value}"' for name, value in sorted(labels.items()))])


def _follow_build(events: Iterator[Mapping[str, Any]], output: Callable[[str], None]) -> None:
    """Pass on the lines that the steps print; raise what fits when one fails.

    The engine cuts what a step prints wherever it likes: only a mark of its own ends a line that has no end.
    """
    step = Listener(output)

    def heard(line: str) -> None:
        if _STEP.match(line):
            step.restart()
        if line.strip():
            step.line(line.rstrip())

    lines = LineSplitter(heard)
    for event in events:
        text = str(event.get("stream", ""))
        if text.startswith(_RED):
            text = text.removeprefix(_RED).removesuffix(_PLAIN)
        if "error" in event or _MARK.match(text):
            lines.close()
        if "error" in event:
            text = str(event["error"]).strip()
            if "exec format error" in text or "exec /bin/sh" in text:
                raise no_handler(text)
            step.refuse_fault(int(event.get("errorDetail", {}).get("code", 0)), text)
            raise TaskError(f"a step of the Dockerfile failed: {text}")
        lines.feed(text.encode())
    lines.close()


def _context(dockerfile: str, context: RoomEntry | None, object_path: Callable[[str], Path]) -> Iterator[bytes]:
    """The build context as a tar: the rendered Dockerfile and the files of `context`."""
    data = dockerfile.encode()
    info = tarfile.TarInfo("Dockerfile")
    info.size = len(data)
    yield member(info) + data + bytes(-len(data) % tarfile.BLOCKSIZE)
    if context:
        yield from Packer(object_path).tree("", context.digest)
    yield end_of_archive()
