"""What a service says of itself: capabilities (SimpleDALRegExt 1.1), parameters, errors (SSA 1.1, 8.10)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tianku.formats.table import Param
from tianku.http.errors import headers_of, status_of
from tianku.model.config.site import Limits
from tianku.model.errors import AuthError, LimitError, NotFoundError, TiankuError, UsageError, public_message
from tianku.sky.frames import FRAMES
from tianku.vo.ssa.params import DEFAULT_SIZE, WAVE_CALIBRATIONS, WORDS
from tianku.vo.xml import render

MEDIA_TYPE = "application/x-votable+xml"

#: what can be asked, as FORMAT=METADATA and the capabilities say it
PARAMETERS: tuple[Param, ...] = (
    Param("REQUEST", "queryData", description="the operation", options=("queryData",)),
    Param("POS", ucd="pos.eq", unit="deg",
          description="centre `ra,dec`, ICRS; another system after a semicolon: " + ", ".join(FRAMES)),
    Param("SIZE", repr(DEFAULT_SIZE), "double", None, unit="deg", ucd="phys.angSize",
          description="diameter of the field around POS"),
    Param("BAND", unit="m", ucd="em.wl", description="vacuum wavelengths, `low/high`, or names of wavebands"),
    Param("TIME", ucd="time.epoch", description="dates of observation, `start/end`, ISO 8601, UTC"),
    Param("FORMAT", "all", ucd="meta.code.mime", description="media type, or one of the words",
          options=tuple(sorted(WORDS))),
    Param("MAXREC", "", "int", None, description="rows at most"),
    Param("TOP", "", "int", None, description="rows at most"),
    Param("TARGETNAME", ucd="meta.id;src", description="names of objects, in any case"),
    Param("TARGETCLASS", ucd="src.class", description="classes of objects, in any case"),
    Param("SPECRP", "", ucd="spect.resolution", description="least resolving power, or ranges"),
    Param("SPATRES", "", unit="deg", ucd="pos.angResolution", description="coarsest spatial resolution"),
    Param("TIMERES", "", unit="s", ucd="time.resolution", description="coarsest temporal resolution"),
    Param("APERTURE", "", unit="deg", ucd="instr.fov", description="largest diameter of the aperture, or ranges"),
    Param("WAVECALIB", ucd="meta.code.qual", description="calibration of wavelengths",
          options=tuple(sorted(WAVE_CALIBRATIONS))),
    Param("MTIME", ucd="time.processing", description="dates of publication, `start/end`, ISO 8601, UTC"),
    Param("FLUXCALIB", ucd="meta.code.qual", description="calibration of the flux",
          options=("any", "absolute", "relative", "normalized", "uncalibrated")),
    Param("COLLECTION", ucd="meta.id", description="part of the collection's name"),
    Param("PUBDID", ucd="meta.ref.ivoid", description="publisher's identifier of one spectrum"),
    Param("CREATORDID", ucd="meta.ref.ivoid", description="identifier of one spectrum"),
)  # fmt: skip


#: frames by the names of the registry schema of SSA, where they differ
_REGISTERED = {"GALACTIC": "GALACTIC_II"}


def inputs() -> tuple[Param, ...]:
    """Return the parameters as the answer to FORMAT=METADATA names them (SSA 1.1, 4.1.1.5)."""
    return tuple(
        Param(f"INPUT:{p.name}", p.value, p.datatype, p.arraysize, p.unit, p.ucd, description=p.description,
              options=p.options)
        for p in PARAMETERS
    )  # fmt: skip


def capabilities_document(base: str, limits: Limits, source: str, test: tuple[float, float] | None) -> bytes:
    """Return the capabilities of the service at `base`; at `test` (degrees) there is a spectrum."""
    return render(
        "ssa", "capabilities.xml", base=base, parameters=PARAMETERS, source=source,
        frames=[_REGISTERED.get(frame, frame) for frame in FRAMES],
        max_radius=min(limits.cone_degrees, 180.0), max_rows=limits.sync_rows,
        default_rows=min(limits.default_rows, limits.sync_rows), test=test, size=DEFAULT_SIZE,
    )  # fmt: skip


def ssa_error(request: Request, error: TiankuError) -> Response:
    """Render an error: a wrong parameter is a VOTable that says so, with status 200.

    What is no such service, is closed or is in trouble keeps its HTTP status.
    """
    if isinstance(error, UsageError) and not isinstance(error, NotFoundError | AuthError | LimitError):
        body = render("ssa", "error.xml", message=public_message(error), code=error.code)
        return Response(body, 200, headers_of(error), MEDIA_TYPE)
    return PlainTextResponse(public_message(error) + "\n", status_of(error), headers_of(error))
