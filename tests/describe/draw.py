"""Draw the columns that `describe` is judged on, by a fixed seed, from the headers of real tables.

Run as ``python -m tests.describe.draw DATA_FOLDER``: prints the seed, then ``table<TAB>index<TAB>name`` for
each drawn column. Only headers are read. The judgement itself is in ``labels.json``.
"""

from __future__ import annotations

import csv
import gzip
import random
import sys
from pathlib import Path

from astropy.io import fits

SEED = 20260622
COUNT = 200

#: The tables that must ingest from a described configuration, relative to the data folder.
TABLES = (
    "lamost-catalogues/20220313_snrg_30_Grpeddata_CCF_test.csv",
    "lamost-catalogues/AFG_obsid.txt.gz",
    "lamost-catalogues/K2_01_plate.csv.gz",
    "lamost-catalogues/K2_04_plate.csv.gz",
    "lamost-catalogues/LASP_Adam_inferred.csv",
    "lamost-catalogues/LASP_CurveFit_inferred.csv",
    "lamost-catalogues/candidates.csv",
    "lamost-catalogues/gaia_lamost_larger_velocity_features.csv",
    "lamost-catalogues/lamost-dr1-be-stars.csv",
    "lamost-catalogues/my_data3.csv.gz",
    "lamost-catalogues/type_A_params.csv",
    "lamost-catalogues/type_F_params.csv",
    "star-catalogues/HASH_PNe.csv",
    "star-catalogues/abell-all.fits",
    "star-catalogues/brightstars.fits",
    "star-catalogues/chunk-04795.fits",
    "star-catalogues/chunk-04923.fits",
    "star-catalogues/gaia_results.fits",
    "star-catalogues/openngc-ic.fits",
)

#: Tables without a header line: their columns have no name.
HEADERLESS = frozenset({"lamost-catalogues/AFG_obsid.txt.gz"})


def column_names(path: Path) -> list[str]:
    """Return the column names of a FITS or CSV table exactly as its header spells them."""
    if path.suffix == ".fits":
        with fits.open(path) as hdus:
            return list(hdus[1].columns.names)
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as stream:
        return next(csv.reader(stream))


def all_columns(folder: Path) -> list[tuple[str, int, str]]:
    """Return (table, index, name) of every column of every table, in a fixed order."""
    found = []
    for table in TABLES:
        names = column_names(folder / table)
        blank = table in HEADERLESS
        found += [(table, index, "" if blank else name) for index, name in enumerate(names)]
    return found


def draw(folder: Path, seed: int = SEED, count: int = COUNT) -> list[tuple[str, int, str]]:
    """Return `count` columns drawn without replacement, sorted by table and index."""
    return sorted(random.Random(seed).sample(all_columns(folder), count))


if __name__ == "__main__":
    columns = draw(Path(sys.argv[1]))
    print(f"# seed {SEED}: {len(columns)} columns")
    for table, index, name in columns:
        print(f"{table}\t{index}\t{name}")
