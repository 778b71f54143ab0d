"""``/openapi/…``: operations by the words of their addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from tianku.compat.family import Asked, read_asked
from tianku.compat.lamost.address import Address, parse_address
from tianku.compat.lamost.errors import lamost_error
from tianku.compat.lamost.files import catalog, footprint
from tianku.compat.lamost.identity import unique_id
from tianku.compat.lamost.listings import dr_versions, tables, tap_url
from tianku.compat.lamost.queries import query, result, result_count
from tianku.compat.lamost.reference import OPERATIONS
from tianku.compat.lamost.searches import conesearch, ssap
from tianku.compat.lamost.spectra import fits, fits2csv, info, png
from tianku.compat.lamost.sql import sql
from tianku.compat.reference import CSP, document, page
from tianku.http.absolute import base_url
from tianku.http.context import context_of
from tianku.http.errors import guarded
from tianku.model.errors import NotFoundError

OfRelease = Callable[[Asked, Address], Awaitable[Response]]
OfSet = Callable[[Asked, Address, str], Awaitable[Response]]

#: operations of a release, by what follows it
OF_RELEASE: dict[tuple[str, ...], OfRelease] = {
    ("tables",): tables,
    ("sql",): sql,
    ("get_query_result_count",): result_count,
    ("get_query_result",): result,
    ("voservice", "tap_url"): tap_url,
    ("get_unique_id_and_related_obsids",): unique_id,
}
#: and of a product set of it
OF_SET: dict[tuple[str, ...], OfSet] = {
    ("voservice", "conesearch"): conesearch,
    ("voservice", "ssap"): ssap,
    ("spectrum", "info"): info,
    ("spectrum", "fits"): fits,
    ("spectrum", "png"): png,
    ("spectrum", "fits2csv"): fits2csv,
    ("catalog",): catalog,
    ("footprint",): footprint,
}
_QUERY = "query"


async def versions(request: Request) -> Response:
    """``GET /openapi/dr_versions``."""
    return await dr_versions(await read_asked(request))


async def specification(request: Request) -> Response:
    """``GET /openapi/openapi.yaml``."""
    site = context_of(request).site
    text = document(f"{site.title} OpenAPI", f"{base_url(request, site)}/openapi", OPERATIONS)
    return PlainTextResponse(text, media_type="application/yaml")


async def docs(request: Request) -> Response:
    """``GET /openapi/docs[?lang=zh]``."""
    site = context_of(request).site
    language = "zh" if request.query_params.get("lang", "").startswith("zh") else "en"
    text = page(f"{site.title.in_(language)} OpenAPI", f"{base_url(request, site)}/openapi", OPERATIONS, language)
    return HTMLResponse(text, headers={"content-security-policy": CSP, "content-language": language})


async def release(request: Request) -> Response:
    """Dispatch what is asked of one release."""
    path = request.path_params["path"]
    asked = await read_asked(request, body=is_query(path))
    return await operation(asked, parse_address(asked.viewer, path))


def is_query(path: str) -> bool:
    """Whether the body of a request is a structured query, and no form."""
    return path.rstrip("/").rpartition("/")[0].endswith(f"/{_QUERY}")


async def operation(asked: Asked, address: Address) -> Response:
    """Answer what is asked of a release or one of its sets."""
    rest = address.rest
    of_release = OF_RELEASE.get(rest)
    if of_release is not None:
        return await of_release(asked, address)
    if len(rest) == 2 and rest[0] == _QUERY:
        return await query(asked, address, rest[1])
    of_set = OF_SET.get(rest[1:]) if rest else None
    if of_set is None:
        raise no_operation(asked.request)
    return await of_set(asked, address, rest[0])


def no_operation(request: Request) -> NotFoundError:
    """Return the error of an address that is none."""
    return NotFoundError(
        "compat.no_operation", "there is nothing at {path}; /openapi/docs lists what there is",
        path=request.url.path[:200],
    )  # fmt: skip


def routes() -> list[Route]:
    """Return the routes."""
    guard = guarded(lamost_error)
    return [
        Route("/openapi/dr_versions", guard(versions), methods=["GET"]),
        Route("/openapi/openapi.yaml", guard(specification), methods=["GET"]),
        Route("/openapi/docs", guard(docs), methods=["GET"]),
        Route("/openapi/{path:path}", guard(release), methods=["GET", "POST"]),
    ]
