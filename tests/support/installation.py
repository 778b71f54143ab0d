"""A small real installation: simulated spectra and one catalogue, ingested, published and opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.state import empty_state
from tianku.products.simulate.release import simulate_release
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

DATASET = "sim/dr1"
_SITE = 'authority: test.example\ntitle: Test\ndata_root: data\nsources: {{sim: "{sources}"}}\n'
_COLLECTION = """\
collection: sim
title: {en: Simulated, zh: 模拟}
telescope: {lon: 117.58, lat: 40.39, height: 960, local_time: "+08:00"}
nulls: [-9999]
"""
_KEY = 'key: {first: [header.OBSID > 0, "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"]}'
_DATASET = f"""\
dataset: {DATASET}
simulated: true
tables:
  catalogue:
    from: catalogues/dr10_v2.0_LRS_catalogue.fits.gz
    id: obsid
    positions: [{{ra: ra, dec: dec}}]
    product: {{set: lrs, key: obsid}}
products:
  lrs:
    type: spectrum
    from: "spectra/**/*.fits.gz"
    reader: lamost
    {_KEY}
    flux: {{unit: 10**-17erg.s**-1.cm**-2.Angstrom**-1, calibration: relative}}
    obscore: {{calib_level: 2, target_name: DESIG, t_exptime: EXPTIME}}
  mrs:
    type: spectrum
    from: "med-spectra/**/*.fits.gz"
    reader: lamost
    rows_for: part
    {_KEY}
    flux: {{unit: count, calibration: uncalibrated}}
    obscore: {{calib_level: 2, target_name: DESIG}}
"""


@contextmanager
def small_installation(root: Path, store: str = "in-place") -> Iterator[Centre]:
    """Give an opened centre over a new installation in `root`; `store` of its files."""
    configure(root, store)
    with empty_state(root / "data"):
        ingest_dataset(root, DATASET)
        publish(root, DATASET)
        centre = Centre.open(root)
        try:
            yield centre
        finally:
            centre.close()


def configure(root: Path, store: str = "in-place") -> None:
    """Write sources and configuration."""
    sources = root / "sources"
    simulate_release(sources, n_lrs=4)
    (root / "data").mkdir()
    folder = root / "collections" / "sim" / "dr1"
    folder.mkdir(parents=True)
    (root / "site.yaml").write_text(_SITE.format(sources=sources))
    (folder.parent / "collection.yaml").write_text(_COLLECTION)
    (folder / "dataset.yaml").write_text(
        _DATASET.replace("    reader: lamost\n", f"    reader: lamost\n    store: {store}\n")
    )
