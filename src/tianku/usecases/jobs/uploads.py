"""Tables sent with a job: read once when they come, kept as Arrow beside its results, gone with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Column
from tianku.storage.files import atomic_write
from tianku.usecases.jobs.files import upload_path
from tianku.usecases.jobs.seen import visible
from tianku.usecases.uploads import Upload, read_upload

_COLUMNS = b"columns"


def keep_table(data_root: Path, job_id: str, part: str, stream: BinaryIO) -> None:
    """Keep the table that came as `part` of a request.

    Raises
    ------
    UsageError, LimitError
        As `read_upload`.
    """
    table = read_upload(part, stream, data_root / "tmp")
    said = json.dumps([c.model_dump(mode="json") for c in table.meta.columns], ensure_ascii=False)
    rows = table.rows.replace_schema_metadata({_COLUMNS: said.encode()})
    path = _path(data_root, job_id, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with atomic_write(path) as file, pa.ipc.new_file(file, rows.schema, options=options) as writer:
        writer.write_table(rows)


def kept_tables(data_root: Path, principal: Principal, job_id: str, tables: Mapping[str, str]) -> list[Upload]:
    """Return tables (name in the query -> part) that came with a job that `principal` may see.

    Raises
    ------
    NotFoundError
        ``upload.missing``, ``job.unknown``
    AuthError
        ``job.closed``
    """
    found = visible(principal, job_id).id
    return [_kept(_path(data_root, found, part), name, part) for name, part in tables.items()]


def _kept(path: Path, name: str, part: str) -> Upload:
    if not path.is_file():
        raise NotFoundError("upload.missing", "no file was sent with the job as {part}", part=part[:80])
    with pa.memory_map(str(path)) as file:
        rows = pa.ipc.open_file(file).read_all()
    columns = [Column.model_validate(one) for one in json.loads(rows.schema.metadata[_COLUMNS])]
    return Upload.of(name, columns, rows.replace_schema_metadata(None))


def _path(data_root: Path, job_id: str, part: str) -> Path:
    """Where a part is kept: its name may be anything."""
    return upload_path(data_root, job_id, hashlib.sha256(part.encode()).hexdigest()[:32])
