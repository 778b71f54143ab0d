"""Published things as JSON values. Levels that the caller lacks are left out, counts among them."""

from __future__ import annotations

import math
from typing import Any

from tianku.model.access import Level, Rule
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.text import Text
from tianku.usecases.datasets import Entry, children, parent
from tianku.usecases.downloads import Offered
from tianku.usecases.picture import PublishedDataset, PublishedSet, PublishedTable
from tianku.usecases.policy import decide
from tianku.usecases.set_query import serves
from tianku.usecases.viewer import Viewer

Json = dict[str, Any]


def text(value: Text) -> Json:
    """Return a bilingual text; the Chinese is absent where nobody wrote it."""
    return {"en": value.en} | ({"zh": value.zh} if value.zh else {})


def finite(value: float | None) -> float | None:
    """Return `value`, or None for what JSON has no number for."""
    return value if value is not None and math.isfinite(value) else None


def access(viewer: Viewer, rule: Rule) -> Json:
    """Return which levels the caller holds, and how to get more."""
    held = {level.name.lower(): decide(viewer.principal, rule, level, viewer.now) for level in Level}
    return held | ({"apply": rule.apply} if rule.apply and not held["data"] else {})


def dataset(viewer: Viewer, one: PublishedDataset) -> Json:
    """Return a dataset for lists."""
    config = one.config
    return {
        "id": one.id,
        "schema": one.schema_name,
        "collection": config.collection,
        "title": text(config.title or one.collection.title),
        "description": text(config.description),
        "kind": config.kind,
        "simulated": config.simulated,
        "revision": one.revision,
        "created": one.created,
        "access": access(viewer, one.rule),
        "tables": [table(viewer, t) for t in known(viewer, one.tables)],
        "products": [product_set(viewer, s) for s in known(viewer, one.sets)],
    }


def entry(viewer: Viewer, one: Entry) -> Json:
    """Return a dataset as the catalogue of data sets lists it."""
    years = {"first": one.years.first, "last": one.years.last} if one.years else None
    links = one.dataset.config.links or one.dataset.collection.links
    return dataset(viewer, one.dataset) | {
        "types": list(one.values["type"]),
        "waveband": list(one.values["waveband"]),
        "facility": next(iter(one.values["facility"]), None),
        "years": years,
        "parent": one.parent,
        "links": [{"title": text(link.title), "url": link.url} for link in links],
    }


def download(one: Offered) -> Json:
    """Return a whole table as a file."""
    file = one.file
    return {
        "name": file.name,
        "table": file.table,
        "format": file.format,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "rows": file.rows,
        "url": one.path,
        "open": one.open,
    }


def dataset_details(viewer: Viewer, one: PublishedDataset) -> Json:
    """Return a dataset with everything its landing page says."""
    config, collection = one.config, one.collection
    citation = config.citation if config.citation.text or config.citation.bibcode else collection.citation
    return dataset(viewer, one) | {
        "creators": [c.model_dump(mode="json") for c in config.creators or collection.creators],
        "citation": citation.model_dump(mode="json"),
        "acknowledgement": text(config.acknowledgement or collection.acknowledgement),
        "licence": config.licence or collection.licence,
        "facility": config.facility or collection.facility,
        "instrument": config.instrument or collection.instrument,
        "waveband": list(config.waveband or collection.waveband),
        "keywords": list(config.keywords or collection.keywords),
        "supersedes": config.supersedes,
        "parent": parent(viewer, one),
        "children": [child.id for child in children(viewer, one)],
        "years": years.model_dump() if (years := config.years or collection.years) else None,
        "links": [{"title": text(link.title), "url": link.url} for link in config.links or collection.links],
    }


def known(viewer: Viewer, parts: dict[str, Any]) -> list[Any]:
    """Return the tables or sets that the caller may know of."""
    return [p for p in parts.values() if decide(viewer.principal, p.rule, Level.EXISTENCE, viewer.now)]


def table(viewer: Viewer, one: PublishedTable) -> Json:
    """Return a table for lists; `rows` only for who may see them."""
    open_ = decide(viewer.principal, one.rule, Level.METADATA, viewer.now)
    meta = one.meta
    position = meta.main_position
    return {
        "name": meta.name,
        "qualified_name": meta.qualified_name,
        "title": text(meta.title),
        "description": text(meta.description),
        "kind": meta.kind,
        "rows": meta.nrows if open_ else None,
        "access": access(viewer, one.rule),
        "services": services(one) if open_ else {},
        "position": _position(position) if position else None,
    }


def services(one: PublishedTable) -> Json:
    """Return the paths of the services over a table."""
    base = f"/vo/{one.dataset}/{one.meta.name}"
    main = one.meta.main_position
    found = {"tap": "/vo/tap"}
    for position in one.meta.positions if one.searched_by_cone else ():
        tail = "" if position is main else f"/{position.name}"
        found[f"scs{tail}"] = f"{base}/scs{tail}"
    return found


def table_details(viewer: Viewer, one: PublishedTable) -> Json:
    """Return a table with its columns, and with their statistics for who may see rows."""
    described = table(viewer, one) | {"dataset": one.dataset}
    statistics = one.manifest.statistics if described["access"]["metadata"] else {}
    columns = []
    for c in one.meta.columns:
        measured = statistics.get(c.name)
        columns.append(column(c) | ({"statistics": measured.model_dump(mode="json")} if measured else {}))
    keys = [k.model_dump(mode="json") for k in one.meta.foreign_keys]
    positions = [_position(p) for p in one.meta.positions]
    return described | {
        "id_column": one.meta.id_column,
        "positions": positions,
        "foreign_keys": keys,
        "columns": columns,
        "coverage": one.manifest.moc if described["access"]["metadata"] else None,
    }


def column(one: Column) -> Json:
    """Return a column; facts that nobody stated are left out."""
    said = {
        "name": one.name,
        "type": one.type.value,
        "arraysize": one.arraysize,
        "unit": one.unit,
        "ucd": one.ucd,
        "utype": one.utype,
        "xtype": one.xtype,
        "description": text(one.description) if one.description else None,
        "principal": one.principal or None,
        "bits": [{"bit": b.bit, "name": b.name, "description": text(b.description)} for b in one.bits] or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def schema_table(meta: TableMeta) -> Json:
    """Return a table as query editors complete it."""
    position = meta.main_position
    return {
        "name": meta.qualified_name,
        "title": text(meta.title),
        "description": text(meta.description),
        "position": _position(position) if position else None,
        "columns": [column(c) for c in meta.columns],
    }


def product_set(viewer: Viewer, one: PublishedSet) -> Json:
    """Return a product set; totals only for who may see its metadata."""
    open_ = decide(viewer.principal, one.rule, Level.METADATA, viewer.now)
    held = one.manifest
    totals = {"products": held.products, "parts": held.parts, "files": held.files, "bytes": held.bytes}
    return {
        "name": one.name,
        "type": one.manifest.type,
        "title": text(one.config.title),
        "description": text(one.config.description),
        "access": access(viewer, one.rule),
    } | (totals | {"services": set_services(one)} if open_ else {})


def set_services(one: PublishedSet) -> Json:
    """Return the paths of the services over a product set."""
    found = {"links": "/vo/datalink/links"}
    return found | ({"ssa": f"/vo/{one.dataset}/{one.name}/ssa"} if serves(one, "ssa") else {})


def _position(one: Position) -> Json:
    return {"name": one.name, "ra": one.ra, "dec": one.dec, "frame": one.frame, "epoch": one.epoch}
