"""An installation of the real images, plates and solar images, read in place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.state import empty_state
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

IMAGES, PLATES, SUN = "images/dr1", "plates/dr1", "sun/dr1"
_BANDS = {
    "from": "FILTER",
    "map": {
        "g": {"em_min": 4.0e-7, "em_max": 5.5e-7},
        "r": {"em_min": 5.6e-7, "em_max": 7.2e-7},
        "bokr": {"em_min": 5.6e-7, "em_max": 7.2e-7},
        "zd": {"em_min": 8.2e-7, "em_max": 1.0e-6},
        "z": {"em_min": 8.2e-7, "em_max": 1.0e-6},
    },
}
_CCD = {"type": "image", "ext": "each", "key": "{stem}", "band": _BANDS, "obscore": {"calib_level": 2}}
_PROTOCOLS = ["obscore", "datalink", "sia", "soda", "download"]

DATASETS: dict[str, dict[str, Any]] = {
    IMAGES: {
        "tables": {"survey_ccds": {"from": "images/mzlsbass3-survey-ccds-1.fits.gz", "id": None}},
        "products": {
            "ccd": {
                **_CCD,
                "from": "images/*_ooi_*.fits",
                "companions": {"mask": {"replace": ["_ooi_", "_ood_"]}, "weight": {"replace": ["_ooi_", "_oow_"]}},
                "protocols": _PROTOCOLS,
            },
            "deep": {
                **_CCD,
                "from": "images/bass-deep2?_*-ccd?.fits",
                "companions": {"weight": {"replace": [".fits", ".wht.fits"]}},
            },
            "mask": {**_CCD, "from": "images/*.fits.fz", "unit": "none", "obscore": {"calib_level": 2}},
            "survey": {
                "type": "image",
                "ext": "each",
                "from": [
                    "images/{2MASS_j.fits.gz|gc_2mass_k.fits|image.fits|M51.fits|a8280271.fits|o4sp040b0_raw.fits}",
                    "images/m13*.fits",
                    "images/*_sr_modified.fits",
                    "images/*.fits.bz2",
                ],
                "key": "{stem}",
            },
            "trees": {"type": "other", "from": "images/*.kd.fits", "key": "{stem}"},
        },
    },
    PLATES: {
        "products": {
            "scan": {
                "type": "image",
                "subtype": "plate",
                "from": "plates/*.fits",
                "key": "{stem}",
                "unit": "none",
                "obscore": {"calib_level": 1},
            }
        }
    },
    SUN: {
        "products": {
            "disk": {
                "type": "image",
                "from": [
                    "solar/{aia_171_level1|resampled_hmi|secchi_l0_a}.fits",
                    "solar/efz*.fits",
                    "solar/*.jp2",
                ],
                "key": "{stem}",
                "band": {"from": "WAVELNTH", "unit": "Angstrom"},
                "obscore": {"calib_level": 1},
                "protocols": ["obscore", "datalink", "sia", "epntap", "download"],
                "epntap": {"target_name": "Sun", "target_class": "star"},
            }
        }
    },
}


def configure(root: Path, data: Path) -> None:
    """Write the configuration of the data sets."""
    (root / "data").mkdir(parents=True)
    names = [name.partition("/")[0] for name in DATASETS]
    site = {"authority": "test.example", "title": "Test", "data_root": "data"}
    (root / "site.yaml").write_text(yaml.safe_dump({**site, "sources": dict.fromkeys(names, str(data))}))
    for name, said in DATASETS.items():
        folder = root / "collections" / name
        folder.mkdir(parents=True)
        (folder.parent / "collection.yaml").write_text(f"collection: {folder.parent.name}\ntitle: {{en: Real}}\n")
        (folder / "dataset.yaml").write_text(yaml.safe_dump({"dataset": name, **said}, sort_keys=False))


@contextmanager
def real_images(root: Path, data: Path) -> Iterator[Centre]:
    """Give an opened centre over all of them."""
    configure(root, data)
    with empty_state(root / "data"):
        for name in DATASETS:
            ingest_dataset(root, name)
            publish(root, name)
        centre = Centre.open(root)
        try:
            yield centre
        finally:
            centre.close()
