"""What the service says of itself, descriptors for DataLink (SODA 1.0, 4), and errors (SODA 1.0, 5.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tianku.formats.table import Param, Service
from tianku.http.errors import headers_of, status_of
from tianku.model.errors import AuthError, TiankuError, TransientError, UsageError, public_message
from tianku.usecases.cutouts import CUTTERS
from tianku.usecases.links import CutoutService, Link

BASE = "/vo/soda"
STANDARD = "ivo://ivoa.net/std/SODA#sync-1.0"
_INPUTS = (
    Param("BAND", "", "double", "2", "m", "em.wl;stat.interval", xtype="interval",
          description="vacuum wavelengths to keep"),
    Param("CIRCLE", "", "double", "3", "deg", "phys.angArea;obs", xtype="circle",
          description="circle to keep: ra dec radius, ICRS"),
    Param("POLYGON", "", "double", "*", "deg", "phys.angArea;obs", xtype="polygon",
          description="polygon to keep: ra1 dec1 ra2 dec2 ra3 dec3 …, ICRS"),
    Param("POS", "", ucd="phys.angArea;obs",
          description="region to keep, ICRS degrees: CIRCLE ra dec radius, RANGE ra1 ra2 dec1 dec2, POLYGON …"),
)  # fmt: skip


def cutout_services(links: Iterable[Link], base: str) -> tuple[Service, ...]:
    """Return the descriptors of the services that links name."""
    return tuple(_service(link.cutout, base, link.id) for link in links if link.cutout is not None)


def common_service(base: str) -> Service:
    """Return the descriptor of the service for whatever id a row has."""
    every = frozenset[str]().union(*(cutter.parameters for cutter in CUTTERS.values()))
    return _service(CutoutService("soda", every), base, None)


def _service(cutout: CutoutService, base: str, identifier: str | None) -> Service:
    column = None if identifier else "ID"
    product = Param("ID", identifier or "", ucd="meta.id;meta.main", description="product to cut", column=column)
    limits = {"BAND": _numbers(cutout.band), "CIRCLE": _numbers(cutout.circle)}
    return Service(
        f"{base}{BASE}/sync",
        id=cutout.name,
        name="Cutout",
        standard_id=STANDARD,
        content_type="application/fits",
        inputs=(
            product,
            *(replace(one, maximum=limits.get(one.name)) for one in _INPUTS if one.name in cutout.parameters),
        ),
    )


def _numbers(values: tuple[float, ...] | None) -> str | None:
    return None if values is None else " ".join(map(repr, values))


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
