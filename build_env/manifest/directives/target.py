"""`otk.target.<app>`: what is made for a program."""

from __future__ import annotations

from build_env.manifest.directive import Directive, Form, Role

__all__ = ["TARGET"]

TARGET = Directive(
    name="otk.target",
    form=Form.NAMED,
    role=Role.SILENT,
    summary=(
        "What is printed for the program that is named, `<app>` or `<app>.<name>`. `-t` chooses one of several; "
        'for osbuild `"version": "2"` is added.'
    ),
    value="a map",
    example="otk.version: 1\notk.target.kiwi:\n  label: A label\n",
)
