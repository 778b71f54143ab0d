"""The files that make a folder of Parquet a HATS catalogue, which LSDB and others open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.partition import Partition
from tianku.model.metadata import Position


def write_hats_files(
    folder: Path,
    name: str,
    schema: pa.Schema,
    partitions: Sequence[Partition],
    position: Position,
    max_rows: int,
    sky_fraction: float,
) -> None:
    """Write ``hats.properties``, ``partition_info.csv`` and ``dataset/_common_metadata`` into `folder`."""
    (folder / "dataset").mkdir(parents=True, exist_ok=True)
    pq.write_metadata(schema, folder / "dataset" / "_common_metadata")
    lines = ["Norder,Npix,num_rows", *(f"{p.norder},{p.npix},{p.rows}" for p in partitions)]
    (folder / "partition_info.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    properties = {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_nrows": sum(p.rows for p in partitions),
        "hats_col_ra": position.ra,
        "hats_col_dec": position.dec,
        "hats_col_healpix": "_healpix_29",
        "hats_col_healpix_order": 29,
        "hats_max_rows": max_rows,
        "hats_order": max((p.norder for p in partitions), default=0),
        "hats_npix_suffix": "/",
        "moc_sky_fraction": f"{sky_fraction:.5f}",
        "hats_builder": "tianku",
    }
    text = "#HATS catalog\n" + "".join(f"{key}={value}\n" for key, value in properties.items())
    (folder / "hats.properties").write_text(text, encoding="utf-8")
    (folder / "properties").write_text(text, encoding="utf-8")
