"""`otk.define`: global variables."""

from __future__ import annotations

from build_env.manifest.directive import Directive, Form, Role

__all__ = ["DEFINE"]

DEFINE = Directive(
    name="otk.define",
    form=Form.TAG,
    role=Role.SILENT,
    summary="Defines variables for the whole manifest, wherever it stands. Maps inside it make dotted names.",
    value="a map of names and values; names are letters, digits and underscores",
    example="otk.define:\n  image:\n    boot_mode: uefi\nmode: $image.boot_mode\n",
)
