"""Product sets: spectra of known layouts, and images."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tianku.usecases.describe.files import FoundFile
from tianku.usecases.describe.model import ProductDescription

#: LAMOST writes no flux unit into its files; its low-resolution flux is relative, medium uncalibrated
_LOW: dict[str, Any] = {
    "flux": {"unit": "10**-17erg.s**-1.cm**-2.Angstrom**-1", "calibration": "relative"},
    "obscore": {"calib_level": 2, "em_res_power": 1800, "target_name": "DESIG", "t_exptime": "EXPTIME"},
}
_MEDIUM: dict[str, Any] = {
    "rows_for": "part",
    "flux": {"unit": "count", "calibration": "uncalibrated"},
    "obscore": {"em_res_power": 7500, "target_name": "DESIG"},
}
_LAMOST_KEY = {"first": ["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]}


def describe_products(files: Iterable[FoundFile]) -> list[ProductDescription]:
    """Group spectra by resolution and images together, each a product set."""
    groups: dict[str, list[FoundFile]] = defaultdict(list)
    for file in files:
        if file.kind == "spectrum":
            groups["mrs" if "mrs" in file.detail else "lrs"].append(file)
        elif file.kind == "image":
            groups["images"].append(file)
    return [_images(g) if name == "images" else _spectra(name, g) for name, g in sorted(groups.items())]


def _spectra(name: str, files: Sequence[FoundFile]) -> ProductDescription:
    layouts = Counter(f.detail for f in files)
    notes = tuple(f"{count} files of layout {layout}" for layout, count in sorted(layouts.items()))
    settings = {
        "type": "spectrum",
        "title": "medium-resolution spectra" if name == "mrs" else "low-resolution spectra",
        "reader": "lamost",
        "key": _LAMOST_KEY,
        **(_MEDIUM if name == "mrs" else _LOW),
        "protocols": ["obscore", "datalink", "download"],
    }
    remark = "flux unit and calibration are not in the files: check them"
    return ProductDescription(name, tuple(f.path for f in files), settings, (*notes, remark))


def _images(files: Sequence[FoundFile]) -> ProductDescription:
    settings = {"type": "image", "reader": "fits-image", "ext": "each", "key": "{stem}"}
    notes = tuple(f"{f.path.name}: {f.detail}" for f in files[:3])
    more = (f"and {len(files) - 3} more",) if len(files) > 3 else ()
    return ProductDescription("images", tuple(f.path for f in files), settings, (*notes, *more))


def patterns(files: Sequence[Path], root: Path) -> list[str]:
    """Return globs relative to `root` that name exactly `files`, or their names when no globs do."""
    relative = [Path(os.path.relpath(f, root)) for f in files]
    if len(files) <= 5:
        return [str(r) for r in relative]
    wanted = {f.resolve() for f in files}
    for style in (_beginning, _ending, _anywhere):
        globs = sorted({style(r) for r in relative})
        if len(globs) < len(files) / 2 and {p.resolve() for g in globs for p in root.glob(g)} == wanted:
            return globs
    return [str(r) for r in relative]


def _ending(path: Path) -> str:
    return str(path.parent / f"*{_suffix(path)}")


def _beginning(path: Path) -> str:
    letters = re.match(r"[A-Za-z_]*[-_]?", path.name)
    return str(path.parent / f"{letters.group() if letters else ''}*{_suffix(path)}")


def _anywhere(path: Path) -> str:
    return f"**/{Path(_beginning(path)).name}"


def _suffix(path: Path) -> str:
    return "".join(path.suffixes[-2:]) if path.suffix in (".gz", ".fz", ".bz2") else path.suffix
