"""Readers of tables, one file per format; a new format needs one more file here."""

from __future__ import annotations

from collections.abc import Callable

from tianku.catalogue.readers.base import BATCH_ROWS, Reject, SourceBatch, TableReader, TableSource, unreadable
from tianku.catalogue.readers.csv import open_csv
from tianku.catalogue.readers.ecsv import open_ecsv
from tianku.catalogue.readers.fits import open_fits
from tianku.catalogue.readers.fixed_text import open_cds, open_ipac
from tianku.catalogue.readers.parquet import open_parquet
from tianku.catalogue.readers.records import open_records
from tianku.catalogue.readers.sniffing import sniff
from tianku.catalogue.readers.vizier import open_vizier
from tianku.catalogue.readers.votable import open_votable_file
from tianku.formats.opening import DAMAGED

__all__ = ["BATCH_ROWS", "Reject", "SourceBatch", "TableReader", "TableSource", "open_table", "sniff"]

_READERS: dict[str, Callable[[TableSource], TableReader]] = {
    "fits": open_fits,
    "csv": open_csv,
    "list": open_csv,
    "ecsv": open_ecsv,
    "vizier": open_vizier,
    "cds": open_cds,
    "ipac": open_ipac,
    "parquet": open_parquet,
    "votable": open_votable_file,
    "fixed": open_records,
    "binary": open_records,
}


def open_table(source: TableSource) -> TableReader:
    """Open one file with the reader its configuration names, or by its first bytes.

    Raises
    ------
    UsageError
        ``reader.unreadable`` naming file and reason.
    """
    kind = sniff(source) if source.config.reader == "auto" else source.config.reader
    try:
        reader = _READERS[kind](source)
    except DAMAGED as error:
        raise unreadable(source.path, kind, str(error)) from error
    if not reader.schema.names:
        raise unreadable(source.path, kind, "; ".join(reader.notes) or "it has no columns")
    return reader
