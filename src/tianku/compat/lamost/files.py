"""Whole catalogues as files, and where on the sky a set is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from starlette.responses import Response

from tianku.compat.family import Asked, attachment
from tianku.compat.lamost.address import Address, table_of
from tianku.engines.base import Cancellation
from tianku.http.caching import cache_headers
from tianku.http.files import send_file
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import ANONYMOUS, Level
from tianku.model.config.sources import expand_alternatives
from tianku.products.preview.footprint import footprint_png
from tianku.usecases.downloads import FORMS, download_file, offered
from tianku.usecases.policy import decide
from tianku.usecases.products import FileToSend

_KIND = re.compile(r"(\.(fits|fit|csv|tsv|txt|parquet|vot|xml))?(\.gz)?$")


async def catalog(asked: Asked, address: Address, _: str) -> Response:
    """``GET …/catalog?name=``: by the name we offer a table under, or that of the file it came from."""
    name = asked.params.required("name")
    found = await asked.context.pools.files.run(lambda: _file(asked, address, name))
    return await send_file(asked.request, found, {"content-disposition": attachment(PurePosixPath(name).name)})


def _file(asked: Asked, address: Address, name: str) -> FileToSend:
    return download_file(asked.centre, asked.principal, address.owner, _offered_as(asked, address, name) or name)


def _offered_as(asked: Asked, address: Address, name: str) -> str | None:
    """Return the name under which we offer the table that came from a file of this name, in its format."""
    found: dict[int, str] = {}
    for one in offered(asked.centre, asked.viewer, address.owner):
        end = f".{FORMS[one.file.format].extension}"
        source = address.owner.config.tables[one.file.table].from_
        stems = _stems(source.files if source is not None else ())
        if name.endswith(end) and name.removesuffix(end) in stems:
            found.setdefault(len(stems), one.file.name)
    return found[min(found)] if found else None  # a table that came from just this file, if there is one


def _stems(patterns: Iterable[str]) -> set[str]:
    """Return the names of the files that patterns may stand for, without what tells their kind."""
    names = (PurePosixPath(path).name for pattern in patterns for path in expand_alternatives(pattern))
    return {_KIND.sub("", name) for name in names}


async def footprint(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …/footprint``: the sky that the table of a set covers."""

    def make(_: Cancellation) -> Reply:
        viewer = asked.viewer
        meta = table_of(viewer, address, set_name)
        table = viewer.published_table(address.owner.id, meta.name)
        picture = footprint_png(table.manifest.moc)
        headers = cache_headers(decide(ANONYMOUS, table.rule, Level.METADATA, viewer.now))
        headers["content-disposition"] = attachment(f"{address.owner.schema_name}_{set_name}_footprint.png")
        return Reply(Source([picture]), "image/png", headers, length=len(picture))

    return await asked.reply(make)
