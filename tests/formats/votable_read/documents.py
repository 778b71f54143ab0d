"""VOTable documents for tests, written by hand and by astropy."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from astropy.io.votable import from_table, parse
from astropy.table import Table

from tianku.formats.votable_read import VOTable, open_votable

HEAD = '<?xml version="1.0"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'


def field(name: str, datatype: str = "int", inside: str = "", **attributes: str) -> str:
    """A FIELD; `inside` are its child elements."""
    said = "".join(f' {k}="{v}"' for k, v in attributes.items())
    return f'<FIELD name="{name}" datatype="{datatype}"{said}>{inside}</FIELD>'


def document(fields: str, data: str, before: str = "", after: str = "") -> bytes:
    """A document with one table; `data` is the inside of DATA."""
    return (
        f"{HEAD}<RESOURCE>{before}<TABLE name='t'>{fields}<DATA>{data}</DATA></TABLE>{after}</RESOURCE></VOTABLE>"
    ).encode()


def tabledata(fields: str, *rows: str, **more: str) -> bytes:
    """A document with rows of TABLEDATA, each the inside of a TR."""
    return document(fields, f"<TABLEDATA>{''.join(f'<TR>{r}</TR>' for r in rows)}</TABLEDATA>", **more)


def cells(*values: object) -> str:
    """The inside of a TR."""
    return "".join(f"<TD>{v}</TD>" for v in values)


def opened(data: bytes, table: int | str | None = None) -> VOTable:
    """The table of a document."""
    return open_votable(io.BytesIO(data), "test.vot", table)


def read(data: bytes, table: int | str | None = None) -> list[dict[str, object]]:
    """The rows of a document; anything refused fails."""
    return [row for part in opened(data, table).batches() for row in part.batch.to_pylist()]


def column(data: bytes, name: str = "x") -> list[object]:
    """One column of a document."""
    return [row[name] for row in read(data)]


def refused(data: bytes) -> tuple[list[dict[str, object]], list[tuple[int | None, str, str, int]]]:
    """The rows of a document, and what was refused."""
    told: list[tuple[int | None, str, str, int]] = []
    rows = [r for part in opened(data).batches(lambda *said: told.append(said)) for r in part.batch.to_pylist()]
    return rows, told


def many_types(rows: int = 50, *, nulls: bool = True) -> Table:
    """A table with a column of every kind that astropy writes in all forms; `nulls` in integers, too."""
    draw = np.random.default_rng(7)
    text = np.array([f"name {i}" * (i % 3) for i in range(rows)], object)
    table = Table(
        {
            "flag": draw.random(rows) < 0.5,
            "byte": draw.integers(0, 256, rows, dtype=np.uint8),
            "short": draw.integers(-(2**15), 2**15, rows, dtype=np.int16),
            "int": draw.integers(-(2**31), 2**31, rows, dtype=np.int32),
            "long": draw.integers(-(2**63), 2**63 - 1, rows, dtype=np.int64),
            "float": draw.normal(size=rows).astype(np.float32),
            "double": draw.normal(size=rows) * 1e200,
            "complex": draw.normal(size=rows) + 1j * draw.normal(size=rows),
            "text": text,
            "fixed": np.array([f"{i:05d}" for i in range(rows)]),
            "vector": draw.normal(size=(rows, 3)),
            "matrix": draw.integers(0, 99, (rows, 2, 3), dtype=np.int32),
        },
        masked=True,
    )
    for name in ("float", "double", *(("byte", "short", "int", "long") if nulls else ())):
        table[name].mask = draw.random(rows) < 0.2
    table["double"][0] = np.inf
    return table


def written(table: Table, serialisation: str) -> bytes:
    """A table as astropy writes it: ``tabledata``, ``binary``, ``binary2``."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from_table(table).to_xml(out, tabledata_format=serialisation)
    return out.getvalue()


def by_astropy(source: Path | bytes, number: int = 0) -> Table:
    """A table as astropy reads it, masks and all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = parse(io.BytesIO(source) if isinstance(source, bytes) else source, verify="ignore")
        return found.get_table_by_index(number).to_table(use_names_over_ids=False)
