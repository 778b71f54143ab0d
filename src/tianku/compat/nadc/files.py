"""Files of a catalogue: one, or many as a tar.gz or a list of addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.responses import Response

from tianku.compat.family import Asked, attachment
from tianku.compat.nadc.catalogues import Catalogue, catalogue_of
from tianku.compat.nadc.describe import ROOT, categories
from tianku.compat.nadc.queries import kept_search
from tianku.compat.searching import run
from tianku.engines.base import Cancellation
from tianku.formats import tar
from tianku.formats.gzip import gzipped
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES
from tianku.http.files import read_span, send_file
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.errors import LimitError, NotFoundError, UsageError
from tianku.usecases.products import FileToSend, product_file

if TYPE_CHECKING:
    from tianku.usecases.viewer import Viewer

#: files of one archive
MOST_FILES = 10_000
#: most files are compressed already
_LEVEL = 1


def _list(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


Ids = Annotated[list[str | int], BeforeValidator(_list)]


class DownloadBody(BaseModel):
    """What is asked of ``download``."""

    model_config = ConfigDict(extra="forbid")

    fmt: Literal["targz", "urllist"] = "targz"
    id_list: Ids | None = None
    sqlid: int | None = None
    categories: Annotated[list[str], BeforeValidator(_list)] = Field(default=[])
    token: str | None = None


async def file(asked: Asked, name: str) -> Response:
    """``GET catalogs/{cat}/file?id=&category=``."""
    key, category = asked.params.required("id"), asked.params.one("category")

    def find() -> FileToSend:
        viewer = asked.viewer
        return _file(asked, catalogue_of(viewer, name), viewer, key, category)

    found = await asked.context.pools.files.run(find)
    return await send_file(asked.request, found, {"content-disposition": attachment(found.filename)})


def _file(asked: Asked, catalogue: Catalogue, viewer: Viewer, key: str, category: str | None) -> FileToSend:
    """Return a file by its product's key, from the first set that has it."""
    missing: NotFoundError | None = None
    for one in catalogue.sets(viewer):
        try:
            return product_file(
                asked.centre, asked.principal, one.dataset, one.name, key, category or one.config.main
            )
        except NotFoundError as error:
            missing = missing if missing is not None and missing.code == "products.no_file" else error
    raise missing or NotFoundError("compat.no_files", "{catalogue} has no files", catalogue=catalogue.name)


async def download(asked: Asked, name: str) -> Response:
    """``POST catalogs/{cat}/download``: ``{"fmt": "targz" | "urllist", "id_list" | "sqlid", "categories"}``."""
    bounded = BoundedBody(asked.request.receive, FORM_BYTES, asked.request.headers.get("content-length"))
    body = _body(await read_body(bounded))

    def make(cancellation: Cancellation) -> Reply:
        viewer = asked.viewer
        catalogue = catalogue_of(viewer, name)
        keys = _keys(asked, catalogue, viewer, body, cancellation)
        wanted = body.categories or categories(catalogue, viewer)[:1]
        if len(keys) * len(wanted) > MOST_FILES:
            raise LimitError("compat.too_many_files", "an archive has {most} files at most", most=MOST_FILES)
        pairs = [(key, category) for key in keys for category in wanted]
        found = [_file(asked, catalogue, viewer, key, category) for key, category in pairs]
        headers = cache_headers(all(one.public for one in found))
        if body.fmt == "urllist":
            place = f"{asked.base}{ROOT}/catalogs/{catalogue.name}/file"
            lines = [f"{place}?{urlencode({'id': key, 'category': category})}\n" for key, category in pairs]
            return Reply(Source(["".join(lines).encode()]), "text/plain; charset=utf-8", headers)
        headers["content-disposition"] = attachment(f"{catalogue.name}.tar.gz")
        return Reply(Source(gzipped(_archive(found), _LEVEL)), "application/gzip", headers)

    return await asked.reply(make)


def _body(content: bytes) -> DownloadBody:
    try:
        return DownloadBody.model_validate(json.loads(content or b"{}"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("compat.body", "{where}: {reason}", where=where[:100], reason=first["msg"]) from None
    except (ValueError, RecursionError):
        raise UsageError("compat.body", "{where}: {reason}", where="the body", reason="it is not JSON") from None


def _keys(
    asked: Asked, catalogue: Catalogue, viewer: Viewer, body: DownloadBody, cancellation: Cancellation
) -> list[str]:
    """Return the keys of the products asked for, each once."""
    if (body.id_list is None) == (body.sqlid is None):
        raise UsageError("compat.body", "{where}: {reason}", where="id_list", reason="give it, or sqlid")
    if body.id_list is not None:
        return list(dict.fromkeys(str(one) for one in body.id_list))
    kept, meta, search = kept_search(asked, body.sqlid or 0)
    link = kept.owner.config.tables[meta.name].product
    column = catalogue.said.id.column if catalogue.said.id is not None else link.key if link is not None else None
    if kept.owner.id != catalogue.owner.id or column is None or meta.column(column) is None:
        raise UsageError(
            "compat.body", "{where}: {reason}", where="sqlid", reason=f"its table has no ids of {catalogue.name}"
        )
    answer, reshape = run(
        asked.centre, asked.principal, kept.owner.id, meta, search.of_columns((column,)), MOST_FILES + 1, 0,
        cancellation,
    )  # fmt: skip
    with answer:
        batches = reshape(answer, answer.batches())[1] if reshape is not None else answer.batches()
        values = (value for batch in batches for value in batch.column(batch.num_columns - 1).to_pylist())
        return list(dict.fromkeys(str(value) for value in values if value is not None))


def _archive(files: list[FileToSend]) -> Iterator[bytes]:
    """Yield a tar of `files`; of two with one name the second gets a number."""
    names: dict[str, int] = {}
    for one in files:
        names[one.filename] = names.get(one.filename, 0) + 1
        again = names[one.filename]
        yield tar.head(one.filename if again == 1 else f"{again}_{one.filename}", one.size, one.mtime)
        source = read_span(one.path, 0, one.size)
        try:
            yield from source.pieces
        finally:
            source.close()
        yield tar.padding(one.size)
    yield tar.END
