"""The view ``dynamic``: windows of a dynamic spectrum for the viewer, or as CSV or FITS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tianku.api.address import ProductAddress
from tianku.api.operation import Parameter
from tianku.api.view import BINARY, Described, View, answer, attachment, suffix_parameter, unknown_suffix
from tianku.http.caching import cache_headers
from tianku.http.context import Context
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.products import render_dynamic
from tianku.products.dynamic import DynamicSpectrum
from tianku.products.dynamic_window import Bounds
from tianku.products.readers.times import iso_mjd
from tianku.usecases.dynamic import dynamic

#: cells across and down of the viewer's reply: asked for, and at most
_SIZE, _MOST = (1200, 512), 4096


@dataclass(frozen=True, slots=True)
class DynamicFormat:
    """How a window is written."""

    media_type: str
    write: Callable[[DynamicSpectrum, Bounds], Iterable[bytes]]


FORMATS = {
    "csv": DynamicFormat("text/csv;header=present", render_dynamic.to_csv),
    "fits": DynamicFormat("application/fits", render_dynamic.to_fits),
}


async def view(request: Request, address: ProductAddress, suffix: str) -> Response:
    """``GET …/dynamic[.csv|.fits][?time=&frequency=&pol=&width=&height=]``."""
    if suffix and suffix not in FORMATS:
        raise unknown_suffix("dynamic spectrum", suffix, FORMATS)
    said = request.query_params
    time, frequency = _range(said.get("time"), "time", _moment), _range(said.get("frequency"), "frequency", float)
    bounds = Bounds(time, frequency, said.get("pol") or None)
    width, height = _size(said.get("width"), _SIZE[0]), _size(said.get("height"), _SIZE[1])

    def make(context: Context, principal: Principal) -> Reply:
        found = dynamic(context.centre, principal, address.dataset, address.set, address.key)
        headers = cache_headers(found.public)
        if not suffix:
            drawn = render_dynamic.to_wire(found.spectrum, bounds, width, height)
            return Reply(Source([drawn]), render_dynamic.WIRE_TYPE, headers)
        form = FORMATS[suffix]
        state = found.spectrum.plane(bounds.state).state
        headers |= attachment(address, state or None, suffix)
        return Reply(Source(form.write(found.spectrum, bounds)), form.media_type, headers)

    return await answer(request, make)


def _moment(text: str) -> float:
    """An ISO time in UTC, or a Modified Julian Date."""
    try:
        return float(text)
    except ValueError:
        found = iso_mjd(text.removesuffix("Z"))
        if found is None:
            raise
        return found


def _range(text: str | None, name: str, number: Callable[[str], float]) -> tuple[float, float] | None:
    """``a/b``, either side may be left out; the order does not matter."""
    if not text:
        return None
    low, slash, high = text.partition("/")
    try:
        ends = (number(low) if low else float("-inf"), number(high) if high else float("inf"))
    except ValueError as error:
        raise _bad(name, text) from error
    if not slash or any(end != end for end in ends):
        raise _bad(name, text)
    return min(ends), max(ends)


def _bad(name: str, text: str) -> UsageError:
    example = {"time": "2011-06-07T06:24:00/2011-06-07T06:30:00", "frequency": "20/90"}.get(name, "1200")
    return UsageError(
        "dynamic.bad_parameter",
        "{name}={text} is not understood; write for instance {name}={example}",
        name=name,
        text=text[:60],
        example=example,
    )


def _size(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or not 1 <= int(text) <= _MOST:
        raise _bad("width or height", text)
    return int(text)


_WINDOW = (
    Parameter("time", Text(en="Range of UTC times, ISO or MJD: `a/b`", zh="UTC 时间范围（ISO 或 MJD）：`a/b`")),
    Parameter("frequency", Text(en="Range of frequencies in MHz: `a/b`", zh="频率范围（MHz）：`a/b`")),
    Parameter("pol", Text(en="Polarisation state; the first when not given", zh="偏振态；缺省为第一个")),
)
VIEW = View(
    name="dynamic",
    types=frozenset({"dynamic-spectrum"}),
    formats={"": render_dynamic.WIRE_TYPE, **{name: form.media_type for name, form in FORMATS.items()}},
    handler=view,
    described=(
        Described(
            "dynamic",
            "dynamic",
            Text(
                en="A window of a dynamic spectrum in at most width × height cells, each its greatest value",
                zh="动态频谱的一个窗口，至多 width × height 格，每格取最大值",
            ),
            (
                *_WINDOW,
                Parameter("width", Text(en="Cells in time, at most 4096", zh="时间格数，至多 4096")),
                Parameter("height", Text(en="Cells in frequency, at most 4096", zh="频率格数，至多 4096")),
            ),
            {render_dynamic.WIRE_TYPE: BINARY},
        ),
        Described(
            "dynamic_as",
            "dynamic.{suffix}",
            Text(en="Every value of a window, as csv or fits", zh="以 csv 或 fits 给出窗口内全部数值"),
            (suffix_parameter("csv or fits"), *_WINDOW),
            {form.media_type: BINARY for form in FORMATS.values()},
        ),
    ),
)
