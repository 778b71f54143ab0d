"""The view ``image``: what the viewer draws, and the picture as PNG."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tianku.api import previews
from tianku.api.address import ProductAddress
from tianku.api.view import BINARY, PART, Described, View, answer, part_of, unknown_suffix
from tianku.http.caching import cache_headers
from tianku.http.context import Context
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import Principal
from tianku.model.text import Text
from tianku.products.render_image import WIRE_TYPE
from tianku.usecases.images import image_wire

_FORMATS = {"": WIRE_TYPE, "png": "image/png"}


async def view(request: Request, address: ProductAddress, suffix: str) -> Response:
    """``GET …/image[.png][?part=]``."""
    if suffix == "png":
        return await previews.view(request, address, suffix)
    if suffix:
        raise unknown_suffix("image", suffix, _FORMATS)
    part = part_of(request)

    def make(context: Context, principal: Principal) -> Reply:
        wire, public = image_wire(context.centre, principal, address.dataset, address.set, address.key, part)
        return Reply(Source([wire]), WIRE_TYPE, cache_headers(public), length=len(wire))

    return await answer(request, make)


VIEW = View(
    name="image",
    types=frozenset({"image"}),
    formats=_FORMATS,
    handler=view,
    described=(
        Described(
            "image",
            "image",
            Text(
                en="One image reduced to a screen, with its coordinates, as the viewer draws it",
                zh="缩小到屏幕大小的一幅图像及其坐标，供查看器绘制",
            ),
            (PART,),
            {WIRE_TYPE: BINARY},
        ),
    ),
)
