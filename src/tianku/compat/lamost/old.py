"""The addresses before ``/openapi``: ``{root}/spectrum/fits/{obsid}``, ``{root}/sql/q`` and their like.

Roots are those that collections state (``compat: {legacy_roots: …}``); each address stands for an operation of
the family, for medium resolution after ``med``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from tianku.compat.family import Asked, read_asked
from tianku.compat.lamost.address import Address, served
from tianku.compat.lamost.errors import lamost_error
from tianku.compat.lamost.files import catalog
from tianku.compat.lamost.listings import LOW, MEDIUM
from tianku.compat.lamost.queries import grid
from tianku.compat.lamost.searches import conesearch, ssap
from tianku.compat.lamost.spectra import fits, fits2csv, info, png
from tianku.compat.lamost.sql import sql
from tianku.http.errors import guarded
from tianku.http.params import query_pairs
from tianku.model.access import ANONYMOUS
from tianku.model.errors import NotFoundError
from tianku.usecases.picture import PublishedDataset
from tianku.usecases.viewer import Viewer

_SPECTRUM = {"fits": fits, "png": png, "fits2csv": fits2csv, "info": info}
_SEARCHES = {"conesearch": conesearch, "ssap": ssap}
_ADDRESS = re.compile(
    r"(?P<med>med)?spectrum/(?P<view>fits|png|fits2csv|info)/(?P<obsid>[^/]+)"
    r"|(?P<med2>med)?voservice/(?P<search>conesearch|ssap)"
    r"|voservice/(?P<tap>tap(/.*)?)|(?P<sql>sql/q)|(?:medcas/)?sqlid/(?P<sqlid>[^/]+)"
    r"|(?P<catalogue>catdl)|(?P<page>catalogue|search)|sas/fits/(?P<file>.+)"
)


class OldRoute(Route):
    """Matches below the roots that are stated, and there only what is an address of the family."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for this route; see Starlette."""
        match, child = super().matches(scope)
        if match is Match.NONE or not any(_possible(scope["path"])) or _found(scope) is None:
            return Match.NONE, {}
        return match, child


def _possible(path: str) -> Iterator[bool]:
    segments = path.strip("/").split("/")
    return (_ADDRESS.fullmatch("/".join(segments[n:])) is not None for n in (1, 2) if len(segments) > n)


def _found(scope: Scope) -> tuple[PublishedDataset | None, str] | None:
    """Return the release below whose root a path is, if there is one, and the rest; None below no root."""
    centre = scope["app"].state.context.centre
    known = served(Viewer(centre.picture(), ANONYMOUS, centre.clock()))
    for collection in {one.config.collection: one.collection for one in known}.values():
        for root in collection.compat.legacy_roots:
            pattern = re.escape(root.strip("/")).replace(r"\{release\}", r"(?P<release>[^/]+)")
            pattern = pattern.replace(r"\{version\}", r"(?P<version>[^/]+)")
            match = re.fullmatch(rf"/{pattern}/(?P<rest>.+)", scope["path"])
            if match is not None and _ADDRESS.fullmatch(match["rest"]):
                named = match.groupdict()
                wanted = [collection.collection, *(named[n] for n in ("release", "version") if named.get(n))]
                return centre.picture().datasets.get("/".join(wanted)), match["rest"]
    return None


async def old(request: Request) -> Response:
    """Answer an address of before by the operation that it stands for."""
    asked = await read_asked(request)
    found = _found(request.scope)
    owner, rest = found if found is not None else (None, "")
    match = _ADDRESS.fullmatch(rest)
    if owner is None or match is None or owner.id not in {one.id for one in served(asked.viewer)}:
        raise NotFoundError(
            "compat.no_operation", "there is nothing at {path}; /openapi/docs lists what there is",
            path=request.url.path[:200],
        )  # fmt: skip
    address, named = Address(owner, ()), match.groupdict()
    set_name = MEDIUM if named["med"] or named["med2"] else LOW
    if named["view"]:
        return await _SPECTRUM[named["view"]](asked.adding("obsid", named["obsid"]), address, set_name)
    if named["search"]:
        return await _SEARCHES[named["search"]](asked, address, set_name)
    if named["sqlid"]:
        return await grid(asked.adding("sqlid", named["sqlid"]), address)
    if named["sql"]:
        return await sql(asked, address)
    if named["catalogue"]:
        return await catalog(asked, address, set_name)
    return _elsewhere(asked, address, named, set_name)


def _elsewhere(asked: Asked, address: Address, named: dict[str, str | None], set_name: str) -> Response:
    """Lead to what has an address of its own here: TAP, files by folder, pages."""
    dataset = address.owner.id
    if named["tap"]:
        tail = f"?{urlencode(query_pairs(asked.request))}" if asked.request.method == "GET" else ""
        return RedirectResponse(f"/vo/{named['tap']}{tail}", 307)
    if named["file"]:
        return RedirectResponse(f"/sas/{dataset}/{set_name}/{quote(named['file'])}", 307)
    obsid = asked.params.one("obsid") if named["page"] == "search" else None
    if obsid is not None:
        return RedirectResponse(f"/data/{dataset}/products/{set_name}/{quote(obsid, safe='')}", 307)
    return RedirectResponse(f"/data/{dataset}/", 307)


def routes() -> list[Route]:
    """Return the routes; they come after all others but the pages."""
    return [OldRoute("/{path:path}", guarded(lamost_error)(old), methods=["GET", "POST"])]
