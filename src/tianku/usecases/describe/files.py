"""Sort files by what they are: tables, spectra, images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from astropy.io.fits import Header

from tianku.catalogue.readers import TableSource, sniff
from tianku.catalogue.readers.cds_header import CdsDescription, descriptions
from tianku.catalogue.readers.fits_columns import is_table
from tianku.catalogue.readers.fits_header import headers
from tianku.catalogue.readers.text_head import head_lines
from tianku.formats.opening import DAMAGED, open_bytes
from tianku.formats.votable_read import list_tables
from tianku.model.errors import UsageError
from tianku.products.readers import read_spectrum
from tianku.products.readers.raster import is_raster
from tianku.usecases.describe.curves import light_curve
from tianku.usecases.describe.dynamic import dynamic_spectrum

#: larger files are not tried as single spectra
_SPECTRUM_BYTES = 64 << 20
_README = frozenset({"readme", "readme.txt"})
_IGNORED = frozenset({".png", ".jpg", ".jpeg", ".gif", ".pdf", ".md", ".yaml", ".yml", ".json", ".html"})


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file, or one table HDU of it."""

    path: Path
    kind: Literal["table", "spectrum", "image", "timeseries", "dynamic-spectrum", "other"]
    #: keys of the table's `from:`
    reading: dict[str, Any] = field(default_factory=dict)
    #: layout of a spectrum or light curve, size of an image, reason for `other`
    detail: str = ""


def expand(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and all files below the folders named, sorted, without repeats."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise UsageError("describe.no_file", "{path}: there is no such file or folder", path=path)
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for one in inside:
            if not path.is_dir() or _is_data(one):
                found.setdefault(one)
    if not found:
        raise UsageError("describe.nothing", "no files to describe in {paths}", paths=", ".join(map(str, paths)))
    return list(found)


def _is_data(path: Path) -> bool:
    name = path.name.lower()
    return path.suffix.lower() not in _IGNORED and name not in _README and not name.startswith(".")


def classify(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """Yield what each file is; a FITS file with several tables yields one entry per table."""
    for path in paths:
        if (layout := light_curve(path)) is not None:
            yield FoundFile(path, "timeseries", detail=layout)
            continue
        if (layout := dynamic_spectrum(path)) is not None:
            yield FoundFile(path, "dynamic-spectrum", detail=layout)
            continue
        if is_raster(path):
            yield FoundFile(path, "image", detail="a picture")
            continue
        try:
            kind = sniff(TableSource(path))
        except UsageError as error:
            yield FoundFile(path, "other", detail=error.message)
            continue
        if kind == "fits":
            yield from _fits(path)
        elif kind == "votable":
            yield from _votable(path)
        elif kind == "csv" and (readme := _readme(path)) is not None:
            yield FoundFile(path, "table", {"reader": "cds", "readme": str(readme)})
        else:
            yield FoundFile(path, "table", {"reader": kind})


def _readme(path: Path) -> Path | None:
    """The ReadMe beside a file that describes it byte by byte."""
    beside = (p for p in sorted(path.parent.iterdir()) if p.name.lower() in _README and p.is_file())
    return next((p for p in beside if any(d.is_of(path.name) for d in _described(p))), None)


@cache
def _described(readme: Path) -> tuple[CdsDescription, ...]:
    return tuple(descriptions(head_lines(readme)))


def _fits(path: Path) -> Iterator[FoundFile]:
    layout = _spectrum(path)
    if layout is not None:
        yield layout
        return
    tables: list[int] = []
    images: list[str] = []
    others: list[str] = []
    try:
        with open_bytes(path) as file:
            for index, _, header in headers(file):
                if header.get("ZTABLE"):
                    others.append("a tile-compressed table: unpack it with `funpack`")
                elif is_table(header):
                    tables.append(index)
                elif _is_image(header):
                    images.append(_size(header))
    except (ValueError, TypeError, *DAMAGED) as error:
        yield FoundFile(path, "other", detail=f"not readable as FITS: {error}")
        return
    if images:
        yield FoundFile(path, "image", detail=f"{len(images)} image(s), the first {images[0]}")
    for index in tables:
        yield FoundFile(path, "table", {"reader": "fits"} | ({"hdu": index} if len(tables) > 1 else {}))
    if not images and not tables:
        yield FoundFile(
            path, "other", detail=f"it holds {others[0] if others else 'neither a table nor an image'}"
        )


def _votable(path: Path) -> Iterator[FoundFile]:
    """The tables of a VOTable that have rows."""
    try:
        with open_bytes(path) as file:
            tables = [t.number for t in list_tables(file, path.name) if t.serialisation]
    except UsageError as error:
        yield FoundFile(path, "other", detail=error.message)
        return
    for number in tables:
        yield FoundFile(path, "table", {"reader": "votable"} | ({"hdu": number} if len(tables) > 1 else {}))
    if not tables:
        yield FoundFile(path, "other", detail="a VOTable without rows")


def _is_image(header: Header) -> bool:
    z = "Z" if header.get("ZIMAGE") else ""
    axes = int(header.get(f"{z}NAXIS", 0))
    return axes >= 2 and all(int(header.get(f"{z}NAXIS{i + 1}", 0)) > 0 for i in range(axes))


def _size(header: Header) -> str:
    z = "Z" if header.get("ZIMAGE") else ""
    return " × ".join(str(header[f"{z}NAXIS{i + 1}"]) for i in range(int(header[f"{z}NAXIS"])))


def _spectrum(path: Path) -> FoundFile | None:
    """Return the file as a spectrum when it has a known layout; a damaged one is refused with its reason."""
    if path.stat().st_size > _SPECTRUM_BYTES:
        return None
    try:
        return FoundFile(path, "spectrum", detail=read_spectrum(path, "auto").layout)
    except UsageError as error:
        known = error.code.startswith(("spectrum.", "position.")) and error.code != "spectrum.unknown_layout"
        return FoundFile(path, "other", detail=error.message) if known else None
