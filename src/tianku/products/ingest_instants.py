"""When each product of a set becomes public, where its configuration says so (``access: {public_from: …}``)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.instants import to_seconds
from tianku.model.metadata import PUBLIC_FROM_COLUMN
from tianku.model.types import DataType
from tianku.products.context import SetContext
from tianku.products.expressions import evaluate
from tianku.products.index import HEADER
from tianku.products.obscore import release_expression

_BATCH = 20_000
#: a product opens when the last of its parts does; a part without an instant never does
_MERGE = f"""
CREATE TEMP TABLE instants AS SELECT key,
  if(count(*) = count("{PUBLIC_FROM_COLUMN}"), max("{PUBLIC_FROM_COLUMN}"), NULL) AS "{PUBLIC_FROM_COLUMN}"
FROM read_parquet($1) GROUP BY key
"""


def indexed_rows(con: duckdb.DuckDBPyConnection, context: SetContext, scratch: Path) -> str:
    """Return the SELECT that gives the rows of the index from the view ``kept``.

    With ``public_from`` each row gets the instant of its product, judged by the files of the main category.
    """
    expression = release_expression(context)
    if expression is None:
        return "SELECT * FROM kept"
    judged = scratch / "instants.parquet"
    schema = pa.schema([("key", pa.string()), (PUBLIC_FROM_COLUMN, pa.int64())])
    main = con.sql("SELECT * FROM kept WHERE category = $1", params=[context.config.main])
    with pq.ParquetWriter(judged, schema, compression="zstd") as writer:
        for batch in main.to_arrow_reader(_BATCH):
            rows = pa.Table.from_batches([batch])
            values = rows.rename_columns([n.removeprefix(HEADER) for n in rows.column_names])
            wanted = {PUBLIC_FROM_COLUMN: (expression, DataType.TIMESTAMP)}
            made = evaluate(wanted, values, local_time=context.local_time)[PUBLIC_FROM_COLUMN]
            writer.write_table(pa.table([rows["key"], to_seconds(made)], schema=schema))
    con.execute(_MERGE, [str(judged)])
    return f'SELECT kept.*, "{PUBLIC_FROM_COLUMN}" FROM kept LEFT JOIN instants USING (key)'


def never_public(con: duckdb.DuckDBPyConnection, context: SetContext) -> int:
    """Return how many products have no instant, after `indexed_rows`."""
    if context.public_from is None:
        return 0
    row = con.execute(f'SELECT count(*) FROM instants WHERE "{PUBLIC_FROM_COLUMN}" IS NULL').fetchone()
    return int(row[0]) if row else 0
