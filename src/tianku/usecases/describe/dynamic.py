"""Dynamic spectra in files of known layouts: what a set of them is configured as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.dynamic import DAY
from tianku.products.readers.dynamic import read_dynamic
from tianku.usecases.describe.model import ProductDescription

_MOST_BYTES = 64 << 20
_ANY = ProductConfig.model_validate({"type": "dynamic-spectrum", "from": "*"})


def dynamic_spectrum(path: Path) -> str | None:
    """Return the layout of a dynamic spectrum, None where it is none that is known."""
    if path.stat().st_size > _MOST_BYTES:
        return None
    try:
        return read_dynamic(path, _ANY, None).layout
    except UsageError:
        return None


def describe_dynamic(files: Iterable[tuple[Path, str]]) -> list[ProductDescription]:
    """Return a product set for each layout; `files` come with the names of their layouts."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for path, layout in files:
        groups[layout].append(path)
    return [_described(layout, tuple(found)) for layout, found in sorted(groups.items())]


def _described(layout: str, files: tuple[Path, ...]) -> ProductDescription:
    settings = {
        "type": "dynamic-spectrum",
        "title": f"dynamic spectra ({layout})",
        "reader": layout,
        "key": "{stem}",
        "obscore": {"calib_level": 1, "target_name": "OBJECT", "instrument_name": "INSTRUME"},
    }
    notes = [f"{len(files)} files of layout {layout}", "times, frequencies and units come from the files"]
    if followed := _followed(files):
        settings["join"] = {"files": "consecutive", "max_gap": "2 s"}
        notes.append(f"{followed} files follow another within 2 s: `join:` makes them one product")
    return ProductDescription(f"dynamic_{layout.replace('-', '_')}", files, settings, tuple(notes))


def _followed(files: Iterable[Path]) -> int:
    """How many files begin where another of their series ends."""
    spans: dict[str | None, list[tuple[float, float]]] = defaultdict(list)
    for path in files:
        found = read_dynamic(path, _ANY, None)
        spans[found.series].append((found.t_min, found.t_max))
    count = 0
    for found_spans in spans.values():
        ordered = sorted(found_spans)
        count += sum(abs(later[0] - earlier[1]) * DAY <= 2 for earlier, later in pairwise(ordered))
    return count
