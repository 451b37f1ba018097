"""Owns Dockerfile templates: a recorded image build becomes the text of a Dockerfile. The only user of jinja2 here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.core.errors import InputError, Location
from build_env.model.room import BuildContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.core.paths import ProjectPaths
    from build_env.model.command import ImageBuild

__all__ = ["build_context", "context_digest", "render", "with_base"]

_NO_CONTEXT = ("packages.conf.py", "Dockerfile")
_TEMPLATE = "Dockerfile.j2"


def render(paths: ProjectPaths, build: ImageBuild, architecture: str, host_arch: str) -> str:
    """The Dockerfile's text; variables without a value are an error with file and line."""
    import jinja2  # noqa: PLC0415 - costs 30 ms; only planning with images needs it

    file = paths.locate(build.dockerfile)
    if not file.is_file():
        raise InputError(f"the image {build.name} needs {build.dockerfile}, which does not exist")
    if not build.base_image:
        raise InputError(f"the image {build.name} has no base: set BASE_IMAGE in the target's packages.conf.py")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Dockerfiles are no HTML
    )
    facts = {
        "base_image": build.base_image,
        "kind": build.kind.value,
        "arch": architecture,
        "host_arch": host_arch,
    }
    try:
        template = environment.from_string(file.read_text(encoding="utf-8"))
        return template.render({**facts, **build.variables})
    except jinja2.TemplateSyntaxError as error:
        where = Location(file=build.dockerfile, line=error.lineno)
        raise InputError(f"the template cannot be read: {error.message}", location=where) from error
    except jinja2.TemplateError as error:
        where = Location(file=build.dockerfile, line=_line_of(error))
        raise InputError(f"the template cannot be rendered: {error.message}", location=where) from error


def with_base(dockerfile: str, base_image: str, reference: str) -> str:
    """The Dockerfile with `reference`, where the base was found, in the place of its name after each FROM."""
    pattern = rf"^(\s*FROM\s+(?:--\S+\s+)*){re.escape(base_image)}(?=\s|$)"
    return re.sub(pattern, lambda line: line[1] + reference, dockerfile, flags=re.MULTILINE | re.IGNORECASE)


def context_digest(paths: ProjectPaths, build: ImageBuild, tree_digest: Callable[..., str]) -> str:
    """The digest of the build context's tree, empty when the build has none; `tree_digest` may also record it."""
    context = build_context(paths, build)
    return tree_digest(context.source, context.leave_out) if context else ""


def build_context(paths: ProjectPaths, build: ImageBuild) -> BuildContext | None:
    """The directory whose files a Dockerfile may copy, None when the build has none.

    Dockerfiles, their templates and a target's hooks lie in such directories and are no part of it: naming another
    package in `packages.conf.py` must not make images again.
    """
    if not build.context:
        return None
    directory = paths.root / build.context
    places = [place for place in (directory, paths.behind(directory)) if place is not None and place.is_dir()]
    if not places:
        raise InputError(f"the build context {build.context} of the image {build.name} is no directory")
    templates = {path.name for place in places for path in place.iterdir() if path.name.endswith(_TEMPLATE)}
    return BuildContext(source=directory, leave_out=(*_NO_CONTEXT, *sorted(templates)))


def _line_of(error: BaseException) -> int:
    """The template line that a rendering error came from: jinja2 puts template frames into the traceback."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
