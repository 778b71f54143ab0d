"""What the service says of itself, descriptors for DataLink (SODA 1.0, 4), and errors (SODA 1.0, 5.3)."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tianku.formats.table import Param, Service
from tianku.http.errors import headers_of, status_of
from tianku.model.errors import AuthError, TiankuError, TransientError, UsageError, public_message
from tianku.usecases.links import CutoutService, Link

BASE = "/vo/soda"
STANDARD = "ivo://ivoa.net/std/SODA#sync-1.0"


def cutout_services(links: Iterable[Link], base: str) -> tuple[Service, ...]:
    """Return the descriptors of the services that links name."""
    return tuple(_service(link.cutout, base, link.id) for link in links if link.cutout is not None)


def common_service(base: str) -> Service:
    """Return the descriptor of the service for whatever id a row has."""
    return _service(CutoutService("soda"), base, None)


def _service(cutout: CutoutService, base: str, identifier: str | None) -> Service:
    limits = None if cutout.band is None else f"{cutout.band[0]!r} {cutout.band[1]!r}"
    return Service(
        f"{base}{BASE}/sync",
        id=cutout.name,
        name="Cutout",
        standard_id=STANDARD,
        content_type="application/fits",
        inputs=(
            Param("ID", identifier or "", ucd="meta.id;meta.main", description="product to cut",
                  column=None if identifier else "ID"),
            Param("BAND", "", "double", "2", "m", "em.wl;stat.interval", xtype="interval", maximum=limits,
                  description="vacuum wavelengths to keep"),
        ),
    )  # fmt: skip


def soda_error(request: Request, error: TiankuError) -> Response:
    """Render an error as text that begins with its word (SODA 1.0, 5.3)."""
    text = f"{_word(error)}: {public_message(error)}\n"
    return PlainTextResponse(text, status_of(error), headers_of(error))


def _word(error: TiankuError) -> str:
    if error.code == "soda.repeated":
        return "MultiValuedParamNotSupported"
    if isinstance(error, AuthError):
        return "AuthenticationError" if status_of(error) == 401 else "AuthorizationError"
    if isinstance(error, TransientError):
        return "ServiceUnavailable"
    return "UsageError" if isinstance(error, UsageError) else "Error"
