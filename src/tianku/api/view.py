"""A view of a product: what it is drawn from, or written as, at ``…/{key}/<view>[.<suffix>]``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tianku.api.address import ProductAddress
from tianku.api.operation import Parameter, path_parameter
from tianku.http.context import Context, context_of, principal_of
from tianku.http.stream import Reply, stream
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.model.text import Text

#: the schema of answers that are no JSON
BINARY = {"type": "string", "contentEncoding": "binary"}
PART = Parameter("part", Text(en="Only this part", zh="仅此部分"))
Handler = Callable[[Request, ProductAddress, str], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Described:
    """How a view is documented; `tail` follows the product's address."""

    name: str
    tail: str
    summary: Text
    parameters: tuple[Parameter, ...] = ()
    responses: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """One view: the types of product set that it is the view of, its suffixes with their media types.

    The suffix "" is what the page's viewer draws; a view without it is reached by its suffixes only.
    """

    name: str
    types: frozenset[str]
    formats: Mapping[str, str]
    handler: Handler
    described: tuple[Described, ...] = ()

    def addresses(self, base: str) -> dict[str, str]:
        """Return where a product has this view, by format; `base` is dataset/set/key."""
        return {
            name or "viewer": f"/api/v1/products/{base}/{self.name}" + (f".{name}" if name else "")
            for name in self.formats
        }


def suffix_parameter(words: str) -> Parameter:
    """Return the parameter ``{suffix}`` of a path."""
    return path_parameter("suffix", Text(en=words))


async def answer(request: Request, make: Callable[[Context, Principal], Reply]) -> Response:
    """Make a reply in a thread that may read files, and stream it; `make` asks the policy."""
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)

    def opener(_: object) -> Reply:
        return make(context, principal)

    return await stream(request.receive, context.pools, context.pools.files, context.gauges, opener)


def unknown_suffix(view: str, suffix: str, formats: Mapping[str, object]) -> UsageError:
    """Return the error that names the formats a view has."""
    known = ", ".join(name for name in formats if name)
    return UsageError(
        "api.view_format",
        "A {view} is not written as {suffix}; there are: {known}.",
        view=view,
        suffix=suffix[:20] or "raw",
        known=known,
    )


def attachment(address: ProductAddress, part: str | None, suffix: str) -> dict[str, str]:
    """Return the header that makes a browser save an answer under the product's name."""
    name = f"{address.key}_{part}" if part else address.key
    stem = re.sub(r"[^\w.+-]", "_", name, flags=re.ASCII)
    return {"content-disposition": f'attachment; filename="{stem}.{suffix}"'}


def part_of(request: Request) -> str | None:
    """Return the part that ``?part=`` names."""
    return request.query_params.get("part") or None
