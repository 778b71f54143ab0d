"""An ADQL query as a job, its rows written to one file."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tianku.adql.parser import parse
from tianku.engines.base import EngineQuery, Limits
from tianku.engines.duckdb import DuckDBEngine
from tianku.formats.table import TableInfo
from tianku.formats.writers import get_writer
from tianku.model.access import Principal
from tianku.model.metadata import Column
from tianku.model.sizes import parse_bytes
from tianku.model.text import Text
from tianku.usecases.described import link_services, product_columns, query_info
from tianku.usecases.jobs.operation import Desk, Operation, Outcome, Prepared
from tianku.usecases.jobs.rows import Form, write_rows
from tianku.usecases.jobs.uploads import kept_tables
from tianku.usecases.query import prepare, row_limit
from tianku.usecases.uploads import Upload

#: rows a second that a scan reads at least, for predictions
_ROWS_PER_SECOND = 5e6
_SECONDS = 0.2


class QueryArguments(BaseModel):
    """An ADQL query and the form of its answer."""

    model_config = ConfigDict(extra="forbid")

    adql: str = Field(min_length=1, description="ADQL 2.1")
    maxrec: int | None = Field(None, ge=0, description="rows at most; the site's default if not given")
    format: str = Field("votable", description="output format, by short name or media type")
    uploads: dict[str, str] = Field({}, description="TAP_UPLOAD tables: name -> part in which it came with a job")
    upload_job: str | None = Field(None, description="the job, one of yours, with which they came")


@dataclass(frozen=True)
class QueryWork:
    """A planned query: what it may read is named in it, and nothing else can be read."""

    query: EngineQuery
    columns: tuple[Column, ...]
    maxrec: int
    format: str
    info: TableInfo
    base_url: str
    memory_bytes: int
    scratch_bytes: int
    threads: int

    def run(self, folder: Path, most_bytes: int) -> Outcome:
        """Run the query in this process, with an instance of its own, and write its rows as they come."""
        scratch = folder / "scratch"
        engine = DuckDBEngine(
            self.query.relations.values(),
            threads=self.threads,
            memory_bytes=self.memory_bytes,
            temp_dir=scratch,
            spill_bytes=self.scratch_bytes,
            cursors=1,
        )
        form = Form(self.columns, self.maxrec, self.format, self.info, self.base_url)
        with engine.run(self.query) as result:
            outcome = write_rows(result, form, folder, most_bytes)
        engine.close()
        shutil.rmtree(scratch, ignore_errors=True)
        return outcome


def prepare_query(desk: Desk, principal: Principal, arguments: QueryArguments, base_url: str) -> Prepared:
    """Resolve and plan the query for `principal`, as `tianku.usecases.query.run_adql` does."""
    site = desk.site
    get_writer(arguments.format)
    limit = row_limit(arguments.maxrec, site.limits.default_rows, site.jobs.rows)
    uploads: list[Upload] = []
    if arguments.uploads and arguments.upload_job is not None:
        uploads = kept_tables(desk.data_root, principal, arguments.upload_job, arguments.uploads)
    # the time is the worker's to watch, who ends the whole process
    planned, viewer, snapshots = prepare(desk, principal, parse(arguments.adql), limit, Limits(), uploads)
    products = product_columns(viewer, planned.columns, planned.origins)
    work = QueryWork(
        query=planned.query,
        columns=planned.columns,
        maxrec=limit,
        format=arguments.format,
        info=query_info(arguments.adql, viewer.versions, link_services(products, base_url)),
        base_url=base_url,
        memory_bytes=parse_bytes(site.limits.query_memory),
        scratch_bytes=parse_bytes(site.jobs.scratch),
        threads=os.cpu_count() or 1,
    )
    info = {"generation": viewer.picture.generation, "versions": dict(viewer.versions), "public": viewer.public}
    return Prepared(work, info, snapshots, _SECONDS + planned.rows / _ROWS_PER_SECOND)


def query_parameters(arguments: QueryArguments) -> list[tuple[str, str]]:
    """Return the arguments in TAP's words."""
    pairs = [("LANG", "ADQL"), ("QUERY", arguments.adql), ("RESPONSEFORMAT", arguments.format)]
    pairs += [("UPLOAD", f"{name},param:{part}") for name, part in arguments.uploads.items()]
    return pairs if arguments.maxrec is None else [*pairs, ("MAXREC", str(arguments.maxrec))]


QUERY = Operation(
    kind="tap",
    title=Text(en="Query", zh="查询"),
    arguments=QueryArguments,
    prepare=prepare_query,
    parameters=query_parameters,
)
