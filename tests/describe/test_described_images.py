"""Images are described with their companions, and pictures with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.io import fits
from PIL import Image

from tianku.usecases.describe import describe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    header = fits.Header({"FILTER": "g"})
    for night in ("a", "b", "c", "d", "e", "f"):
        for kind in ("ooi", "ood", "oow"):
            name = f"ksb_{night}_{kind}_g.fits"
            fits.PrimaryHDU(np.zeros((4, 5), np.int16), header).writeto(tmp_path / name)
    fits.PrimaryHDU(np.zeros((4, 5), np.int16)).writeto(tmp_path / "alone.fits")
    Image.new("L", (5, 4)).save(tmp_path / "sun.jp2")
    return tmp_path


def test_companions_go_with_their_image(folder: Path) -> None:
    said = yaml.safe_load(describe([folder], dataset="demo/v1").to_yaml())["products"]
    assert set(said) == {"ccds", "images"}
    ccds = said["ccds"]
    assert ccds["from"] == "*_ooi_*.fits"
    assert ccds["companions"] == {
        "mask": {"replace": ["_ooi_", "_ood_"]},
        "weight": {"replace": ["_ooi_", "_oow_"]},
    }
    assert set(said["images"]["from"]) == {"alone.fits", "sun.jp2"}
