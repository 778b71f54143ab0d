"""Fixed-width tables that describe themselves: CDS (byte by byte) and IPAC; rows go the way of record files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pydantic import ValidationError

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import TableSource, unreadable
from tianku.catalogue.readers.cds_header import CdsDescription, CdsField, data_start, descriptions
from tianku.catalogue.readers.records import RecordReader
from tianku.catalogue.readers.text_head import head_lines
from tianku.model.config.formats import FieldLayout, RecordFormat, Repeat
from tianku.model.text import Text

#: by the first letter of their names in an IPAC header, which may be cut short
_IPAC_TYPES = {"i": "i4", "l": "i8", "d": "f8", "f": "f8", "r": "f8", "c": "string", "b": "bool"}
#: digits that every integer of a type can have
_DIGITS = {4: "i2", 9: "i4"}


def open_cds(source: TableSource) -> RecordReader:
    """Open a table with its byte-by-byte description inside, or described by the ReadMe of the configuration."""
    lines = head_lines(source.readme or source.path)
    found = list(descriptions(lines))
    if not found:
        where = f"in {source.readme.name}" if source.readme else "in it; name its ReadMe with `readme:`"
        raise unreadable(source.path, "a CDS table", f"there is no byte-by-byte description {where}")
    described = _description_of(source, found)
    skip = 0 if source.readme is not None else data_start(lines)
    if skip is None:
        raise unreadable(source.path, "a CDS table", "no line of dashes ends its byte-by-byte description")
    fields = [f for f in described.fields if f.label != "---" and "X" not in f.format]
    names = unique_names(f.label for f in fields)
    return _opened(source, "a CDS table", skip, [_cds_field(f, n) for f, n in zip(fields, names, strict=True)])


def _description_of(source: TableSource, found: Sequence[CdsDescription]) -> CdsDescription:
    fitting = [d for d in found if d.is_of(source.path.name)]
    if fitting or len(found) == 1:
        return (fitting or list(found))[0]
    there = ", ".join(name for d in found for name in d.files)
    raise unreadable(source.path, "a CDS table", f"the descriptions are of {there}, none is of this file")


def _cds_field(field: CdsField, name: str) -> dict[str, object]:
    width = field.end - field.start + 1
    kind = field.format.lstrip("0123456789")[0]
    types = {"A": "string", "I": next((t for d, t in _DIGITS.items() if width <= d), "i8")}
    return {
        "name": name,
        "type": types.get(kind, "f8"),
        "start": field.start,
        "width": width,
        "unit": field.unit,
        "null": field.null if kind == "A" else _number(field.null),
        "description": Text(en=field.description),
    }


def _number(text: str | None) -> float | str | None:
    """A null value as a number where it is one, so that -9.9 also means -9.90."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def open_ipac(source: TableSource) -> RecordReader:
    """Open an IPAC table: names, types, units and nulls stand between bars, values below."""
    lines = head_lines(source.path)
    start = next((n for n, line in enumerate(lines) if not line.startswith("\\")), 0)
    heading = []
    for line in lines[start : start + 4]:
        if not line.startswith("|"):
            break
        heading.append(line)
    if not heading:
        raise unreadable(source.path, "an IPAC table", "no line of column names between bars")
    fields = list(_ipac_fields(heading))
    return _opened(source, "an IPAC table", start + len(heading), fields, comment="\\")


def _ipac_fields(heading: Sequence[str]) -> Iterator[dict[str, object]]:
    bars = [m.start() for m in re.finditer(r"\|", heading[0])]
    cells = [[line[a + 1 : b].strip(" |") for a, b in pairwise(bars)] for line in heading]
    names = unique_names(cells[0])
    for number, name in enumerate(names):
        kind, unit, null = ([c[number] for c in cells[1:]] + ["", "", ""])[:3]
        type_ = _IPAC_TYPES.get(kind.lower()[:1], "string")
        yield {
            "name": name,
            "type": "string" if kind.lower().startswith("da") else type_,
            "start": bars[number] + 1,
            "width": max(1, bars[number + 1] - bars[number]),
            "unit": unit or None,
            "null": (null or "null") if type_ == "string" else _number(null or "null"),
        }


def _opened(
    source: TableSource, kind: str, skip: int, fields: Sequence[dict[str, object]], comment: str | None = None
) -> RecordReader:
    try:
        layout = RecordFormat(
            text=True,
            encoding=source.config.encoding,
            skip_lines=skip,
            comment=comment,
            repeat=Repeat(fields=tuple(FieldLayout.model_validate(f) for f in fields)),
        )
    except ValidationError as error:
        raise unreadable(
            source.path, kind, f"its description is not usable: {error.errors()[0]['msg']}"
        ) from error
    return RecordReader(source, layout)
