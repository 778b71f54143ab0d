"""Write a description as the ``dataset.yaml`` an operator reads, corrects and publishes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tianku.model.types import DataType
from tianku.usecases.describe.model import (
    ColumnDescription,
    PositionFound,
    ProductDescription,
    RejectedFile,
    TableDescription,
)
from tianku.usecases.describe.products import patterns

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./()²³µ ;*-]*")
_SPECIAL = frozenset({"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"})
_NUMBERS = frozenset(DataType) - {DataType.STRING, DataType.TIMESTAMP, DataType.BOOLEAN}
_CONTENT = {
    "catalogue": "a catalogue",
    "input-catalogue": "an input catalogue: targets offered to a plate, with priorities",
    "id-list": "a list of ids",
    "file-list": "a list of files",
    "pointing": "pointings",
    "epochs": "epochs of light curves",
}


def table_settings(table: TableDescription, root: Path) -> dict[str, Any]:
    """Return a table's configuration as plain values."""
    reading = dict(table.source.reading)
    if "readme" in reading:
        reading["readme"] = os.path.relpath(reading["readme"], root)
    settings: dict[str, Any] = {"from": {"files": patterns(table.source.files, root), **reading}}
    settings["kind"] = table.content if table.content in ("pointing", "epochs") else "catalogue"
    if table.description:
        settings["description"] = table.description
    settings["id"] = table.id
    if table.unique:
        settings["unique"] = list(table.unique)
    if table.positions:
        settings["positions"] = [_position(p) for p in table.positions]
    if table.times:
        settings["times"] = [dict(t) for t in table.times]
    settings["columns"] = [column_settings(c, bool(table.source.names)) for c in table.columns]
    return settings


def _position(position: PositionFound) -> dict[str, Any]:
    found: dict[str, Any] = {"name": position.name, "ra": position.ra, "dec": position.dec}
    if position.format != "degrees":
        found["format"] = position.format
    return found | ({"main": True} if position.main else {}) | position.more


def column_settings(column: ColumnDescription, headerless: bool = False) -> dict[str, Any]:
    """Return a column's configuration; what is not known is left out."""
    found: dict[str, Any] = {"name": column.name}
    if column.expression is not None:
        found["expression"] = column.expression
    elif column.source != column.name and not headerless:
        found["source"] = column.source
    found["type"] = str(column.type)
    optional = {
        "arraysize": column.arraysize,
        "unit": column.unit,
        "source_unit": column.source_unit,
        "ucd": column.ucd,
        "utype": column.utype,
        "xtype": column.xtype,
        "description": column.description,
        "null": list(column.null),
    }
    known = {k: v for k, v in optional.items() if v}
    # a number known to have no unit says so, so that nobody has to look for one
    if column.unit == "" and column.type in _NUMBERS and not (column.ucd or "").startswith(("meta.", "src.class")):
        known = {"unit": "", **known}
    return found | known


def product_settings(product: ProductDescription, root: Path) -> dict[str, Any]:
    """Return a product set's configuration as plain values."""
    settings = dict(product.settings)
    found = patterns(product.files, root)
    return {"type": settings.pop("type"), "from": found[0] if len(found) == 1 else found, **settings}


def dataset_yaml(
    dataset: str,
    title: str,
    tables: Sequence[TableDescription],
    products: Sequence[ProductDescription],
    rejected: Sequence[RejectedFile],
    root: Path,
) -> str:
    """Return the whole commented file."""
    lines = [
        "# Written by `tianku describe` from the files themselves. Read it, correct it, then `tianku check` it.",
        "# Files are relative to the folder that `sources:` of site.yaml names, else to this file's folder.",
    ]
    for file in rejected:
        lines.append(f"# Left out: {os.path.relpath(file.path, root)}: {_comment(file.reason)}")
    lines += [f"dataset: {scalar(dataset)}", f"title: {scalar(title)}"]
    if tables:
        lines.append("tables:")
        for table in tables:
            lines += _table(table, root)
    if products:
        lines.append("products:")
        for product in products:
            lines += _product(product, root)
    return "\n".join(lines) + "\n"


def _table(table: TableDescription, root: Path) -> Iterator[str]:
    yield f"  {table.name}:"
    yield f"    # {table.rows:,} rows, {len(table.columns)} columns: {_CONTENT[table.content]}"
    yield from (f"    # {_comment(note)}" for note in table.notes)
    for key, value in table_settings(table, root).items():
        if key == "columns":
            yield "    columns:"
            yield from (_column_line(v, c) for v, c in zip(value, table.columns, strict=True))
        elif key == "positions":
            yield "    positions:"
            yield from (f"      - {flow(v)}" for v in value)
        else:
            yield f"    {key}: {flow(value)}{_remark(key, table)}"
    if not table.positions:
        yield "    # no position: its rows are not searched by cone"


def _remark(key: str, table: TableDescription) -> str:
    if key != "id":
        return ""
    return "    # unique and never empty" if table.id else "    # no column is unique and never empty"


def _column_line(values: Mapping[str, Any], column: ColumnDescription) -> str:
    notes = list(column.notes)
    if not column.ucd:
        notes.append("what is it? give a ucd" + ("" if column.unit is not None else " and a unit"))
    remark = f"    # {_comment('; '.join(notes))}" if notes else ""
    return f"      - {flow(values)}{remark}"


def _product(product: ProductDescription, root: Path) -> Iterator[str]:
    yield f"  {product.name}:"
    yield f"    # {len(product.files):,} files"
    yield from (f"    # {_comment(note)}" for note in product.notes)
    for key, value in product_settings(product, root).items():
        yield f"    {key}: {flow(value)}"


def _comment(text: str) -> str:
    return " ".join(text.split())


def flow(value: Any) -> str:
    """Return a value in YAML's one-line form."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Return one value, quoted only where YAML needs it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL and not text.endswith(" ")
    return text if plain else json.dumps(text, ensure_ascii=False)
