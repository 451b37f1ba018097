"""`otk.version`: the version of the language."""

from __future__ import annotations

from build_env.manifest.directive import Directive, Form, Role

__all__ = ["VERSION"]

VERSION = Directive(
    name="otk.version",
    form=Form.ALONE,
    role=Role.SILENT,
    summary="The version of the language. Stands at the top of a file; version 1 is assumed where it is missing.",
    value="1",
    example="otk.version: 1\nname: hello\n",
)
