"""All routes of the API: its operations, their OpenAPI document and the page about them."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tianku.api import (
    archives,
    count,
    crossmatch,
    datasets,
    difference,
    epochs,
    jobs,
    latest,
    positions,
    products,
    query,
    tree,
)
from tianku.api.openapi import document
from tianku.http.absolute import base_url
from tianku.http.context import context_of
from tianku.http.errors import guarded, json_error
from tianku.model.errors import NotFoundError

SERVED = (
    *difference.OPERATIONS,
    *positions.OPERATIONS,
    *count.OPERATIONS,
    *crossmatch.OPERATIONS,
    *epochs.OPERATIONS,
    *datasets.OPERATIONS,
    *query.OPERATIONS,
    *jobs.OPERATIONS,
    *archives.OPERATIONS,
    *products.OPERATIONS,
    *tree.OPERATIONS,
)
DOCUMENTED = (
    *datasets.OPERATIONS, *difference.OPERATIONS, *epochs.OPERATIONS,
    *query.OPERATIONS, *count.OPERATIONS, *positions.OPERATIONS, *crossmatch.OPERATIONS,
    *jobs.OPERATIONS,
    *products.DOCUMENTED, *products.OPERATIONS, *archives.OPERATIONS, *tree.OPERATIONS,
)  # fmt: skip
_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
_pages = Environment(
    loader=PackageLoader("tianku.api", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


async def openapi(request: Request) -> Response:
    """``GET /api/v1/openapi.json``."""
    site = context_of(request).site
    return JSONResponse(document(DOCUMENTED, f"{site.title} API", base_url(request, site)))


async def docs(request: Request) -> Response:
    """``GET /api/docs[?lang=zh]``: the operations on one page, without scripts."""
    site = context_of(request).site
    language = "zh" if request.query_params.get("lang", "").startswith("zh") else "en"
    page = _pages.get_template("docs.html").render(
        title=site.title.in_(language), language=language, operations=DOCUMENTED, base=base_url(request, site)
    )
    return HTMLResponse(page, headers={"content-security-policy": _CSP, "content-language": language})


async def nothing(request: Request) -> Response:
    """Say in JSON that an address under ``/api/`` or ``/download/`` is none of ours."""
    raise NotFoundError("api.no_route", "There is nothing at {path}; see /api/docs.", path=request.url.path[:200])


def routes() -> list[Route]:
    """Return the routes."""
    guard = guarded(json_error)
    return [
        Route("/api/v1/openapi.json", guard(openapi), methods=["GET"]),
        Route("/api/docs", guard(docs), methods=["GET"]),
        *latest.routes(),
        *(operation.route() for operation in SERVED),
        Route("/sas", guard(tree.root), methods=["GET"]),
        Route("/api/{path:path}", guard(nothing), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
