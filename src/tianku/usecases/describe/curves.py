"""Light curves in files of known layouts: what a set of them is configured as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.readers.curve_layout import reader_of
from tianku.products.readers.timeseries import read_timeseries
from tianku.usecases.describe.model import ProductDescription

#: larger files are not tried
_MOST_BYTES = 16 << 20
_ANY = ProductConfig.model_validate({"type": "timeseries", "from": "*"})


def light_curve(path: Path) -> str | None:
    """Return the layout of a file of light curves, None where it is none that is known."""
    if path.stat().st_size > _MOST_BYTES:
        return None
    try:
        return read_timeseries(path, _ANY).layout
    except UsageError:
        return None


def describe_curves(files: Iterable[tuple[Path, str]]) -> list[ProductDescription]:
    """Return a product set for each layout; `files` come with the names of their layouts."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for path, layout in files:
        groups[layout].append(path)
    return [_described(layout, tuple(found)) for layout, found in sorted(groups.items())]


def _described(layout: str, files: tuple[Path, ...]) -> ProductDescription:
    reader = reader_of(layout)
    settings = {
        "type": "timeseries",
        "title": f"light curves ({layout})",
        "reader": reader,
        "key": "{stem}",
        "obscore": {"calib_level": 2},
    }
    notes = (f"{len(files)} files of layout {layout}", "times, units and bands come from the files")
    name = (layout if reader == "auto" else reader).lower().replace("-", "_")
    return ProductDescription(f"curves_{name}", files, settings, notes)
