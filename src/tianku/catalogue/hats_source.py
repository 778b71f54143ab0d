"""An existing HATS catalogue: its properties and the files of its partitions."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from tianku.model.errors import UsageError
from tianku.model.metadata import HEALPIX_COLUMN

_FILE = re.compile(r"Norder=(\d+)/Dir=\d+/Npix=(\d+)(?:\.parquet|/[^/]+)$")
#: products whose rows are those of a table; margins, maps, indexes and associations are not
_TABLES = ("object", "source", "nested", "")
_ORDER = "29"


@dataclass(frozen=True, slots=True)
class HatsPartition:
    """One Parquet file and the cell that its rows are in."""

    path: Path
    norder: int
    npix: int

    @property
    def span(self) -> tuple[int, int]:
        """First and last order-29 cell."""
        shift = 2 * (29 - self.norder)
        return self.npix << shift, ((self.npix + 1) << shift) - 1


@dataclass(frozen=True, slots=True)
class HatsCatalogue:
    """A catalogue as it lies on disk; files in the order of the sky."""

    folder: Path
    properties: dict[str, str]
    partitions: tuple[HatsPartition, ...]

    @property
    def position(self) -> tuple[str, str]:
        """The columns that the cells were computed from."""
        return self.properties.get("hats_col_ra", "ra"), self.properties.get("hats_col_dec", "dec")


def open_hats(text: str, root: Path) -> HatsCatalogue:
    """Open the catalogue (or the main catalogue of a collection) in the folder `text`, relative to `root`.

    Raises
    ------
    UsageError
        ``hats.none``, ``hats.not_a_table``, ``hats.index``, ``hats.incomplete``.
    """
    folder = root / text
    collection = folder / "collection.properties"
    if collection.is_file():  # its margins repeat rows of the main catalogue: they are left alone
        folder = folder / _properties(collection).get("hats_primary_table_url", ".")
    found = next((p for n in ("hats.properties", "properties") if (p := folder / n).is_file()), None)
    if found is None or "://" in text:
        raise UsageError(
            "hats.none",
            "{folder} is no HATS catalogue: it has neither `hats.properties` nor `properties` nor"
            " `collection.properties`; `hats:` wants its folder",
            folder=text,
        )
    properties = _properties(found)
    kind = properties.get("dataproduct_type", "")
    if kind not in _TABLES:
        raise UsageError(
            "hats.not_a_table",
            "{folder} is the {kind} of another catalogue; `hats:` wants the catalogue itself",
            folder=text,
            kind=kind,
        )
    index, order = properties.get("hats_col_healpix", HEALPIX_COLUMN), properties.get("hats_col_healpix_order")
    if index != HEALPIX_COLUMN or order not in (None, _ORDER):
        raise UsageError(
            "hats.index",
            "{folder} is sorted by {index} of order {order}, only catalogues with {ours} of order 29 are served in"
            " place; publish its files with `from: {{files: …}}` instead",
            folder=text,
            index=index,
            order=order or "?",
            ours=HEALPIX_COLUMN,
        )
    return HatsCatalogue(folder, properties, _partitions(folder, text))


def _properties(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _partitions(folder: Path, text: str) -> tuple[HatsPartition, ...]:
    found = []
    for path in folder.glob("dataset/Norder=*/Dir=*/**/*"):
        if path.is_file() and (match := _FILE.search(path.as_posix())) and not path.name.startswith((".", "_")):
            found.append(HatsPartition(path.resolve(), int(match[1]), int(match[2])))
    listed = _listed(folder / "partition_info.csv")
    missing = sorted(listed - {(p.norder, p.npix) for p in found})
    if missing or not found:
        cell = f"Norder={missing[0][0]}, Npix={missing[0][1]}" if missing else "any"
        raise UsageError(
            "hats.incomplete",
            "{folder}: {count} partitions have no file (such as {cell})",
            folder=text,
            count=len(missing) or "its",
            cell=cell,
        )
    return tuple(sorted(found, key=lambda p: (p.span[0], str(p.path))))


def _listed(path: Path) -> set[tuple[int, int]]:
    """The partitions that the catalogue says it has; nothing when it does not say."""
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {(int(row["Norder"]), int(row["Npix"])) for row in csv.DictReader(file)}
