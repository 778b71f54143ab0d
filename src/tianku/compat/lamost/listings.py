"""What is published: releases, their tables, where TAP is."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tianku.compat.family import Asked
from tianku.compat.lamost.address import Address, served
from tianku.model.access import Level
from tianku.model.metadata import Column, TableMeta
from tianku.model.types import TYPES, DataType
from tianku.usecases.picture import PublishedDataset
from tianku.usecases.policy import decide, is_public
from tianku.usecases.viewer import Viewer

#: the sets of low and medium resolution, which clients ask for by these names
LOW, MEDIUM = "lrs", "mrs"


async def dr_versions(asked: Asked) -> Response:
    """``GET /openapi/dr_versions``."""
    viewer, base = asked.viewer, asked.base
    versions = [_version(viewer, one, base) for one in served(viewer)]
    return await asked.reply(lambda _: asked.json({"versions": versions}))


def _version(viewer: Viewer, owner: PublishedDataset, base: str) -> dict[str, Any]:
    release, version = [*owner.id.split("/")[1:], "", ""][:2]
    sets = [one for one in owner.sets.values() if decide(viewer.principal, one.rule, Level.EXISTENCE, viewer.now)]
    return {
        "base_url": base + release_root(owner),
        "dr_version": release,
        "sub_version": version,
        "has_mrs": any(one.name == MEDIUM for one in sets),
        "public_status": "public" if is_public(owner.rule, Level.METADATA, viewer.now) else "internal",
    }


def release_root(owner: PublishedDataset) -> str:
    """Return the path of this site below which a release has its oldest addresses, else its page."""
    release, version = [*owner.id.split("/")[1:], "", ""][:2]
    for root in owner.collection.compat.legacy_roots:
        if bool(version) == ("{version}" in root):
            return root.replace("{release}", release).replace("{version}", version)
    return f"/data/{owner.id}"


async def tables(asked: Asked, address: Address) -> Response:
    """``GET …/tables``."""
    viewer = asked.viewer
    found = [viewer.meta(one) for one in viewer.queryable() if one.dataset == address.owner.id]
    public = is_public(address.owner.rule, Level.METADATA, viewer.now) and asked.principal.anonymous
    return await asked.reply(lambda _: asked.json([_table(one) for one in found], public=public))


def _table(meta: TableMeta) -> dict[str, Any]:
    columns = [
        {
            "column_name": one.name,
            "description": str(one.description),
            "datatype": datatype(one),
            "ucd": one.ucd or "",
        }
        for one in meta.columns
    ]
    return {"table_name": meta.name, "description": str(meta.title or meta.description), "columns": columns}


def datatype(column: Column) -> str:
    """Return the type as these interfaces call it: VOTable's, and ``date``."""
    return "date" if column.type is DataType.TIMESTAMP else TYPES[column.type].votable


async def tap_url(asked: Asked, address: Address) -> Response:
    """``GET …/voservice/tap_url``: the one TAP service knows every release."""
    return await asked.reply(lambda _: asked.json({"url": f"{asked.base}/vo/tap"}))
