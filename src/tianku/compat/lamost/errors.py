"""Errors of the LAMOST OpenAPI: ``{"error", "description"}``, or the page that sends people to log in."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tianku.http.context import context_of
from tianku.http.errors import headers_of, status_of
from tianku.model.errors import AuthError, CredentialsError, TiankuError, public_message

#: the key of `login_hosts`
LOGIN = "lamost"


def lamost_error(request: Request, error: TiankuError) -> Response:
    """Render an error; what is closed to who has not logged in leads to the host that clients know."""
    status = status_of(error)
    host = context_of(request).site.login_hosts.get(LOGIN)
    if host and isinstance(error, AuthError) and status == 401 and not isinstance(error, CredentialsError):
        page = (
            '<html><head><meta http-equiv="refresh" content="0;url=https://{host}/"></head>'
            '<body>{text} <a href="https://{host}/">https://{host}/</a></body></html>'
        )
        text = page.format(host=escape(host), text=escape(public_message(error)))
        return HTMLResponse(text, status, headers_of(error))
    said = public_message(error)
    if isinstance(error, CredentialsError):
        said = f"please check your token: {said}"
    body = {"error": HTTPStatus(status).phrase, "description": said, "code": error.code}
    return JSONResponse(body, status, headers_of(error))
