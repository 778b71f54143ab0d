"""XML answers of fixed shape, from the templates beside each protocol."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from starlette.responses import Response

from tianku.http.caching import cache_headers

#: characters that XML 1.0 cannot hold, escaped or not
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

XML = "text/xml; charset=utf-8"


@functools.cache
def _environment(protocol: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader(f"tianku.vo.{package}", "templates") for package in (protocol, "vosi")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.globals |= {"utc": utc, "instant": instant}
    return environment


def _clean(value: object) -> object:
    """Replace what XML cannot hold; None becomes empty."""
    if value is None:
        return ""
    if type(value) is str:
        return _FORBIDDEN.sub("�", value)
    return value


def template(protocol: str, name: str) -> Template:
    """Return the template `name` of ``vo/<protocol>/templates``."""
    return _environment(protocol).get_template(name)


def render(protocol: str, name: str, **values: object) -> bytes:
    """Return the document of a template as UTF-8."""
    return template(protocol, name).render(**values).encode()


def utc(moment: datetime | None = None) -> str:
    """Return `moment` (now) as DALI wants times: UTC, ISO 8601, with Z."""
    return (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(moment: datetime) -> str:
    """Return `moment` as `utc` does, to the millisecond: jobs can be told apart by their times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def xml_response(body: bytes, *, media_type: str = XML, public: bool = True, status: int = 200) -> Response:
    """Return an XML answer with the headers of dynamic answers."""
    return Response(body, status, cache_headers(public), media_type)
