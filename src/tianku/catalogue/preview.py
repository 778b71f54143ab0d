"""What a table would be, by the headers of its files: mistakes are named before anything is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tianku.catalogue.elements import element_rows, origin
from tianku.catalogue.normalise import Normaliser
from tianku.catalogue.plan import TablePlan, plan_table
from tianku.catalogue.rejects import Rejects
from tianku.catalogue.sources import common_schema, open_files, table_files
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError

#: files whose headers are looked at for a column that the first one lacks
_MOST = 1000


def preview_table(dataset: LoadedDataset, table: str, *, types: bool = True) -> tuple[TablePlan, pa.Schema]:
    """Plan a table by as many of its files as it takes to find every column that the configuration names.

    Parameters
    ----------
    types
        False: columns of text files count as text, instead of being read whole to learn what they hold.

    Returns
    -------
    TablePlan, pyarrow.Schema
        The plan, and the columns of the files it was made from.

    Raises
    ------
    UsageError
        What is wrong with configuration or files: a column, table, extension or format that is not there.
    """
    files = table_files(dataset, table)
    try:
        return _planned(dataset, table, files[:1], types=types)
    except UsageError:
        if len(files) <= 1:
            raise
    return _planned(dataset, table, files[:_MOST], types=types)


def _planned(
    dataset: LoadedDataset, table: str, files: Sequence[Path], *, types: bool
) -> tuple[TablePlan, pa.Schema]:
    source = origin(dataset, table)
    opened = open_files(dataset, source, files, Rejects(Path(os.devnull)), types=types)
    schema, _ = common_schema(opened)
    plan = plan_table(dataset, source, schema)
    return plan if source == table else element_rows(dataset, table, Normaliser(plan)).plan, schema
