"""What the interface says of catalogues, tables and columns; words that are not known are null."""

from __future__ import annotations

from typing import Any

from tianku.compat.lamost.listings import datatype
from tianku.compat.nadc.catalogues import Catalogue
from tianku.model.access import Level
from tianku.model.metadata import Column, TableMeta
from tianku.model.types import TYPES, DataType
from tianku.usecases.policy import decide
from tianku.usecases.viewer import Viewer

#: where the interface is
ROOT = "/query/openapi"
_KINDS = {"spectrum": "spectrum", "image": "image", "timeseries": "lightcurve"}
_FORMATS = {DataType.STRING: "%s", DataType.TIMESTAMP: "%s", DataType.FLOAT32: "%g", DataType.FLOAT64: "%g"}
_NULL_COLUMN = ("arraysize", "indextype", "keytype", "precision", "ref", "refcontent", "sample", "usage", "width")
_NULL_TABLE = (
    "comment", "datatype", "equinox", "explain", "filename", "loaddate", "query_form_notice", "releasedate",
    "samplecoord", "service_config", "avrprec", "coltype", "dbname",
)  # fmt: skip


def row(one: Catalogue, viewer: Viewer) -> dict[str, Any]:
    """Return a catalogue as lists of them have it."""
    title = (one.of_set.config.title if one.of_set is not None else None) or one.owner.config.title
    text = (one.of_set.config.description if one.of_set is not None else None) or one.owner.config.description
    links = [*one.owner.config.links, *one.owner.collection.links]
    page = f"/data/{one.owner.id}/"
    tables = bool(one.tables(viewer))
    return {
        "catname": one.name,
        "shortname": one.said.shortname or one.name,
        "showname_en": title.in_("en") or one.owner.id,
        "showname_zh": title.in_("zh") or one.owner.id,
        "datatype": ",".join(kinds(one, viewer)),
        "description_en": text.in_("en") or None,
        "description_zh": text.in_("zh") or None,
        "intro_en": page,
        "intro_zh": f"/zh{page}",
        "parent_catname": one.said.parent,
        "downloadlink": None,
        "officiallink": links[0].url if links else None,
        "queryable": tables,
        "catalog_query_supported": tables,
        "table_query_supported": tables,
        "file_download": file_download(one, viewer),
    }


def kinds(one: Catalogue, viewer: Viewer) -> list[str]:
    """Return the kinds of data that a catalogue has."""
    found = ["catalog"] if one.of_set is None and one.tables(viewer) else []
    return list(dict.fromkeys([*found, *(_KINDS.get(s.manifest.type, s.manifest.type) for s in one.sets(viewer))]))


def detail(one: Catalogue, viewer: Viewer) -> dict[str, Any]:
    """Return a catalogue with what can be asked of it."""
    told = row(one, viewer)
    tables = one.tables(viewer)
    positional = any(meta.main_position is not None for meta in tables)
    types = {s.manifest.type for s in one.sets(viewer)}
    queryable = told.pop("queryable")
    for word in ("catalog_query_supported", "table_query_supported"):
        told.pop(word)
    reason = (
        "Catalog table metadata is configured and query endpoints are available."
        if queryable
        else "There is no table that you may query."
    )
    return told | {
        "capabilities": {
            "catalog_query": queryable,
            "conesearch": positional,
            "docs": True,
            "file_download": told["file_download"]["supported"],
            "queryable": queryable,
            "siap": "image" in types,
            "ssap": "spectrum" in types,
            "table_metadata_available": queryable,
            "table_query": queryable,
        },
        "query_status": {"code": "ok" if queryable else "unavailable", "reason": reason},
    }


def categories(one: Catalogue, viewer: Viewer) -> list[str]:
    """Return the kinds of files offered."""
    if one.said.categories:
        return list(one.said.categories)
    found: dict[str, None] = {}
    for product_set in one.sets(viewer):
        config = product_set.config
        found |= dict.fromkeys([config.main, *config.companions])
    return list(found)


def file_download(one: Catalogue, viewer: Viewer) -> dict[str, Any]:
    """Return how files of a catalogue are had."""
    offered = categories(one, viewer) if one.sets(viewer) else []
    place = f"{ROOT}/catalogs/{one.name}"
    said = one.said.id
    source = {
        "column": said.column if said else None,
        "parameter": "id",
        "result_field": said.column if said else None,
        "table": said.table if said else None,
    }
    return {
        "batch_download_endpoint": f"{place}/download" if offered else None,
        "categories": offered,
        "id_source": source if offered else None,
        "single_file_endpoint": f"{place}/file" if offered else None,
        "single_file_query_by_category": {name: {"category": name} for name in offered},
        "supported": bool(offered),
    }


def table(meta: TableMeta, number: int, viewer: Viewer) -> dict[str, Any]:
    """Return a table of a catalogue."""
    owner = viewer.picture.by_schema[meta.schema_name]
    counted = decide(viewer.principal, owner.tables[meta.name].rule, Level.METADATA, viewer.now)
    main = meta.main_position
    return dict.fromkeys(_NULL_TABLE) | {
        "cooframe": main.frame if main else None,
        "epoch": main.epoch if main else None,
        "id": number,
        "pos_group": ";".join(f"{p.ra},{p.dec}" for p in meta.positions) or None,
        "records": meta.nrows if counted else None,
        "scname": meta.schema_name,
        "status": 0,
        "tblname": meta.name,
        "tbltype": "BASE TABLE",
    }


def column(one: Column, number: int, meta: TableMeta) -> dict[str, Any]:
    """Return a column of a table; `number` counts from 1."""
    return dict.fromkeys(_NULL_COLUMN) | {
        "colname": one.name,
        "colshowname": one.name,
        "datatype": datatype(one),
        "dbname": None,
        "defselect": int(one.principal),
        "description": str(one.description),
        "format": _FORMATS.get(one.type, "%d"),
        "id": number,
        "orderid": number,
        "scname": meta.schema_name,
        "showlevel": 2,
        "tblname": meta.name,
        "tform": f"A{one.max_bytes or ''}" if one.type is DataType.STRING else TYPES[one.type].fits,
        "ucd1": _ucd1(one, meta),
        "ucd1plus": one.ucd or "",
        "unit": one.unit or None,
        "utype": one.utype or "",
    }


def _ucd1(one: Column, meta: TableMeta) -> str:
    main = meta.main_position
    known = {meta.id_column: "ID_MAIN"}
    if main is not None:
        known |= {main.ra: "POS_EQ_RA_MAIN", main.dec: "POS_EQ_DEC_MAIN"}
    return known.get(one.name, "")
