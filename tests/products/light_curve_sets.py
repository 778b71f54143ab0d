"""Sets of light curves for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.products.product_sets import context
from tianku.products.context import SetContext


def curves(root: Path | None = None, **config: Any) -> SetContext:
    """Return the context of a set that takes every light curve it knows."""
    said: dict[str, Any] = {"type": "timeseries", "from": "*", "reader": "auto", "key": "{stem}", "obscore": {}}
    return context("lc", None, root, **(said | {"flux": {}} | config))
