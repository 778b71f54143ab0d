"""Positions that are no pair of decimal columns: found by `describe`, and right after ingest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import FK4, SkyCoord

from tests.support.datasets import evaluate
from tianku.catalogue.ingest import ingest_table
from tianku.model.config import load_collection
from tianku.usecases.check import check
from tianku.usecases.describe import describe

README = """Byte-by-byte Description of file: plates.dat
--------------------------------------------------------------------------------
   Bytes Format Units   Label     Explanations
--------------------------------------------------------------------------------
   1-  5  A5    ---     Name      Name
   7-  8  I2    h       RAh       Right ascension ({equinox})
  10- 11  I2    min     RAm       ? Right ascension ({equinox})
  13- 16  F4.1  s       RAs       ? Right ascension ({equinox})
      18  A1    ---     DE-       Sign of declination
  19- 20  I2    deg     DEd       Declination ({equinox})
  22- 23  I2    arcmin  DEm       Declination ({equinox})
--------------------------------------------------------------------------------
"""
PLATES = """aa    05 11 48.5 -00 30
bb    23 59      +89 59
cc    12 00 00.1 -45 00
"""


def ingested(folder: Path, source: Path) -> tuple[pa.Table, SkyCoord]:
    """The rows published from the described file, and their main positions."""
    found = describe([source], dataset="described")
    (folder / "collection.yaml").write_text(found.collection_yaml())
    (folder / "dataset.yaml").write_text(found.to_yaml())
    _, (loaded,) = load_collection(folder / "collection.yaml")
    loaded = replace(loaded, source_root=found.root)
    assert [f for f in check(loaded) if f.severity == "error"] == []
    (folder / "out").mkdir()
    manifest = ingest_table(loaded, found.tables[0].name, folder / "out", evaluate=evaluate)
    assert manifest.rejects.total == 0
    rows = pa.concat_tables([pq.ParquetFile(folder / "out" / f.path).read() for f in manifest.files])
    main = manifest.meta.main_position
    assert main is not None
    return rows, SkyCoord(rows[main.ra].to_numpy() * u.deg, rows[main.dec].to_numpy() * u.deg)


@pytest.mark.parametrize(("equinox", "frame"), [("J2000", "icrs"), ("B1950.0", FK4(equinox="B1950"))])
def test_hours_minutes_and_seconds_in_columns_of_their_own(tmp_path: Path, equinox: str, frame: object) -> None:
    (tmp_path / "ReadMe").write_text(README.format(equinox=equinox))
    (tmp_path / "plates.dat").write_text(PLATES)
    rows, sky = ingested(tmp_path, tmp_path / "plates.dat")
    texts = {"aa": "05h11m48.5s -00d30m", "bb": "23h59m00s +89d59m", "cc": "12h00m00.1s -45d00m"}
    expected = SkyCoord([texts[n] for n in rows["Name"].to_pylist()], frame=frame).icrs
    assert sky.separation(expected).max() < 1e-6 * u.arcsec


def test_galactic_coordinates_alone(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,GLON,GLAT\na,10.5,-5.25\nb,359.9,89\nc,180,0\n")
    rows, sky = ingested(tmp_path, tmp_path / "t.csv")
    expected = SkyCoord(rows["GLON"].to_numpy() * u.deg, rows["GLAT"].to_numpy() * u.deg, frame="galactic").icrs
    assert sky.separation(expected).max() < 1e-9 * u.arcsec


def test_be_stars_are_placed_by_their_names(test_data: Path, tmp_path: Path) -> None:
    rows, sky = ingested(tmp_path, test_data / "lamost-catalogues" / "lamost-dr1-be-stars.csv")
    names = [n.strip() for n in rows["designation"].to_pylist()]
    spelt = [f"{n[1:3]}h{n[3:5]}m{n[5:10]}s {n[10:13]}d{n[13:15]}m{n[15:]}s" for n in names]
    assert len(spelt) == 203
    assert sky.separation(SkyCoord(spelt)).max() < 1e-6 * u.arcsec


def test_a_tile_compressed_table_is_left_out_by_name(tmp_path: Path) -> None:
    from astropy.io import fits

    table = fits.BinTableHDU.from_columns([fits.Column("n", "J", array=[1, 2])])
    table.header["ZTABLE"] = True
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "z.fits")
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    (rejected,) = describe([tmp_path]).rejected
    assert "funpack" in rejected.reason
