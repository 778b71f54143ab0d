"""The view ``preview``: a picture of a product, for lists and pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tianku.api.address import ProductAddress
from tianku.api.operation import Parameter
from tianku.api.view import BINARY, PART, Described, View, answer, part_of, unknown_suffix
from tianku.http.caching import cache_headers
from tianku.http.context import Context
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import Principal
from tianku.model.text import Text
from tianku.usecases.previews import SIZES, preview

_FORMATS = {"png": "image/png"}


async def view(request: Request, address: ProductAddress, suffix: str) -> Response:
    """``GET …/preview.png[?part=][&size=][&lang=]``."""
    if suffix not in _FORMATS:
        raise unknown_suffix("preview", suffix, _FORMATS)
    part, size = part_of(request), request.query_params.get("size", "medium")
    language = "zh" if request.query_params.get("lang", "").startswith("zh") else "en"

    def make(context: Context, principal: Principal) -> Reply:
        found = preview(context.centre, principal, address.dataset, address.set, address.key, part, size, language)
        headers = cache_headers(found.public)
        return Reply(Source([found.png]), _FORMATS[suffix], headers, length=len(found.png))

    return await answer(request, make)


VIEW = View(
    name="preview",
    types=frozenset(),
    formats=_FORMATS,
    handler=view,
    described=(
        Described(
            "preview",
            "preview.png",
            Text(en="A picture of a product, or of one part of it", zh="数据产品（或其一个分量）的预览图"),
            (
                PART,
                Parameter("size", Text(en="How large", zh="大小"), {"type": "string", "enum": list(SIZES)}),
                Parameter("lang", Text(en="Language of its words", zh="文字语言"), {"enum": ["en", "zh"]}),
            ),
            {"image/png": BINARY},
        ),
    ),
)
