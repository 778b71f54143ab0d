"""Real tables, described once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tianku.usecases.describe import Description, describe


@cache
def described(path: Path) -> Description:
    """What `describe` says of one file, as the data set ``described``."""
    return describe([path], dataset="described")
