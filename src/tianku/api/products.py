"""Products: metadata, spectra in several formats, and files as they were published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tianku.api import describe
from tianku.api.address import ProductAddress, find_product, parse_product
from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.http.caching import cache_headers
from tianku.http.context import Context, context_of, principal_of
from tianku.http.files import send_file
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.products import render
from tianku.products.index import IndexEntry
from tianku.products.plot import to_png
from tianku.products.spectrum import Spectrum
from tianku.usecases.products import FileToSend, ProductPage, media_type, product_file, product_page, spectrum

Pieces = Iterable[bytes]


@dataclass(frozen=True, slots=True)
class SpectrumFormat:
    """How a spectrum is written; `inline` ones are shown, others saved."""

    media_type: str
    write: Callable[[Spectrum, str | None], Pieces]
    inline: bool = False


#: by the suffix of the path; "" is what the viewer draws
FORMATS: dict[str, SpectrumFormat] = {
    "": SpectrumFormat(render.WIRE_TYPE, lambda s, _: [render.to_wire(s)], inline=True),
    "csv": SpectrumFormat("text/csv;header=present", render.to_csv),
    "vot": SpectrumFormat("application/x-votable+xml", render.to_votable),
    "fits": SpectrumFormat("application/fits", lambda s, _: [render.to_fits(s)]),
    "png": SpectrumFormat("image/png", lambda s, part: [to_png(s, part)], inline=True),
}
_SPECTRUM = re.compile(r"(?P<product>.+)/spectrum(\.(?P<suffix>\w+))?")


async def product(request: Request) -> Response:
    """``GET /api/v1/products/{dataset}/{set}/{key}[/spectrum[.csv|.vot|.fits|.png]]``."""
    path = request.path_params["product"]
    found = _SPECTRUM.fullmatch(path)
    if found is not None and found["product"].count("/") >= 2:
        return await _spectrum(request, parse_product(found["product"]), found["suffix"] or "")
    address = parse_product(path)
    context = context_of(request)
    principal = await principal_of(request)

    def body() -> Response:
        page = product_page(context.centre, principal, address.dataset, address.set, address.key)
        return JSONResponse(product_json(page), headers=cache_headers(principal.anonymous))

    return await context.pools.files.run(body)


async def _spectrum(request: Request, address: ProductAddress, suffix: str) -> Response:
    context = context_of(request)
    context.gate.check()
    form = FORMATS.get(suffix)
    if form is None:
        known = ", ".join(name for name in FORMATS if name)
        raise UsageError(
            "api.spectrum_format", "A spectrum is not written as {suffix}; there are: {known}.",
            suffix=suffix[:20], known=known,
        )  # fmt: skip
    principal = await principal_of(request)
    part = request.query_params.get("part") or None

    def opener(_: object) -> Reply:
        return _spectrum_reply(context, principal, address, form, suffix, part)

    return await stream(request.receive, context.pools, context.pools.files, context.gauges, opener)


def _spectrum_reply(
    context: Context,
    principal: Principal,
    address: ProductAddress,
    form: SpectrumFormat,
    suffix: str,
    part: str | None,
) -> Reply:
    page = product_page(context.centre, principal, address.dataset, address.set, address.key)
    found = spectrum(context.centre, principal, address.dataset, address.set, address.key, part)
    headers = cache_headers(page.public)
    if not form.inline:
        stem = re.sub(r"[^\w.+-]", "_", f"{address.key}_{part}" if part else address.key, flags=re.ASCII)
        headers["content-disposition"] = f'attachment; filename="{stem}.{suffix}"'
    return Reply(Source(form.write(found, None)), form.media_type, headers)


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
        "formats": _formats(base) if page.one.manifest.type == "spectrum" else {},
        "links": f"/vo/datalink/links?ID={quote(str(page.did), safe='')}",
    }


def _part(entry: IndexEntry) -> dict[str, Any]:
    return {
        "name": entry.part,
        "kind": entry.part_kind,
        "band": entry.band,
        "ra": describe.finite(entry.ra),
        "dec": describe.finite(entry.dec),
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


def _formats(base: str) -> dict[str, str]:
    return {
        name or "viewer": f"/api/v1/products/{base}/spectrum" + (f".{name}" if name else "") for name in FORMATS
    }


_PRODUCT = path_parameter("product", Text(en="dataset/set/key", zh="数据集/产品集/键"))
_PART = Parameter("part", Text(en="Only this part", zh="仅此部分"))
_BINARY = {"type": "string", "contentEncoding": "binary"}

#: documented apart, served by one route: the path's end tells them
DOCUMENTED = (
    Operation(
        "spectrum", "GET", "/api/v1/products/{product:path}/spectrum",
        Text(en="All parts of a spectrum, as the viewer draws them", zh="光谱全部分量,供查看器绘制"),
        product, (_PRODUCT, _PART), responses={render.WIRE_TYPE: _BINARY},
    ),
    Operation(
        "spectrum_as", "GET", "/api/v1/products/{product:path}/spectrum.{suffix}",
        Text(en="A spectrum as csv, vot, fits or png", zh="以 csv、vot、fits 或 png 给出光谱"),
        product,
        (_PRODUCT, path_parameter("suffix", Text(en="csv, vot, fits or png")), _PART),
        responses={f.media_type: _BINARY for name, f in FORMATS.items() if name},
    ),
)  # fmt: skip
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
        download, (_PRODUCT,), responses={"application/octet-stream": _BINARY},
    ),
)  # fmt: skip
