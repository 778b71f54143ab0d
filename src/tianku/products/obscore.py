"""ObsCore rows of a product set: from the data where they say, from configuration over that."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.model.errors import UsageError
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN
from tianku.model.types import DataType
from tianku.products.context import SetContext
from tianku.products.did import did_prefix
from tianku.products.expressions import Expression, check, evaluate, referenced
from tianku.products.index import HEADER, index_types
from tianku.products.keys import canonical
from tianku.products.obscore_columns import OBSCORE, OBSCORE_COLUMNS
from tianku.products.observed import FACTS
from tianku.sky.ranges import healpix29

DATALINK_FORMAT = "application/x-votable+xml;content=datalink"
DATALINK_PATH = "/vo/datalink/links?ID="
_QUANTITY = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s+[A-Za-z]\S*")
_TYPES = {"spectrum": "spectrum", "image": "image", "timeseries": "timeseries", "cube": "cube"}
_INDEX_NAMES = index_types()
#: ObsCore columns that readers fill themselves
_FROM_INDEX = tuple(name for name in OBSCORE if name in FACTS)


def obscore_schema(*, by_row: bool = False) -> pa.Schema:
    """Return the Arrow schema of the rows: the ObsCore columns, the HEALPix sort key, `by_row` the instant."""
    fields = [pa.field(c.name, c.arrow) for c in OBSCORE_COLUMNS]
    fields.append(pa.field(HEALPIX_COLUMN, pa.int64()))
    return pa.schema([*fields, pa.field(PUBLIC_FROM_COLUMN, pa.int64())] if by_row else fields)


def compile_mapping(context: SetContext) -> dict[str, Expression]:
    """Return the checked expressions of a set's ``obscore:`` block by column.

    Raises
    ------
    UsageError
        ``obscore.unknown_column``, or what `tianku.products.expressions.check` raises.
    """
    compiled: dict[str, Expression] = {}
    for name, value in context.config.obscore.items():
        if name not in OBSCORE:
            raise UsageError(
                "obscore.unknown_column",
                "obscore: {name!r} is no ObsCore column; there are: {known}",
                name=name,
                known=", ".join(OBSCORE),
            )
        if not (name == "obs_release_date" and value == "public"):
            compiled[name] = _typed(_expression_text(value, OBSCORE[name].unit))
    return compiled


def release_expression(context: SetContext) -> Expression | None:
    """Return the checked expression of when a product becomes public, if the set has one."""
    return None if context.public_from is None else _typed(context.public_from)


def _typed(text: str) -> Expression:
    """A name of the index is that typed column; every other name is a header keyword."""
    headers = dict.fromkeys(referenced(text) - _INDEX_NAMES.keys(), None)
    return check(text, {**_INDEX_NAMES, **headers})


def header_names(context: SetContext) -> frozenset[str]:
    """Return the header keywords (canonical) that the mapping reads and the index must keep."""
    expressions = [*compile_mapping(context).values()]
    if (release := release_expression(context)) is not None:
        expressions.append(release)
    read = frozenset().union(*(e.names for e in expressions))
    return frozenset(canonical(n) for n in read - _INDEX_NAMES.keys())


def _expression_text(value: str | int | float | None, unit: str | None) -> str:
    """Turn a configured value into an expression: number, ``3.3 arcsec``, ``{TEMPLATE}`` or SQL."""
    if value is None:
        return "NULL"
    text = str(value)
    if _QUANTITY.fullmatch(text):
        return repr(float(u.Quantity(text).to_value(unit or "")))
    if "{" not in text:
        return text
    pieces = re.split(r"\{([A-Za-z_][\w-]*)\}", text)
    words = [piece if i % 2 else "'" + piece.replace("'", "''") + "'" for i, piece in enumerate(pieces) if piece]
    return f"concat({', '.join(words)})"


def obscore_rows(context: SetContext, index: pa.Table, base_url: str = "") -> pa.Table:
    """Return the ObsCore rows for rows of the product index.

    Parameters
    ----------
    index
        Rows of the main category; with ``rows_for: product`` one row per product is made, from its
        first part, spanning the times and wavelengths of all its parts.

    Returns
    -------
    pa.Table
        Schema `obscore_schema`, unsorted.
    """
    rows = index if context.config.rows_for == "part" else _per_product(index)
    columns = _defaults(context, rows, base_url)
    columns |= _configured(context, rows)
    columns |= _geometry(columns)
    columns[HEALPIX_COLUMN] = _healpix(columns["s_ra"], columns["s_dec"])
    by_row = context.public_from is not None
    if by_row:
        columns[PUBLIC_FROM_COLUMN] = rows[PUBLIC_FROM_COLUMN]
    schema = obscore_schema(by_row=by_row)
    return pa.table([_as(columns.get(f.name), f.type, len(rows)) for f in schema], schema=schema)


def _per_product(index: pa.Table) -> pa.Table:
    """One row per key; the index is sorted by key, so the first row of a run is the first part."""
    if not len(index):
        return index
    number = pa.array(np.arange(len(index)))
    grouped = (
        index.append_column("_row", number)
        .group_by("key", use_threads=False)
        .aggregate([("_row", "min"), ("t_min", "min"), ("t_max", "max"), ("em_min", "min"), ("em_max", "max")])
    )
    rows = index.take(grouped["_row_min"])
    for name, how in (("t_min", "min"), ("t_max", "max"), ("em_min", "min"), ("em_max", "max")):
        rows = rows.set_column(rows.column_names.index(name), name, grouped[f"{name}_{how}"])
    return rows


def _defaults(
    context: SetContext, rows: pa.Table, base_url: str
) -> dict[str, pa.Array | pa.ChunkedArray | object]:
    did = _dids(context, rows)
    encoded = quote(did_prefix(context.authority, context.dataset, context.name), safe="")
    tail = pc.replace_substring(pc.replace_substring(_tails(context, rows), "/", "%2F"), "+", "%2B")
    subtype = context.config.subtype or ("dynamic-spectrum" if context.config.type == "dynamic-spectrum" else None)
    return {
        "dataproduct_type": _TYPES.get(context.config.type or ""),
        "dataproduct_subtype": subtype,
        "calib_level": 2,
        "obs_collection": context.title,
        "obs_id": rows["key"],
        "obs_publisher_did": did,
        "access_url": pc.binary_join_element_wise(f"{base_url}{DATALINK_PATH}{encoded}", tail, ""),
        "access_format": DATALINK_FORMAT,
        "access_estsize": pc.divide(pc.add(rows["size"], 1023), 1024),
        "s_ra": rows["ra"],
        "s_dec": rows["dec"],
        **{name: rows[name] for name in _FROM_INDEX},
        "em_ucd": "em.wl" if context.config.type == "spectrum" else None,
        "facility_name": context.facility,
        "instrument_name": context.instrument,
        "bib_reference": context.bibcode,
        **(_rights(context) if context.public_from is None else _rights_by_row(context, rows)),
    }


def _tails(context: SetContext, rows: pa.Table) -> pa.ChunkedArray:
    """What follows ``?`` in a DID: the key, and the part where rows are parts."""
    if context.config.rows_for != "part":
        return rows["key"]
    parts = pc.binary_join_element_wise(rows["key"], rows["part"], "/")
    return pc.if_else(pc.equal(rows["part"], ""), rows["key"], parts)


def _dids(context: SetContext, rows: pa.Table) -> pa.ChunkedArray:
    prefix = did_prefix(context.authority, context.dataset, context.name)
    return pc.binary_join_element_wise(prefix, _tails(context, rows), "")


def _rights(context: SetContext) -> dict[str, object]:
    """Public once released; a date in the future, or none, is ``proprietary``."""
    if context.released == "never":
        return {"data_rights": "proprietary", "obs_release_date": None}
    if not isinstance(context.released, datetime):
        return {"data_rights": "public", "obs_release_date": None}
    rights = "public" if context.released <= datetime.now(UTC) else "proprietary"
    return {"data_rights": rights, "obs_release_date": context.release_instant}


def _rights_by_row(context: SetContext, rows: pa.Table) -> dict[str, object]:
    """Each product has its own date, not before the release; what is public is judged when asked."""
    if context.released == "never":
        return _rights(context)
    stamps = pc.multiply(rows[PUBLIC_FROM_COLUMN], 1_000_000).cast(pa.timestamp("us"))
    earliest = context.release_instant
    dates = stamps if earliest is None else pc.max_element_wise(stamps, earliest, skip_nulls=False)
    return {"data_rights": "proprietary", "obs_release_date": dates}


def _configured(context: SetContext, rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    mapping = compile_mapping(context)
    names = [n.removeprefix(HEADER) for n in rows.column_names]
    values = rows.rename_columns(names)
    wanted = {name: (expression, OBSCORE[name].type) for name, expression in mapping.items()}
    found = evaluate(wanted, values, local_time=context.local_time, longitude=context.longitude)
    return {name: found[name] for name in mapping}


def _geometry(columns: dict[str, object]) -> dict[str, object]:
    """A circle of the field of view where the region is not known; a position without either has none."""
    fov, ra, dec = columns.get("s_fov"), columns.get("s_ra"), columns.get("s_dec")
    if fov is None:
        return {}
    texts = [pc.cast(c, pa.string()) for c in (ra, dec, pc.divide(fov, 2.0))]
    circle = pc.binary_join_element_wise("CIRCLE ICRS", *texts, " ")
    return {"s_region": pc.coalesce(columns["s_region"], circle)}


def _healpix(ra: object, dec: object) -> pa.Array:
    lon, lat = (np.asarray(pc.fill_null(x, np.nan), dtype=np.float64) for x in (ra, dec))
    valid = np.isfinite(lon) & np.isfinite(lat)
    cells = np.zeros(len(lon), dtype=np.int64)
    cells[valid] = healpix29(lon[valid], lat[valid])
    return pa.array(cells, mask=~valid)


def _as(value: object, kind: pa.DataType, length: int) -> pa.Array | pa.ChunkedArray:
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return value if value.type == kind else pc.cast(value, kind)
    return pa.nulls(length, kind) if value is None else pa.repeat(pa.scalar(value, kind), length)


__all__ = ["DATALINK_FORMAT", "DataType", "compile_mapping", "header_names", "obscore_rows", "obscore_schema"]
