"""Images: which files are companions of others, and what their headers leave open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tianku.model.errors import UsageError
from tianku.products.readers.headers import file_header
from tianku.usecases.describe.files import FoundFile
from tianku.usecases.describe.model import ProductDescription

#: what the names of images say, and what the names of their companions say instead
_COMPANIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("_ooi_", {"mask": "_ood_", "weight": "_oow_"}),  # NOIRLab community pipeline
    ("_sci.", {"weight": "_wht.", "context": "_ctx."}),  # drizzled images of HST and JWST
    ("-image-", {"weight": "-invvar-", "mask": "-maskbits-"}),  # Legacy Surveys
    (".fits", {"weight": ".wht.fits"}),
    (".fits", {"weight": ".weight.fits", "mask": ".mask.fits"}),  # SWarp and PSFEx
)
#: headers looked into
_LOOKED_AT = 20


def describe_images(files: Sequence[FoundFile]) -> list[ProductDescription]:
    """Return a set for the images that have companions, and one for those that have none."""
    left = {f.path: f for f in files}
    found: list[ProductDescription] = []
    for marker, others in _COMPANIONS:
        mains = [p for p in left if marker in p.name and _companions(p, marker, others, left)]
        if not mains:
            continue
        taken = {
            c: n for c, n in others.items() if any(p.with_name(p.name.replace(marker, n)) in left for p in mains)
        }
        for path in [p for main in mains for p in _companions(main, marker, others, left)]:
            left.pop(path, None)
        mine = [left.pop(path) for path in mains if path in left]
        settings = {"companions": {category: {"replace": [marker, name]} for category, name in taken.items()}}
        found.append(_described("ccds" if not found else f"ccds_{len(found) + 1}", mine, settings))
    if left:
        found.append(_described("images", list(left.values()), {}))
    return found


def _companions(main: Path, marker: str, others: dict[str, str], files: dict[Path, FoundFile]) -> list[Path]:
    beside = (main.with_name(main.name.replace(marker, name)) for name in others.values())
    return [path for path in beside if path != main and path in files]


def _described(name: str, files: Sequence[FoundFile], more: dict[str, Any]) -> ProductDescription:
    settings = {"type": "image", "reader": "fits-image", "ext": "each", "key": "{stem}", **more}
    notes = [f"{f.path.name}: {f.detail}" for f in files[:3]]
    if len(files) > 3:
        notes.append(f"and {len(files) - 3} more")
    return ProductDescription(name, tuple(f.path for f in files), settings, (*notes, *_open_questions(files)))


def _open_questions(files: Sequence[FoundFile]) -> Iterator[str]:
    headers = []
    for file in files[:_LOOKED_AT]:
        try:
            headers.append(file_header(file.path))
        except UsageError:
            continue  # what is wrong with it is said when it is read
    filters = sorted({str(h["FILTER"]) for h in headers if h.get("FILTER")})
    if filters:
        yield f"filters {', '.join(filters)}: give their limits as `band: {{from: FILTER, map: …}}`"
    if headers and not any(h.get("BUNIT") for h in headers):
        yield "the primary headers do not say the unit of pixels: add `unit:` unless extensions do"
