"""One spectrum: ``{set}/spectrum/{info,fits,png,fits2csv}?obsid=``."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tianku.adql.build import Condition, scalar_of, select
from tianku.compat.family import Asked, attachment, plain_rows
from tianku.compat.lamost.address import Address, link_of, table_of
from tianku.compat.lamost.rows import spelling_of
from tianku.engines.base import Cancellation
from tianku.http.caching import cache_headers
from tianku.http.files import send_file
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.errors import AuthError, NotFoundError, UsageError
from tianku.products import render
from tianku.usecases.previews import preview
from tianku.usecases.products import product_file, product_page, spectrum
from tianku.usecases.query import run_statement

#: the column that tells where a spectrum's file is
FILE = "file"
_GZIP = "application/gzip"


def key_of(asked: Asked) -> str:
    """Return the key that ``obsid`` names."""
    return asked.params.required("obsid")


async def info(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …/info?obsid=``: ``{"columns", "rows", "total"}``, a row for each part that the table has."""
    key = key_of(asked)

    def make(cancellation: Cancellation) -> Reply:
        meta = table_of(asked.viewer, address, set_name)
        link = link_of(address, meta)
        column = meta.column(link.key) if link is not None else meta.column(meta.id_column or "")
        value = scalar_of(key, column) if column is not None else None
        if column is None or value is None:
            raise UsageError("compat.value", "{column}: {reason}", column="obsid", reason="it is a whole number")
        statement = select(meta, where=[Condition(column.name, "equal", (value,))])
        with run_statement(
            asked.centre, asked.principal, statement, table=meta, cancellation=cancellation
        ) as answer:
            rows = plain_rows(answer, spelling_of(address))
            names = [one.name for one in answer.columns]
            if FILE not in names:
                names.append(FILE)
                path = _path(asked, address, set_name, key)
                rows = [row | {FILE: path} for row in rows]
            return asked.json({"columns": names, "rows": rows, "total": len(rows)}, public=answer.public)

    return await asked.reply(make)


def _path(asked: Asked, address: Address, set_name: str, key: str) -> str | None:
    """Return where the file of a spectrum is below its release; None where there is none to be seen."""
    try:
        page = product_page(asked.centre, asked.principal, address.owner.id, set_name, key)
    except (NotFoundError, AuthError):
        return None
    return page.files[0].path if page.files else None


async def fits(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …/fits?obsid=``: the file as it came, under a name without quotes."""
    key = key_of(asked)
    files = asked.context.pools.files
    found = await files.run(lambda: product_file(asked.centre, asked.principal, address.owner.id, set_name, key))
    if found.filename.endswith(".gz"):
        found = replace(found, media_type=_GZIP)
    return await send_file(asked.request, found, {"content-disposition": attachment(found.filename)})


async def png(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …/png?obsid=``."""
    key = key_of(asked)

    def make(_: Cancellation) -> Reply:
        found = preview(asked.centre, asked.principal, address.owner.id, set_name, key, size="large")
        headers = cache_headers(found.public) | {"content-disposition": attachment(f"{key}.png")}
        return Reply(Source([found.png]), "image/png", headers, length=len(found.png))

    return await asked.reply(make)


async def fits2csv(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …/fits2csv?obsid=[&part=]``: one part as text, the first if none is named."""
    key, part = key_of(asked), asked.params.one("part")

    def make(_: Cancellation) -> Reply:
        page = product_page(asked.centre, asked.principal, address.owner.id, set_name, key)
        found = spectrum(asked.centre, asked.principal, address.owner.id, set_name, key, part)
        headers = cache_headers(page.public) | {"content-disposition": attachment(f"{key}.csv")}
        return Reply(Source(render.to_csv(found)), "text/csv; charset=utf-8", headers)

    return await asked.reply(make)
