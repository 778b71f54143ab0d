"""``/query/openapi/…``: operations by the words of their addresses."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tianku.compat.family import read_asked
from tianku.compat.nadc import describe
from tianku.compat.nadc.catalogues import Catalogue, catalogue_of, catalogues
from tianku.compat.nadc.errors import nadc_error
from tianku.compat.nadc.files import download, file
from tianku.compat.nadc.queries import conesearch, counted, results, submit
from tianku.http.errors import Endpoint, guarded
from tianku.model.errors import NotFoundError
from tianku.usecases.viewer import Viewer

Told = Callable[[Catalogue, Viewer, str], object]


async def ping(request: Request) -> Response:
    """``GET ping``."""
    asked = await read_asked(request)
    return await asked.reply(lambda _: asked.json({"status": "ok"}))


async def listing(request: Request) -> Response:
    """``GET get_catalogs``."""
    asked = await read_asked(request)
    viewer = asked.viewer
    rows = [describe.row(one, viewer) for one in catalogues(viewer)]
    return await asked.reply(lambda _: asked.json({"rows": rows}))


def _tables(one: Catalogue, viewer: Viewer, _: str) -> object:
    metas = one.tables(viewer)
    tables = [describe.table(meta, n, viewer) for n, meta in enumerate(metas, 1)]
    return {"is_single_table": len(tables) == 1, "tables": tables}


def _columns(one: Catalogue, viewer: Viewer, table: str) -> object:
    meta = one.table(viewer, table)
    return {"columns": [describe.column(c, n, meta) for n, c in enumerate(meta.columns, 1)]}


def _groups(one: Catalogue, viewer: Viewer, table: str) -> object:
    meta = one.table(viewer, table)
    groups = [{"name": f"{p.ra},{p.dec}", "ra": p.ra, "dec": p.dec, "main": p.main} for p in meta.positions]
    return {"coordinate_groups": groups}


def _links(one: Catalogue, viewer: Viewer, _: str) -> object:
    links = [
        {"table": meta.name, "columns": key.columns, "target": key.target, "target_columns": key.target_columns}
        for meta in one.tables(viewer)
        for key in meta.foreign_keys
    ]
    return {"table_links": links}


def _docs(one: Catalogue, viewer: Viewer, wanted: str) -> object:
    links = [*one.owner.config.links, *one.owner.collection.links]
    rows = [
        {"id": n, "title_en": link.title.in_("en"), "title_zh": link.title.in_("zh"), "url": link.url}
        for n, link in enumerate(links, 1)
    ]
    if not wanted:
        return {"rows": rows}
    if not (wanted.isdecimal() and 1 <= int(wanted) <= len(rows)):
        raise NotFoundError(
            "compat.no_document", "{catalogue} has no document {id}", catalogue=one.name, id=wanted[:20]
        )
    return rows[int(wanted) - 1]


def _detail(one: Catalogue, viewer: Viewer, _: str) -> object:
    return describe.detail(one, viewer)


def _telling(make: Told) -> Endpoint:
    async def tell(request: Request) -> Response:
        asked = await read_asked(request)
        viewer = asked.viewer
        given = request.path_params
        told = make(catalogue_of(viewer, given["cat"]), viewer, given.get("table") or given.get("id") or "")
        return await asked.reply(lambda _: asked.json(told))

    return tell


async def query(request: Request) -> Response:
    """``POST catalogs/{cat}[/tables/{table}]/query``."""
    given = request.path_params
    return await submit(await read_asked(request, body=True), given["cat"], given.get("table"))


async def page(request: Request) -> Response:
    """``GET sqlid/{id}/results.{ext}``."""
    given = request.path_params
    return await results(await read_asked(request), given["id"], given["ext"])


async def number(request: Request) -> Response:
    """``GET sqlid/{id}/count``."""
    return await counted(await read_asked(request), request.path_params["id"])


async def cone(request: Request) -> Response:
    """``GET vo/{cat}/conesearch``, ``GET catalogs/{cat}/tables/{table}/vo/conesearch``."""
    given = request.path_params
    return await conesearch(await read_asked(request), given["cat"], given.get("table"))


async def siap(request: Request) -> Response:
    """``GET vo/{cat}/siap``: where the images of a catalogue are searched."""
    asked = await read_asked(request)
    catalogue = catalogue_of(asked.viewer, request.path_params["cat"])
    found = [one for one in catalogue.sets(asked.viewer) if one.manifest.type == "image"]
    if not found:
        raise NotFoundError("compat.no_images", "{catalogue} has no images", catalogue=catalogue.name)
    return RedirectResponse(f"/vo/{found[0].dataset}/{found[0].name}/sia?{request.url.query}", 307)


async def one_file(request: Request) -> Response:
    """``GET catalogs/{cat}/file``."""
    return await file(await read_asked(request), request.path_params["cat"])


async def archive(request: Request) -> Response:
    """``POST catalogs/{cat}/download``."""
    return await download(await read_asked(request, body=True), request.path_params["cat"])


async def nothing(request: Request) -> Response:
    """Say that an address is none of ours."""
    raise NotFoundError(
        "compat.no_operation", "there is nothing at {path}; /openapi/docs lists what there is",
        path=request.url.path[:200],
    )  # fmt: skip


_CAT = f"{describe.ROOT}/catalogs/{{cat}}"
_GET = (
    (f"{describe.ROOT}/ping", ping),
    (f"{describe.ROOT}/get_catalogs", listing),
    (_CAT, _telling(_detail)),
    (f"{_CAT}/tables", _telling(_tables)),
    (f"{_CAT}/tables/{{table}}/columns", _telling(_columns)),
    (f"{_CAT}/tables/{{table}}/coordinate_groups", _telling(_groups)),
    (f"{_CAT}/table_links", _telling(_links)),
    (f"{_CAT}/docs", _telling(_docs)),
    (f"{_CAT}/docs/{{id}}", _telling(_docs)),
    (f"{_CAT}/file", one_file),
    (f"{_CAT}/tables/{{table}}/vo/conesearch", cone),
    (f"{describe.ROOT}/vo/{{cat}}/conesearch", cone),
    (f"{describe.ROOT}/vo/{{cat}}/siap", siap),
    (f"{describe.ROOT}/sqlid/{{id}}/count", number),
    (f"{describe.ROOT}/sqlid/{{id}}/results.{{ext}}", page),
)
_POST = (
    (f"{_CAT}/query", query),
    (f"{_CAT}/tables/{{table}}/query", query),
    (f"{_CAT}/download", archive),
)


def routes() -> list[Route]:
    """Return the routes."""
    guard = guarded(nadc_error)
    return [
        *(Route(path, guard(endpoint), methods=["GET"]) for path, endpoint in _GET),
        *(Route(path, guard(endpoint), methods=["POST"]) for path, endpoint in _POST),
        Route(f"{describe.ROOT}/{{path:path}}", guard(nothing), methods=["GET", "POST"]),
    ]
