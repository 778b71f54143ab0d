"""Building a serving copy as a job of the installation's own: nobody can ask for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tianku.catalogue.manifest import TableManifest
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.sizes import parse_bytes
from tianku.model.text import Text
from tianku.state import repositories
from tianku.usecases.jobs.operation import Desk, Operation, Outcome, Prepared
from tianku.usecases.pictures import serving_copy
from tianku.usecases.serving import Shelf, wanted

KIND = "serving-copy"
#: whom its turns are counted for
_ACCOUNT = "system:serving"
_SECONDS = 86_400
#: rows a second that are copied at least, for predictions
_ROWS_PER_SECOND = 2e5


class CopyArguments(BaseModel):
    """A table of a published revision."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(description="id of the data set")
    revision: int = Field(description="its revision")
    table: str = Field(description="its table")


@dataclass(frozen=True)
class CopyWork:
    """A copy to build."""

    shelf: Shelf
    folder: Path
    table: TableManifest
    target: Path
    memory_bytes: int
    threads: int

    def run(self, folder: Path, most_bytes: int) -> Outcome:
        """Build it; there is no result but the copy."""
        built = self.shelf.build(self.folder, self.table, self.target, self.memory_bytes, self.threads)
        return Outcome((), {"bytes": built})


def prepare_copy(desk: Desk, principal: Principal, arguments: CopyArguments, base_url: str) -> Prepared:
    """Find the table among those shown."""
    dataset = desk.current().picture.datasets.get(arguments.dataset)
    table = dataset.tables.get(arguments.table) if dataset else None
    if dataset is None or table is None or dataset.revision != arguments.revision:
        raise NotFoundError(
            "serving.gone", "{dataset}@{revision} is not shown any more", **arguments.model_dump(exclude={"table"})
        )
    work = CopyWork(
        shelf=Shelf.of(desk.data_root, desk.site, dataset.config.serving),
        folder=table.folder,
        table=table.manifest,
        target=serving_copy(desk.data_root, dataset.id, dataset.revision, arguments.table),
        memory_bytes=parse_bytes(desk.site.limits.query_memory),
        threads=os.cpu_count() or 1,
    )
    rows = table.meta.nrows or 0
    return Prepared(work, {}, [(dataset.id, dataset.revision)], rows / _ROWS_PER_SECOND)


def lacking(desk: Desk) -> Iterator[CopyArguments]:
    """Yield the tables that are shown, should have a copy, and have none."""
    for dataset in desk.current().picture.datasets.values():
        for name, table in dataset.tables.items():
            target = serving_copy(desk.data_root, dataset.id, dataset.revision, name)
            if wanted(desk.site, dataset.config.serving, table.manifest) and not target.is_file():
                yield CopyArguments(dataset=dataset.id, revision=dataset.revision, table=name)


def queue_copy(arguments: CopyArguments) -> bool:
    """Queue the building of one copy; False while another is queued or built."""
    try:
        job = repositories.create_job(
            KIND,
            ANONYMOUS,
            _ACCOUNT,
            parameters=[],
            base_url="",
            duration=_SECONDS,
            destruction=datetime.now(UTC) + timedelta(seconds=2 * _SECONDS),
            most_active=1,
        )
    except UsageError:
        return False
    repositories.queue_job(job.id, arguments.model_dump(mode="json"), None)
    return True


SERVING_COPY = Operation(
    kind=KIND,
    title=Text(en="Serving copy", zh="服务副本"),
    arguments=CopyArguments,
    prepare=prepare_copy,
    parameters=lambda _: [],
)
