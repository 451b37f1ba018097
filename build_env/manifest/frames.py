"""Owns where an evaluation is: in which file, through which includes, with which `this`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.core.errors import Location
    from build_env.manifest.nodes import Place
    from build_env.manifest.sources import Document

__all__ = ["Frame"]


@dataclass(slots=True, eq=False, kw_only=True)
class Frame:
    """A file as reached through its includes; `order` sorts places over all files as the document reads."""

    document: Document
    parent: Frame | None = None
    place: Place | None = None
    order: tuple[tuple[int, int], ...] = ()
    this: dict[str, object] | None = None
    bindings: dict[tuple[str, int], Frame] = field(default_factory=dict)

    @property
    def chain(self) -> tuple[Location, ...]:
        """The includes that led here, the innermost first."""
        return tuple(frame.place.location for frame in self.upwards() if frame.place is not None)

    def upwards(self) -> Iterator[Frame]:
        """This one and all that include it."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def inner(self, document: Document, place: Place) -> Frame:
        """The frame of a file that is included at `place`."""
        order = (*self.order, (place.line, place.column))
        return Frame(document=document, parent=self, place=place, order=order, this=self.this)

    def bound(self, name: str, index: int, this: dict[str, object]) -> Frame:
        """This file with another `this`; the same frame for the same binding."""
        key = (name, index)
        if key not in self.bindings:
            self.bindings[key] = Frame(
                document=self.document, parent=self.parent, place=self.place, order=self.order, this=this
            )
        return self.bindings[key]

    def at(self, place: Place) -> tuple[tuple[int, int], ...]:
        """Where `place` is in the order of the document."""
        return (*self.order, (place.line, place.column))
