"""From an index entry to the light curve itself, whether it is a file or rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tianku.model.config.products import ProductConfig
from tianku.products.epochs import read_epochs
from tianku.products.index import IndexEntry
from tianku.products.readers.timeseries import read_timeseries
from tianku.products.timeseries import TimeSeries


def open_curves(path: Path, parts: Sequence[IndexEntry], config: ProductConfig) -> TimeSeries:
    """Return the light curves of a product.

    Parameters
    ----------
    path
        The file, or the folder of the table that holds the product's rows.
    parts
        The product's rows of the index, in order; never empty.

    Raises
    ------
    UsageError
        The file is at fault, or changed since it was published.
    """
    if parts[0].in_table:
        return read_epochs(path, parts, config)
    return read_timeseries(path, config)
