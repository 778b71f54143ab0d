"""Make the HATS catalogue of this folder with hats-import 0.11: simulated stars, columns as of Gaia DR3."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from dask.distributed import Client
from hats_import.catalog.arguments import ImportArguments
from hats_import.pipeline import pipeline_with_client

ROWS = 400


def stars() -> pd.DataFrame:
    """Return stars all over the sky, with proper motions; some without."""
    random = np.random.default_rng(3)
    number = np.arange(ROWS)
    known = number % 8 > 0
    return pd.DataFrame(
        {
            "source_id": number + 2**60,
            "ra": random.uniform(0, 360, ROWS).round(9),
            "dec": np.degrees(np.arcsin(random.uniform(-1, 1, ROWS))).round(9),
            "pmra": np.where(known, random.normal(0, 20, ROWS).round(4), np.nan),
            "pmdec": np.where(known, random.normal(0, 20, ROWS).round(4), np.nan),
            "phot_g_mean_mag": random.uniform(8, 20, ROWS).astype("f4"),
        }
    )


def main(into: Path) -> None:
    """Write ``stars.csv`` and the catalogue made of it."""
    into.mkdir(parents=True, exist_ok=True)
    stars().to_csv(into / "stars.csv", index=False)
    with tempfile.TemporaryDirectory() as folder, Client(n_workers=1, threads_per_worker=1) as client:
        arguments = ImportArguments(
            output_path=into,
            output_artifact_name="gaia_dr3_hats",
            input_file_list=[into / "stars.csv"],
            file_reader="csv",
            ra_column="ra",
            dec_column="dec",
            sort_columns="source_id",
            highest_healpix_order=2,
            pixel_threshold=120,
            tmp_dir=folder,
            progress_bar=False,
        )
        pipeline_with_client(arguments, client)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
