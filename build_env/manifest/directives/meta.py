"""`otk.meta.<app>`: data for another program."""

from __future__ import annotations

from build_env.manifest.directive import Directive, Form, Role

__all__ = ["META"]

META = Directive(
    name="otk.meta",
    form=Form.NAMED,
    role=Role.SILENT,
    summary="Data for the program that is named. It is no part of the output; `--meta` prints it.",
    value="a map",
    example="otk.meta.kiwi:\n  label: A label\n",
)
