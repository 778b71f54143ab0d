"""Errors as VOTables (DALI 1.1, 4.4)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tianku.http.errors import headers_of, status_of
from tianku.model.errors import TiankuError, public_message
from tianku.vo.xml import render

VOTABLE = "application/x-votable+xml"


def votable_error(request: Request, error: TiankuError) -> Response:
    """Render a VOTable whose results say QUERY_STATUS=ERROR, with the HTTP status of the error."""
    body = render("dali", "error.xml", message=public_message(error), code=error.code)
    return Response(body, status_of(error), headers_of(error), VOTABLE)
