"""The view ``spectrum``: what the viewer draws, and spectra as CSV, VOTable, FITS or a plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

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
from tianku.products import render
from tianku.products.plot import to_png
from tianku.products.spectrum import Spectrum
from tianku.products.spectrum_votable import Curation, to_votable
from tianku.usecases.products import ProductPage, product_page, spectrum

Pieces = Iterable[bytes]


@dataclass(frozen=True, slots=True)
class SpectrumFormat:
    """How a spectrum is written; `inline` ones are shown, others saved."""

    media_type: str
    write: Callable[[Spectrum, Curation], Pieces]
    inline: bool = False


#: by the suffix of the path; "" is what the viewer draws
FORMATS: dict[str, SpectrumFormat] = {
    "": SpectrumFormat(render.WIRE_TYPE, lambda s, _: [render.to_wire(s)], inline=True),
    "csv": SpectrumFormat("text/csv;header=present", lambda s, _: render.to_csv(s)),
    "vot": SpectrumFormat("application/x-votable+xml", lambda s, curation: to_votable(s, None, curation)),
    "fits": SpectrumFormat("application/fits", lambda s, _: [render.to_fits(s)]),
    "png": SpectrumFormat("image/png", lambda s, _: [to_png(s)], inline=True),
}


async def view(request: Request, address: ProductAddress, suffix: str) -> Response:
    """``GET …/spectrum[.csv|.vot|.fits|.png][?part=]``."""
    form = FORMATS.get(suffix)
    if form is None:
        raise unknown_suffix("spectrum", suffix, FORMATS)
    part = part_of(request)

    def make(context: Context, principal: Principal) -> Reply:
        page = product_page(context.centre, principal, address.dataset, address.set, address.key)
        found = spectrum(context.centre, principal, address.dataset, address.set, address.key, part)
        headers = cache_headers(page.public) | ({} if form.inline else attachment(address, part, suffix))
        return Reply(Source(form.write(found, _curation(context, page, part))), form.media_type, headers)

    return await answer(request, make)


def _curation(context: Context, page: ProductPage, part: str | None) -> Curation:
    site = context.site
    owner = context.centre.picture().datasets[page.one.dataset]
    return Curation(
        publisher=str(site.publisher) or str(site.title),
        publisher_did=str(replace(page.did, part=part)),
        collection=str(owner.collection.title),
    )


VIEW = View(
    name="spectrum",
    types=frozenset({"spectrum"}),
    formats={name: form.media_type for name, form in FORMATS.items()},
    handler=view,
    described=(
        Described(
            "spectrum",
            "spectrum",
            Text(en="All parts of a spectrum, as the viewer draws them", zh="光谱全部分量,供查看器绘制"),
            (PART,),
            {render.WIRE_TYPE: BINARY},
        ),
        Described(
            "spectrum_as",
            "spectrum.{suffix}",
            Text(en="A spectrum as csv, vot, fits or png", zh="以 csv、vot、fits 或 png 给出光谱"),
            (suffix_parameter("csv, vot, fits or png"), PART),
            {form.media_type: BINARY for name, form in FORMATS.items() if name},
        ),
    ),
)
