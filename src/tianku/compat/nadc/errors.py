"""Errors of the NADC query interface."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tianku.http.errors import headers_of, status_of
from tianku.model.errors import TiankuError, public_message


def nadc_error(request: Request, error: TiankuError) -> Response:
    """Render ``{"error_code", "message", "method", "path", "status_code"}``."""
    status = status_of(error)
    body = {
        "error_code": error.code,
        "message": public_message(error),
        "method": request.method,
        "path": request.url.path[:200],
        "status_code": status,
    }
    return JSONResponse(body, status, headers_of(error))
