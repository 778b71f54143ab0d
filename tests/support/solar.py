"""An installation of solar data: the real ones read in place, and the SBRS example on generated records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.support.records import SbrsFile, sbrs_table
from tests.support.state import empty_state
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

SOLAR, SBRS_SET = "solar/dr1", "sbrs/level1"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sbrs"
START = datetime(2011, 6, 7, 6, 24, tzinfo=UTC)
#: records of each of two files that follow each other, 8 ms apart; one sync word of the second is damaged
RECORDS, DAMAGED = 600, 250

PRODUCTS: dict[str, dict[str, Any]] = {
    "bursts": {
        "type": "dynamic-spectrum",
        "from": ["{BIR|BLEN|GAURI|GREEN}*.fit", "{BIR|BLEN|GAURI|GREEN}*.fit.gz"],
        "reader": "e-callisto",
        "key": "{stem}",
        "join": {"max_gap": "2 s"},
        "obscore": {"calib_level": 1, "target_name": "OBJECT", "instrument_name": "INSTRUME"},
    },
    "monitors": {
        "type": "timeseries",
        "from": ["sci_xrsf*.nc", "go15*.fits", "*.cdf"],
        "key": "{stem}",
        "obscore": {"calib_level": 2},
    },
    "regions": {
        "type": "other",
        "from": "*SRS.txt",
        "key": "{stem}",
        "obscore": {
            "t_min": "mjd(concat(substring(stem, 1, 4), '-', substring(stem, 5, 2), '-', substring(stem, 7, 2)))"
        },
    },
}


def sbrs_example(root: Path) -> None:
    """Copy the example and put generated files beside it."""
    shutil.copytree(EXAMPLE, root / "collections" / "sbrs")
    folder = root / "collections" / SBRS_SET
    (folder / "freq_table.csv").write_text(sbrs_table())
    for number in range(2):
        file = SbrsFile(START).fill(RECORDS, RECORDS * number)
        if number:
            file.content[file.places[DAMAGED]] = 0
        (folder / f"SBRS_{number}.dat").write_bytes(file.content)


@contextmanager
def solar(root: Path, data: Path | None) -> Iterator[Centre]:
    """Give an opened centre over the example, and over the real files in `data` if there are any."""
    (root / "data").mkdir(parents=True)
    site = {"authority": "test.example", "title": "Test", "data_root": "data"}
    names = [SBRS_SET]
    if data is not None:
        names.append(SOLAR)
        site["sources"] = {"solar": str(data / "solar")}
        folder = root / "collections" / SOLAR
        folder.mkdir(parents=True)
        (folder.parent / "collection.yaml").write_text("collection: solar\ntitle: {en: Sun}\n")
        (folder / "dataset.yaml").write_text(yaml.safe_dump({"dataset": SOLAR, "products": PRODUCTS}))
    (root / "site.yaml").write_text(yaml.safe_dump(site))
    sbrs_example(root)
    with empty_state(root / "data"):
        for name in names:
            ingest_dataset(root, name)
            publish(root, name)
        centre = Centre.open(root)
        try:
            yield centre
        finally:
            centre.close()
