"""Products: metadata, views by type, and files as they were published."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tianku.api import describe, dynamic, images, previews, spectra, timeseries
from tianku.api.address import find_product, parse_product
from tianku.api.operation import Operation, path_parameter
from tianku.api.view import BINARY, View
from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.files import send_file
from tianku.model.text import Text
from tianku.products.index import IndexEntry
from tianku.products.preview.previewers import has_preview
from tianku.usecases.products import FileToSend, ProductPage, media_type, product_file, product_page
from tianku.usecases.releases import OtherRelease, other_releases

#: what a product is looked at by; a type of product plugs its own in here
VIEWS: dict[str, View] = {
    view.name: view for view in (dynamic.VIEW, images.VIEW, previews.VIEW, spectra.VIEW, timeseries.VIEW)
}
_VIEW = re.compile(rf"(?P<product>.+)/(?P<view>{'|'.join(VIEWS)})(\.(?P<suffix>\w+))?")


async def product(request: Request) -> Response:
    """``GET /api/v1/products/{dataset}/{set}/{key}[/<view>[.<suffix>]]``."""
    path = request.path_params["product"]
    found = _VIEW.fullmatch(path)
    if found is not None and found["product"].count("/") >= 2:
        address = parse_product(found["product"])
        return await VIEWS[found["view"]].handler(request, address, found["suffix"] or "")
    address = parse_product(path)
    context = context_of(request)
    principal = await principal_of(request)

    def body() -> Response:
        centre = context.centre
        page = product_page(centre, principal, address.dataset, address.set, address.key)
        body = product_json(page) | {
            "releases": [release_json(o) for o in other_releases(centre, principal, page)]
        }
        return JSONResponse(body, headers=cache_headers(principal.anonymous))

    return await context.pools.files.run(body)


async def download(request: Request) -> Response:
    """``GET /download/{dataset}/{set}/{key}[/{category}]``: the file, byte for byte."""
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)
    path = request.path_params["product"]

    def find() -> FileToSend:
        address = find_product(context.centre, principal, path)
        category = address.rest
        if category is None:
            page = product_page(context.centre, principal, address.dataset, address.set, address.key)
            category = page.one.config.main
        return product_file(context.centre, principal, address.dataset, address.set, address.key, category)

    return await send_file(request, await context.pools.files.run(find))


def release_json(one: OtherRelease) -> describe.Json:
    """Return the same product in another release."""
    page = one.page
    base = f"/api/v1/products/{page.one.dataset}/{page.one.name}/{quote(page.did.key)}"
    told = {"newer": one.newer, "superseded": one.superseded, "identical": one.identical}
    return {"dataset": page.one.dataset, "did": str(page.did), "url": base, "open": page.open} | told


def product_json(page: ProductPage) -> describe.Json:
    """Return what is known of a product."""
    base = f"{page.one.dataset}/{page.one.name}/{quote(page.did.key)}"
    return {
        "did": str(page.did),
        "dataset": page.one.dataset,
        "set": page.one.name,
        "key": page.did.key,
        "type": page.one.manifest.type,
        "title": describe.text(page.one.config.title),
        "dataset_title": describe.text(page.dataset_title),
        "simulated": page.simulated,
        "access": {"data": page.open, "public": page.public},
        "parts": [_part(e) for e in page.entries if e.category == page.one.config.main],
        "files": [_file(page, base, e) for e in page.files],
        "formats": _formats(page.one.manifest.type, base),
        "preview": f"/api/v1/products/{base}/preview.png" if has_preview(page.one.manifest.type) else None,
        "links": f"/vo/datalink/links?ID={quote(str(page.did), safe='')}",
    }


def _part(entry: IndexEntry) -> dict[str, Any]:
    return {
        "name": entry.part,
        "kind": entry.part_kind,
        "band": entry.band,
        "ra": describe.finite(entry.ra),
        "dec": describe.finite(entry.dec),
        "s_region": entry.s_region,
        "s_pixel_scale": describe.finite(entry.s_pixel_scale),
        "pixels": [entry.s_xel1, entry.s_xel2] if entry.s_xel1 and entry.s_xel2 else None,
        "unit": entry.o_unit,
        "t_min": describe.finite(entry.t_min),
        "t_max": describe.finite(entry.t_max),
        "t_exptime": describe.finite(entry.t_exptime),
        "em_min": describe.finite(entry.em_min),
        "em_max": describe.finite(entry.em_max),
    }


def _file(page: ProductPage, base: str, entry: IndexEntry) -> dict[str, Any]:
    tail = "" if entry.category == page.one.config.main else f"/{entry.category}"
    return {
        "name": PurePath(entry.path).name,
        "category": entry.category,
        "url": f"/download/{base}{tail}",
        "media_type": media_type(entry.path),
        "bytes": entry.size,
        "sha256": entry.sha256,
    }


def _formats(kind: str, base: str) -> dict[str, str]:
    """Where the product is drawn from, or written as, by suffix (``viewer`` for none)."""
    typed = (view for view in VIEWS.values() if kind in view.types)
    return {name: address for view in typed for name, address in view.addresses(base).items()}


_PRODUCT = path_parameter("product", Text(en="dataset/set/key", zh="数据集/产品集/键"))

#: documented apart, served by one route: the path's end tells them
DOCUMENTED = tuple(
    Operation(
        one.name,
        "GET",
        f"/api/v1/products/{{product:path}}/{one.tail}",
        one.summary,
        product,
        (_PRODUCT, *one.parameters),
        responses=one.responses,
    )
    for view in VIEWS.values()
    for one in view.described
)
OPERATIONS = (
    Operation(
        "product", "GET", "/api/v1/products/{product:path}",
        Text(en="What is known of a product", zh="数据产品的元数据"),
        product, (_PRODUCT,),
    ),
    Operation(
        "download", "GET", "/download/{product:path}",
        Text(en="A published file, byte for byte, with ranges: dataset/set/key[/category]",
             zh="原始文件,支持断点续传:数据集/产品集/键[/类别]"),
        download, (_PRODUCT,), responses={"application/octet-stream": BINARY},
    ),
)  # fmt: skip
