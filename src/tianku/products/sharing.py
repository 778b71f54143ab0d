"""A product set that shares the files and the index of another: only its ObsCore rows are its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from tianku.catalogue.manifest import ProductSetManifest, RejectSummary, SnapshotRef
from tianku.products.context import SetContext
from tianku.products.ingest_finish import file_entry, write_obscore


def share_products(
    context: SetContext, source: ProductSetManifest, ref: SnapshotRef, folder: Path, out: Path
) -> ProductSetManifest:
    """Write the ObsCore rows of a set that shares `source`: its own identifiers, title and release rights.

    Parameters
    ----------
    folder
        The snapshot that `source` is in.
    out
        The snapshot under construction.
    """
    own = out / "products" / context.name
    scratch = own / "chunks"
    scratch.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(scratch)})
    try:
        obscore, coverage = write_obscore(con, context, own, folder / source.index.path)
    finally:
        con.close()
        shutil.rmtree(scratch)
    update = {"obscore": file_entry(out, obscore), "moc": coverage, "rejects": RejectSummary(), "skipped": 0}
    return source.model_copy(update=update | {"shared": ref})
