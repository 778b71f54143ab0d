"""Spectra of known layouts: what a set of them is configured as."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tianku.products.readers.layout import reader_of
from tianku.usecases.describe.model import ProductDescription

#: LAMOST writes no flux unit into its files; its low-resolution flux is relative, medium uncalibrated
_LOW: dict[str, Any] = {
    "title": "low-resolution spectra",
    "flux": {"unit": "10**-17erg.s**-1.cm**-2.Angstrom**-1", "calibration": "relative"},
    "obscore": {"calib_level": 2, "em_res_power": 1800, "target_name": "DESIG", "t_exptime": "EXPTIME"},
}
_MEDIUM: dict[str, Any] = {
    "title": "medium-resolution spectra",
    "rows_for": "part",
    "flux": {"unit": "count", "calibration": "uncalibrated"},
    "obscore": {"em_res_power": 7500, "target_name": "DESIG"},
}
_SDSS: dict[str, Any] = {
    "title": "SDSS spectra",
    "flux": {"unit": "10**-17erg.s**-1.cm**-2.Angstrom**-1", "calibration": "absolute"},
    "obscore": {"calib_level": 2, "em_res_power": 1800, "target_class": "CLASS"},
}
_LAMOST_KEY = {"first": ["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]}
_LAMOST_REMARK = "flux unit and calibration are not in the files: check them"
_SETS: dict[str, tuple[dict[str, Any], Any, tuple[str, ...]]] = {
    "lrs": (_LOW, _LAMOST_KEY, (_LAMOST_REMARK,)),
    "mrs": (_MEDIUM, _LAMOST_KEY, (_LAMOST_REMARK,)),
    "sdss": (_SDSS, "{PLATEID}-{MJD}-{FIBERID}", ()),
    "fits_spectrum": (
        {"title": "spectra"},
        "{stem}",
        ("say the calibration, and the unit where the files have no BUNIT",),
    ),
}


def describe_spectra(files: Iterable[tuple[Path, str]]) -> list[ProductDescription]:
    """Return a product set for each kind of spectra; `files` come with the names of their layouts."""
    groups: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path, layout in files:
        groups[_set_name(layout)].append((path, layout))
    return [_described(name, found) for name, found in sorted(groups.items())]


def _set_name(layout: str) -> str:
    reader = reader_of(layout)
    if reader == "lamost":
        return "mrs" if "mrs" in layout else "lrs"
    return reader.replace("-", "_")


def _described(name: str, files: list[tuple[Path, str]]) -> ProductDescription:
    layouts = Counter(layout for _, layout in files)
    counted = tuple(f"{count} files of layout {layout}" for layout, count in sorted(layouts.items()))
    said, key, remarks = _SETS[name]
    settings = {
        "type": "spectrum",
        "title": said["title"],
        "reader": reader_of(files[0][1]),
        "key": key,
        **{k: v for k, v in said.items() if k != "title"},
        "protocols": ["obscore", "datalink", "ssa", "download"],
    }
    return ProductDescription(name, tuple(path for path, _ in files), settings, (*counted, *remarks))
