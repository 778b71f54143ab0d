"""Capabilities of a cone search (SimpleDALRegExt 1.1) and its errors (SCS 1.03, 2.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tianku.http.errors import headers_of, status_of
from tianku.model.config.site import Limits
from tianku.model.errors import AuthError, LimitError, NotFoundError, TiankuError, UsageError, public_message
from tianku.vo.xml import render

#: the type that SCS 1.03 prefers
MEDIA_TYPE = "text/xml;content=x-votable"

PARAMETERS = (
    {"name": "RA", "use": "required", "unit": "deg", "ucd": "pos.eq.ra", "type": "real",
     "description": "ICRS right ascension of the cone's centre"},
    {"name": "DEC", "use": "required", "unit": "deg", "ucd": "pos.eq.dec", "type": "real",
     "description": "ICRS declination of the cone's centre"},
    {"name": "SR", "use": "required", "unit": "deg", "ucd": "pos.angDistance", "type": "real",
     "description": "radius of the cone; 0 asks for the columns only"},
    {"name": "VERB", "use": "optional", "unit": None, "ucd": None, "type": "integer",
     "description": "1: identifier and position, 2: main columns, 3: all columns"},
    {"name": "MAXREC", "use": "optional", "unit": None, "ucd": None, "type": "integer",
     "description": "rows at most"},
)  # fmt: skip


def capabilities_document(base: str, limits: Limits, test: tuple[float, float] | None) -> bytes:
    """Return the capabilities of the search at `base`; around `test` (degrees) there is a row."""
    query = None if test is None else {"ra": repr(test[0]), "dec": repr(test[1]), "radius": "0.01"}
    return render(
        "scs",
        "capabilities.xml",
        base=base,
        parameters=PARAMETERS,
        max_radius=limits.cone_degrees,
        max_rows=limits.default_rows,
        test=query,
    )


def scs_error(request: Request, error: TiankuError) -> Response:
    """Render an error: a wrong parameter is a VOTable with INFO ``Error`` and status 200.

    What is no such service, is closed or is in trouble keeps its HTTP status.
    """
    if isinstance(error, UsageError) and not isinstance(error, NotFoundError | AuthError | LimitError):
        body = render("scs", "error.xml", message=public_message(error))
        return Response(body, 200, headers_of(error), MEDIA_TYPE)
    return PlainTextResponse(public_message(error) + "\n", status_of(error), headers_of(error))
