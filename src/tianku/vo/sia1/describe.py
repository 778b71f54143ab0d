"""What a service says of itself: capabilities (SimpleDALRegExt 1.1), parameters, errors (SIA 1.0, 4.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tianku.formats.table import Param
from tianku.http.errors import headers_of, status_of
from tianku.model.config.site import Limits
from tianku.model.errors import AuthError, LimitError, NotFoundError, TiankuError, UsageError, public_message
from tianku.vo.sia1.params import INTERSECTS, WORDS
from tianku.vo.xml import render

MEDIA_TYPE = "text/xml;content=x-votable"

#: what can be asked, as FORMAT=METADATA and the capabilities say it
PARAMETERS: tuple[Param, ...] = (
    Param("POS", unit="deg", description="centre of the region `ra,dec`, ICRS"),
    Param("SIZE", unit="deg", description="width and height of the region, or one number for both"),
    Param("INTERSECT", "OVERLAPS", description="how images lie to the region", options=INTERSECTS),
    Param("FORMAT", "ALL", description="media type, or one of the words", options=WORDS),
    Param("VERB", "2", "int", None, description="how many columns", options=("0", "1", "2", "3")),
    Param("MAXREC", "", "int", None, description="rows at most"),
)


def inputs() -> tuple[Param, ...]:
    """Return the parameters as the answer to FORMAT=METADATA names them (SIA 1.0, 6.1)."""
    return tuple(
        Param(
            f"INPUT:{p.name}",
            p.value,
            p.datatype,
            p.arraysize,
            p.unit,
            description=p.description,
            options=p.options,
        )
        for p in PARAMETERS
    )


def capabilities_document(base: str, limits: Limits, test: tuple[float, float] | None) -> bytes:
    """Return the capabilities of the service at `base`; at `test` (degrees) there is an image."""
    return render(
        "sia1", "capabilities.xml", base=base, parameters=PARAMETERS, max_rows=limits.sync_rows, test=test
    )


def sia1_error(request: Request, error: TiankuError) -> Response:
    """Render an error: a wrong parameter is a VOTable that says so, with status 200.

    What is no such service, is closed or is in trouble keeps its HTTP status.
    """
    if isinstance(error, UsageError) and not isinstance(error, NotFoundError | AuthError | LimitError):
        body = render("dali", "error.xml", message=public_message(error), code=error.code)
        return Response(body, 200, headers_of(error), MEDIA_TYPE)
    return PlainTextResponse(public_message(error) + "\n", status_of(error), headers_of(error))
