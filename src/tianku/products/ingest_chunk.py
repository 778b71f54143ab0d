"""A chunk of files in a worker process: one Parquet file and one report, so that a kill costs one chunk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.model.errors import UsageError
from tianku.products.context import SetContext
from tianku.products.durable import durable
from tianku.products.index import PACK, index_schema, packs_beside
from tianku.products.ingest_file import FileRules, Row, file_rows
from tianku.products.keys import KeyRules, compile_keys
from tianku.products.packs import Shard
from tianku.storage.failpoints import failpoint


@dataclass(frozen=True, slots=True)
class ChunkReport:
    """What a chunk gave; `resumed` when an earlier run had done it."""

    data: Path
    files: int
    rows: int
    bytes: int
    rejects: tuple[tuple[str, str], ...]
    #: files that the set's ``where`` leaves to another set
    skipped: int = 0
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """The files of a chunk that are the set's; those whose header cannot be read; how many are not the set's."""

    files: tuple[Path, ...]
    rejects: tuple[tuple[str, str], ...] = ()
    skipped: int = 0


Select = Callable[[SetContext, Sequence[Path]], Selection]


def chunk_name(context: SetContext, number: int, files: Sequence[Path]) -> str:
    """Return a name that changes when the files (name, size, time) or the configuration change."""
    digest = hashlib.sha256(context.fingerprint.encode())
    for path in files:
        try:
            stat = path.stat()
            digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
        except OSError:
            digest.update(f"{path}|absent\n".encode())
    return f"{number:06d}-{digest.hexdigest()[:16]}"


def ingest_chunk(
    context: SetContext,
    headers: Sequence[str],
    select: Select | None,
    folder: Path,
    number: int,
    files: Sequence[Path],
) -> ChunkReport:
    """Read `files` and write their rows to `folder`; a chunk that is already there is not read again.

    `headers` are the (canonical) keywords that the mapping reads: what compiles expressions is not
    imported here, because it would be most of a worker's start. For the same reason the function that asks
    the set's ``where`` comes as `select`, None where there is none.
    """
    name = chunk_name(context, number, files)
    data, report = folder / f"{name}.parquet", folder / f"{name}.json"
    if report.exists() and data.exists():
        done = json.loads(report.read_text("utf-8"))
        earlier = tuple((file, reason) for file, reason in done["rejects"])
        return ChunkReport(
            data, done["files"], done["rows"], done["bytes"], earlier, done["skipped"], resumed=True
        )
    rules = FileRules(context, _keys(context), tuple(headers), _shard(context, name))
    chosen = select(context, files) if select else Selection(tuple(files))
    rows, rejects, size = _read_all(rules, chosen.files)
    _finish(context, rules.shard, rows)
    rejects += chosen.rejects
    table = pa.Table.from_pylist(rows, schema=index_schema(headers))
    with durable(data) as partial:
        pq.write_table(table, partial, compression="zstd")
    counts = {"files": len(files), "rows": len(rows), "bytes": size, "skipped": chosen.skipped}
    with durable(report) as partial:
        partial.write_text(json.dumps(counts | {"rejects": rejects}), "utf-8")
    failpoint("products.after_chunk")
    return ChunkReport(data, len(files), len(rows), size, tuple(rejects), chosen.skipped)


def _read_all(rules: FileRules, files: Sequence[Path]) -> tuple[list[Row], list[tuple[str, str]], int]:
    rows: list[Row] = []
    rejects: list[tuple[str, str]] = []
    size = 0
    for path in files:
        try:
            found = file_rows(rules, path)
        except UsageError as error:
            rejects.append((str(path), f"{error.code}: {error.message}"))
            continue
        rows += found
        size += found[0]["size"]
    return rows, rejects, size


def _shard(context: SetContext, name: str) -> Shard | None:
    if context.config.store != "pack-copy" or context.originals is None:
        return None
    return Shard(packs_beside(context.originals) / context.dataset / context.name, name)


def _finish(context: SetContext, shard: Shard | None, rows: Sequence[Row]) -> None:
    """Make the shard durable, before any row tells of it."""
    name = shard.finish() if shard is not None else None
    for row in rows:
        row["shard"] = f"{context.dataset}/{context.name}/{name}" if row["store"] == PACK else None


def _keys(context: SetContext) -> KeyRules:
    return compile_keys(context.config.key.first if context.config.key else ("{stem}",))
