"""Guess a whole configuration from files: what `tianku describe FILES…` prints."""

from tianku.usecases.describe.describe import Description, describe
from tianku.usecases.describe.model import (
    ColumnDescription,
    ColumnStats,
    PositionFound,
    ProductDescription,
    RejectedFile,
    TableDescription,
)

__all__ = [
    "ColumnDescription",
    "ColumnStats",
    "Description",
    "PositionFound",
    "ProductDescription",
    "RejectedFile",
    "TableDescription",
    "describe",
]
