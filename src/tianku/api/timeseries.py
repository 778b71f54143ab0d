"""The view ``timeseries``: what the viewer draws, and light curves as CSV, VOTable or FITS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tianku.api.address import ProductAddress
from tianku.api.view import (
    BINARY,
    PART,
    Described,
    View,
    answer,
    attachment,
    part_of,
    suffix_parameter,
    unknown_suffix,
)
from tianku.http.caching import cache_headers
from tianku.http.context import Context
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import Principal
from tianku.model.text import Text
from tianku.products import render_curves
from tianku.products.timeseries import TimeSeries
from tianku.usecases.timeseries import timeseries


@dataclass(frozen=True, slots=True)
class CurveFormat:
    """How light curves are written; `inline` ones are shown, others saved."""

    media_type: str
    write: Callable[[TimeSeries, str | None], Iterable[bytes]]
    inline: bool = False


#: by the suffix of the path; "" is what the viewer draws, always with all parts
FORMATS: dict[str, CurveFormat] = {
    "": CurveFormat(render_curves.WIRE_TYPE, lambda s, _: [render_curves.to_wire(s)], inline=True),
    "vot": CurveFormat("application/x-votable+xml", render_curves.to_votable),
    "csv": CurveFormat("text/csv;header=present", render_curves.to_csv),
    "fits": CurveFormat("application/fits", lambda s, _: [render_curves.to_fits(s)]),
}


async def view(request: Request, address: ProductAddress, suffix: str) -> Response:
    """``GET …/timeseries[.csv|.vot|.fits][?part=]``."""
    form = FORMATS.get(suffix)
    if form is None:
        raise unknown_suffix("timeseries", suffix, FORMATS)
    part = part_of(request)

    def make(context: Context, principal: Principal) -> Reply:
        found = timeseries(context.centre, principal, address.dataset, address.set, address.key)
        headers = cache_headers(found.public) | ({} if form.inline else attachment(address, part, suffix))
        return Reply(Source(form.write(found.curves, part)), form.media_type, headers)

    return await answer(request, make)


VIEW = View(
    name="timeseries",
    types=frozenset({"timeseries"}),
    formats={name: form.media_type for name, form in FORMATS.items()},
    handler=view,
    described=(
        Described(
            "timeseries",
            "timeseries",
            Text(en="All parts of a light curve, as the viewer draws them", zh="光变曲线全部分量,供查看器绘制"),
            (),
            {render_curves.WIRE_TYPE: BINARY},
        ),
        Described(
            "timeseries_as",
            "timeseries.{suffix}",
            Text(en="A light curve as csv, vot or fits", zh="以 csv、vot 或 fits 给出光变曲线"),
            (suffix_parameter("csv, vot or fits"), PART),
            {form.media_type: BINARY for name, form in FORMATS.items() if name},
        ),
    ),
)
