"""`otk.argument`: variables that the command line must give."""

from __future__ import annotations

from build_env.manifest.directive import Directive, Form, Role

__all__ = ["ARGUMENT"]

ARGUMENT = Directive(
    name="otk.argument",
    form=Form.ALONE,
    role=Role.SILENT,
    summary="Names variables that must be given with `-A name=value`. The value is text.",
    value="a sequence of names",
    example="otk.argument:\n  - release\nname: image-$release\n",
)
