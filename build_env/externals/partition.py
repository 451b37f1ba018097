"""Owns `osbuild.partition`: a partition table out of sizes, types and an alignment. Pure."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from build_env.core.canonical import canonical_json
from build_env.core.shapes import Field, Fields, Items, Number, Size, Text, Truth
from build_env.externals.program import Context, Program
from build_env.manifest.externals import ExternalError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PARTITION"]

_MEBIBYTE = 1 << 20
_ENTRIES = 128 * 128  # bytes of the entries of a GPT, of which there are two
_MOST_DOS = 4
_NAMESPACE = uuid.UUID("a65b9e49-5f4b-5b3b-9f1c-0d6d5b0a7c11")
_GPT: Final[Mapping[str, str]] = {
    "bios-boot": "21686148-6449-6E6F-744E-656564454649",
    "esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    "home": "933AC7E1-2EB4-4F13-B844-0E14E2AEF915",
    "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    "lvm": "E6D6D379-F507-44C2-A23C-238F2A3DF928",
    "prep": "9E1A2D38-C612-4316-AA26-8B49521E5A8B",
    "raid": "A19D880F-05FC-4D3B-A006-743F0F84911E",
    "root-arm": "69DAD710-2CE4-4E3C-B16C-21A1D49ABED3",
    "root-arm64": "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
    "root-x86-64": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
    "swap": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    "xbootldr": "BC13C2FF-59E6-4262-A352-B275FD6F7172",
}
_DOS: Final[Mapping[str, str]] = {
    "esp": "ef",
    "linux": "83",
    "lvm": "8e",
    "prep": "41",
    "raid": "fd",
    "swap": "82",
}
_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


@dataclass(frozen=True, kw_only=True)
class _Disk:
    """What the label leaves for partitions, in bytes: from `first`, and `tail` at the end; `size` 0: not given."""

    gpt: bool
    sector: int
    alignment: int
    size: int

    @property
    def label(self) -> str:
        return "gpt" if self.gpt else "dos"

    @property
    def first(self) -> int:
        return 2 * self.sector + _ENTRIES if self.gpt else self.sector

    @property
    def tail(self) -> int:
        return self.sector + _ENTRIES if self.gpt else 0

    @property
    def reach(self) -> int:
        """The most that the label can describe; for gpt what the size of a file can be."""
        return ((1 << 63) - 1) // self.sector * self.sector if self.gpt else ((1 << 32) - 1) * self.sector


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A partition; `start` and `size` in bytes."""

    wanted: Mapping[str, object]
    kind: str
    start: int
    size: int


def _partition(arguments: Mapping[str, object], _: Context) -> object:
    disk = _Disk(
        gpt=arguments["label"] == "gpt",
        sector=_number(arguments["sector-size"]),
        alignment=_number(arguments["alignment"]),
        size=_number(arguments["size"]),
    )
    wanted = [item for item in _list(arguments["partitions"]) if isinstance(item, dict)]
    faults = [*_faults(disk, wanted), *_identifiers(disk, arguments["uuid"], wanted)]
    if not faults:
        parts = _laid(disk, wanted, faults)
        made = replace(disk, size=disk.size or _up(parts[-1].start + parts[-1].size + disk.tail, disk.alignment))
        if made.size > made.reach:
            what = "size: the disk" if disk.size else "partitions: the disk that they need"
            more = "" if disk.gpt else "; label: gpt reaches further"
            known = f"{disk.label} with sectors of {disk.sector} reaches {made.reach}{more}"
            faults.append(f"{what} has {made.size} bytes, but {known}")
        if not faults:
            return _table(arguments, made, parts)
    raise ExternalError("\n".join(["the table cannot be made", *(f"  {fault}" for fault in faults)]))


def _faults(disk: _Disk, wanted: list[dict[str, object]]) -> list[str]:
    """What is wrong before anything is laid out."""
    faults = [*_uneven(disk, "alignment", disk.alignment), *_uneven(disk, "size", disk.size)]
    if not disk.gpt and len(wanted) > _MOST_DOS:
        faults.append(f"partitions: {len(wanted)} are too many for dos, which has {_MOST_DOS}; label: gpt has 128")
    if disk.gpt and len(wanted) > _ENTRIES // 128:
        faults.append(f"partitions: {len(wanted)} are too many: gpt has 128")
    for index, item in enumerate(wanted):
        where = f"partitions[{index}]"
        if not _type(disk, str(item["type"])):
            known = ", ".join(_GPT if disk.gpt else _DOS)
            number = "a UUID" if disk.gpt else "two hexadecimal digits"
            faults.append(f"{where}.type: {item['type']!r} is not known; known: {known}, and {number}")
        if not disk.gpt:
            faults += [f"{where}.{name}: only gpt has it" for name in ("name", "uuid") if item[name] is not None]
        if item["size"] is None and (index + 1 < len(wanted) or not disk.size):
            faults.append(f"{where}.size: is missing; only the last takes the rest, and only of a size that is given")
        faults += _uneven(disk, f"{where}.start", _number(item["start"]))
    return faults


def _uneven(disk: _Disk, where: str, size: int) -> list[str]:
    near = _up(size, disk.sector)
    return [f"{where}: {size} is no multiple of the sector size {disk.sector}; {near} is"] if near != size else []


def _identifiers(disk: _Disk, own: object, wanted: list[dict[str, object]]) -> list[str]:
    """What is wrong with the identifiers that are given."""
    faults = []
    if isinstance(own, str) and own.startswith("0x") == disk.gpt:
        form = "a UUID" if disk.gpt else "0x and eight hexadecimal digits"
        faults.append(f"uuid: {own} is not for {disk.label}, which takes {form}")
    seen: dict[str, int] = {}
    for index, item in enumerate(wanted):
        if item["uuid"] is None:
            continue
        first = seen.setdefault(str(item["uuid"]).lower(), index)
        if first != index:
            faults.append(f"partitions[{index}].uuid: partitions[{first}] has the same")
    return faults


def _laid(disk: _Disk, wanted: list[dict[str, object]], faults: list[str]) -> list[_Part]:
    """The partitions one after the other, each at the next aligned place unless it says where."""
    parts: list[_Part] = []
    free, end = disk.first, disk.size - disk.tail
    for index, item in enumerate(wanted):
        where = f"partitions[{index}]"
        start = _up(free, disk.alignment) if item["start"] is None else _number(item["start"])
        if start < free:
            taken = "the table" if index == 0 else f"partitions[{index - 1}]"
            faults.append(f"{where}.start: {start} lies in {taken}, which ends at {free}")
        given = _number(item["size"])
        size = _up(given, disk.sector) if given else end // disk.alignment * disk.alignment - start
        if disk.size and (size <= 0 or start + size > end):
            faults.append(f"{where}: from {start} there is no room for {given or 'anything'}: the disk ends at {end}")
        parts.append(_Part(wanted=item, kind=_type(disk, str(item["type"])), start=start, size=size))
        free = start + size
    return parts


def _table(arguments: Mapping[str, object], disk: _Disk, parts: list[_Part]) -> object:
    # The same arguments give the same identifiers: what is made of them can be reproduced.
    own = uuid.uuid5(_NAMESPACE, canonical_json(arguments))
    identifier = str(arguments["uuid"] or (own if disk.gpt else f"0x{own.hex[:8]}"))
    rows = []
    for number, part in enumerate(parts, 1):
        row: dict[str, object] = {"start": part.start // disk.sector, "size": part.size // disk.sector}
        row["type"] = part.kind
        if disk.gpt:
            row["uuid"] = str(part.wanted["uuid"] or uuid.uuid5(own, str(number)))
        if part.wanted["name"] is not None:
            row["name"] = part.wanted["name"]
        if part.wanted["bootable"]:
            row["bootable"] = True
        rows.append(row)
    return {
        "label": disk.label,
        "uuid": identifier,
        "bytes": disk.size,
        "sector-size": disk.sector,
        "partitions": rows,
        "script": _script(disk, identifier, rows),
    }


def _script(disk: _Disk, identifier: str, rows: list[dict[str, object]]) -> str:
    """What `sfdisk` reads."""
    head = [f"label: {disk.label}", f"label-id: {identifier}", "unit: sectors"]
    if disk.gpt:
        head += [f"first-lba: {disk.first // disk.sector}", f"last-lba: {(disk.size - disk.tail) // disk.sector - 1}"]
    lines = [*head, f"sector-size: {disk.sector}", ""]
    for row in rows:
        words = [f"{name}={row[name]}" for name in ("start", "size", "type", "uuid") if name in row]
        if "name" in row:
            words.append(f'name="{row["name"]}"')
        lines.append(", ".join([*words, *(["bootable"] if "bootable" in row else [])]))
    return "\n".join([*lines, ""])


def _type(disk: _Disk, name: str) -> str:
    """The identifier of a type, nothing for one that is not known."""
    if re.fullmatch(_UUID if disk.gpt else r"[0-9A-Fa-f]{1,2}", name):
        return name
    return (_GPT if disk.gpt else _DOS).get(name, "")


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_ROW = Fields(
    fields={
        "type": Field(shape=Text(words="a type"), summary="a name such as linux, or the identifier", required=True),
        "size": Field(shape=Size(least=1), summary="how large; the last one may go without: the rest"),
        "start": Field(shape=Size(), summary="where it begins, in bytes; default: the next aligned place"),
        "name": Field(
            shape=Text(words="a name of at most 36 signs, none of them a quote", pattern=r'[^"\\\x00-\x1f]{1,36}'),
            summary="the name of the partition (gpt)",
        ),
        "uuid": Field(shape=Text(words="a UUID", pattern=_UUID), summary="default: follows from the arguments (gpt)"),
        "bootable": Field(shape=Truth(), summary="the mark for old firmware", default=False),
    }
)

PARTITION: Final = Program(
    name="osbuild.partition",
    summary="a partition table from sizes, types and an alignment",
    schema=Fields(
        fields={
            "label": Field(shape=Text(choices=("gpt", "dos")), summary="the kind of table", default="gpt"),
            "size": Field(shape=Size(least=1), summary="the disk; default: as small as it can be"),
            "alignment": Field(shape=Size(least=512), summary="of the beginnings", default=_MEBIBYTE),
            "sector-size": Field(shape=Number(choices=(512, 4096)), summary="of the disk", default=512),
            "uuid": Field(
                shape=Text(words="a UUID, or 0x and eight digits for dos", pattern=rf"{_UUID}|0x[0-9A-Fa-f]{{8}}"),
                summary="of the table; default: follows from the arguments",
            ),
            "partitions": Field(shape=Items(each=_ROW, least=1), summary="in order", required=True),
        }
    ),
    run=_partition,
)
