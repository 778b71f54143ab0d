"""``/download``: any files of the site as one archive, or as lists of addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import parse_qs

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.api.view import BINARY
from tianku.http.absolute import base_url
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import Context, context_of, principal_of
from tianku.http.files import send_file
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.text import Text
from tianku.products.archive import Form
from tianku.state import repositories
from tianku.usecases.archives import choose, listing
from tianku.usecases.archives.opened import OpenArchive, open_archive, open_selection
from tianku.usecases.archives.selection import encoded

_NAME = re.compile(r"(?P<digest>[0-9a-f]{64})(\.(?P<form>tar|zip|meta4))?")
_LISTS: dict[str, tuple[str, Callable[[OpenArchive, str], Iterator[bytes]]]] = {
    "manifest.csv": ("text/csv; header=present", listing.manifest),
    "urls.txt": ("text/plain; charset=utf-8", listing.urls),
    "meta4": ("application/metalink4+xml", listing.metalink),
}


class Cone(BaseModel):
    """A circle on the sky, ICRS degrees."""

    model_config = ConfigDict(extra="forbid")

    ra: float = Field(description="right ascension of the centre")
    dec: float = Field(description="declination of the centre")
    radius: float = Field(description="radius")


class ArchiveRequest(BaseModel):
    """What an archive is to hold: one of `ids`, `query`, `job`, `set`."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] | None = Field(None, description="publisher identifiers, ivo://authority/dataset/set?key")
    query: str | None = Field(None, description="ADQL that gives a column obs_publisher_did")
    job: str | None = Field(None, description="a job, for what its query finds")
    set: str | None = Field(None, description="a product set, dataset/set")
    folder: str = Field("", description="with `set`: a folder of it, as under /sas/")
    cone: Cone | None = Field(None, description="with `set`: products near a position")
    categories: list[str] = Field(
        [], max_length=50, description="categories of files, or `all`; by default the main one, with `folder` all"
    )

    @model_validator(mode="after")
    def _one_way(self) -> ArchiveRequest:
        given = [name for name in ("ids", "query", "job", "set") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of ids, query, job and set")
        return self


async def create(request: Request) -> Response:
    """``POST /download``: choose files; a form of a page, and a link (GET), are led on to the archive itself."""
    context = context_of(request)
    context.gate.check()
    limit = context.site.limits.upload_bytes
    body = request.url.query.encode()
    if request.method == "POST":
        body = await read_body(BoundedBody(request.receive, limit, request.headers.get("content-length")))
    is_form = request.method != "POST" or request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    )
    principal = await principal_of(request)

    def make() -> tuple[choose.Chosen, OpenArchive]:
        with repositories.session():
            chosen = _chosen(context, principal, _parsed(body, is_form=is_form))
            selection = chosen.selection(context.centre)
            archive = open_selection(context.centre, principal, selection, "tar")
            repositories.save_archive(encoded(selection))
        return chosen, archive

    chosen, archive = await context.pools.long.run(make)
    place = f"/download/{archive.digest}"
    if is_form:
        return RedirectResponse(f"{place}.tar", 303, headers=cache_headers(public=False))
    more = {
        "unknown": {"count": chosen.unknown, "first": chosen.examples},
        "closed": chosen.closed + archive.left_out,
    }
    headers = cache_headers(public=False) | {"location": place}
    return JSONResponse(_described(request, archive) | more, 201, headers=headers)


def _parsed(body: bytes, *, is_form: bool) -> ArchiveRequest:
    try:
        if is_form:
            fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=1000)
            values: dict[str, Any] = {name: found[0] for name, found in fields.items()}
            lists = {name: fields[name] for name in ("ids", "categories") if name in fields}
            return ArchiveRequest.model_validate(values | lists)
        return ArchiveRequest.model_validate_json(body)
    except (ValidationError, ValueError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("api.body", "{where}: {reason}", where=where, reason=first["msg"]) from None


def _chosen(context: Context, principal: Principal, asked: ArchiveRequest) -> choose.Chosen:
    centre = context.centre
    if asked.ids is not None:
        return choose.by_ids(centre, principal, pa.array(asked.ids, pa.string()), asked.categories)
    if asked.query is not None:
        return choose.by_query(centre, principal, asked.query, asked.categories)
    if asked.job is not None:
        return choose.by_job(centre, principal, asked.job, asked.categories)
    dataset, _, name = (asked.set or "").rpartition("/")
    if asked.cone is not None:
        return choose.by_cone(centre, principal, dataset, name, (asked.cone.ra, asked.cone.dec, asked.cone.radius))
    return choose.by_folder(centre, principal, dataset, name, asked.folder)


async def show(request: Request) -> Response:
    """``GET /download/{digest}[.tar | .zip | .meta4]``."""
    name = request.path_params["archive"]
    found = _NAME.fullmatch(name)
    digest, form = (found["digest"], found["form"]) if found else (name, None)
    if form == "meta4":
        return await _list(request, digest, form)
    archive = await _open(request, digest, cast(Form, form or "tar"))
    if form is None:
        return JSONResponse(_described(request, archive), headers=cache_headers(archive.public))
    return await send_file(request, archive)


async def listed(request: Request) -> Response:
    """``GET /download/{digest}/manifest.csv`` and ``…/urls.txt``."""
    name, found = request.path_params["list"], _NAME.fullmatch(request.path_params["archive"])
    if name not in _LISTS or found is None or found["form"]:
        raise NotFoundError(
            "api.no_route", "There is nothing at {path}; see /api/docs.", path=request.url.path[:200]
        )
    return await _list(request, found["digest"], name)


async def _list(request: Request, digest: str, name: str) -> Response:
    context = context_of(request)
    archive = await _open(request, digest, "tar")
    media_type, write = _LISTS[name]
    base = base_url(request, context.site)

    def opener(_: object) -> Reply:
        return Reply(Source(write(archive, base)), media_type, cache_headers(archive.public))

    return await stream(request.receive, context.pools, context.pools.files, context.gauges, opener)


async def _open(request: Request, digest: str, form: Form) -> OpenArchive:
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)

    def find() -> OpenArchive:
        with repositories.session():
            return open_archive(context.centre, principal, digest, form)

    return await context.pools.files.run(find)


def _described(request: Request, archive: OpenArchive) -> dict[str, Any]:
    place = f"{base_url(request, context_of(request).site)}/download/{archive.digest}"
    return {
        "id": archive.digest,
        "members": len(archive.layout),
        "tar_bytes": archive.size,
        "tar": f"{place}.tar",
        "zip": f"{place}.zip",
        "metalink": f"{place}.meta4",
        "manifest": f"{place}/manifest.csv",
        "urls": f"{place}/urls.txt",
    }


_ARCHIVE = path_parameter("archive", Text(en="Identifier of an archive", zh="归档标识"))
_DESCRIBED = {"application/json": {"type": "object"}}
OPERATIONS = (
    Operation(
        "create_archive", "POST", "/download",
        Text(en="Choose files by identifiers, query, job, folder or position, to be had as one archive at once",
             zh="按标识、查询、作业、目录或位置选取文件,立即得到可下载的归档"),
        create, body=ArchiveRequest, responses=_DESCRIBED,
        example="curl {base}/download -H 'Content-Type: application/json' "
        '-d \'{{"query": "SELECT TOP 100 obs_publisher_did FROM ivoa.obscore"}}\'',
    ),
    Operation(
        "archive_link", "GET", "/download",
        Text(en="The same as a link: leads to the archive", zh="同上,以链接形式:重定向到归档"),
        create,
        (Parameter("ids", Text(en="publisher identifier; may be repeated", zh="产品标识,可重复")),
         Parameter("query", Text(en="ADQL that gives obs_publisher_did", zh="给出 obs_publisher_did 的 ADQL")),
         Parameter("set", Text(en="product set, dataset/set", zh="产品集:数据集/产品集")),
         Parameter("folder", Text(en="with `set`: a folder of it", zh="与 set 连用:其中的目录")),
         Parameter("categories", Text(en="categories of files, or `all`", zh="文件类别,或 all"))),
        responses={"application/x-tar": BINARY},
    ),
    Operation(
        "archive", "GET", "/download/{archive}",
        Text(en="An archive: what it holds, or with .tar, .zip or .meta4 the archive itself, with ranges",
             zh="归档:内容说明;加 .tar、.zip 或 .meta4 后缀则为归档文件,支持断点续传与并行分段"),
        show, (_ARCHIVE,), responses={**_DESCRIBED, "application/x-tar": BINARY, "application/zip": BINARY},
    ),
    Operation(
        "archive_list", "GET", "/download/{archive}/{list}",
        Text(en="The files of an archive: manifest.csv (sizes, SHA-256) or urls.txt",
             zh="归档的文件清单:manifest.csv(大小、SHA-256)或 urls.txt"),
        listed, (_ARCHIVE, path_parameter("list", Text(en="manifest.csv or urls.txt"))),
        responses={"text/csv": {"type": "string"}, "text/plain": {"type": "string"}},
    ),
)  # fmt: skip
