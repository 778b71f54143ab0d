"""Hostile and damaged images: refused by a stable code, and never by anything but a UsageError."""

from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.context import SetContext
from tianku.products.image import read_image
from tianku.products.readers.observe_images import observe
from tianku.products.readers.source import SourceFile


def context(**said: object) -> SetContext:
    config = ProductConfig.model_validate({"type": "image", "ext": "each", "key": "{stem}", **said})
    return SetContext("org.example", "images/dr1", "set", config, "t", "f", "i")


def tangent() -> fits.Header:
    header = fits.Header()
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=10.0, CRVAL2=20.0, CRPIX1=8.0, CRPIX2=8.0)
    header.update(CD1_1=-1e-4, CD1_2=0.0, CD2_1=0.0, CD2_2=1e-4)
    header.update({"DATE-OBS": "2020-01-01T00:00:00", "EXPTIME": 10.0, "BUNIT": "adu"})
    return header


def encoded(*hdus: fits.hdu.base.ExtensionHDU) -> bytes:
    stream = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(stream)
    return stream.getvalue()


def plain() -> bytes:
    return encoded(fits.PrimaryHDU(np.arange(256, dtype=np.int16).reshape(16, 16), tangent()))


def tiled(kind: str = "RICE_1") -> bytes:
    data = np.arange(1024, dtype=np.int16).reshape(32, 32)
    return encoded(fits.PrimaryHDU(), fits.CompImageHDU(data, tangent(), "sci", compression_type=kind))


def card(raw: bytes, name: str, text: str) -> bytes:
    """Replace the last card called `name`."""
    at = raw.rindex(f"{name:8}=".encode())
    return raw[:at] + f"{name:8}= {text}".ljust(80).encode() + raw[at + 80 :]


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.new("L", (64, 48), 90).save(stream, "JPEG")
    return stream.getvalue()


BAD = {
    "fits.empty": b"",
    "fits.not_fits": b"<html>no image</html>",
    "fits.truncated": card(card(plain(), "NAXIS1", f"{100000:>20}"), "NAXIS2", f"{100000:>20}"),
    "fits.truncated_header": plain()[:1000],
    "fits.bad_tiles": card(card(tiled(), "ZNAXIS1", f"{100000:>20}"), "ZNAXIS2", f"{100000:>20}"),
    "image.none": encoded(fits.PrimaryHDU()),
    "wcs.bad": card(card(plain(), "CD1_1", f"{0.0:>20}"), "CD2_2", f"{0.0:>20}"),
    "image.bad_picture": jpeg()[:200],
    "file.truncated_gzip": gzip.compress(plain(), mtime=0)[:300],
}


@pytest.mark.parametrize("code", BAD)
def test_a_bad_file_is_refused_by_its_code(code: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.fits"
    path.write_bytes(BAD[code])
    with pytest.raises(UsageError) as refused:
        observe(context(), SourceFile(path))
    assert refused.value.code == code and refused.value.message


def test_an_image_of_no_pixels_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "zero.fits"
    path.write_bytes(card(plain(), "NAXIS2", f"{0:>20}"))
    with pytest.raises(UsageError) as refused:
        observe(context(), SourceFile(path))
    assert refused.value.code == "image.none"


def test_a_box_that_is_no_size_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "plate.fits"
    path.write_bytes(encoded(fits.PrimaryHDU(np.zeros((4, 4), np.int16))))
    (seen,) = observe(context(wcs={"first": ["header", {"box": ["5 deg", "5 deg"]}]}), SourceFile(path))
    assert seen.ra is None and "wcs.none" in seen.notes  # without a logbook there is no centre


def damaged(raw: bytes, seed: int) -> list[bytes]:
    """Truncations at every kilobyte, and copies with flipped bytes, most of them in the header."""
    source = random.Random(seed)
    cut = [raw[:at] for at in range(0, len(raw), 1024)]
    flipped = []
    for number in range(60):
        copy = bytearray(raw)
        for _ in range(1 + number % 4):
            copy[source.randrange(min(len(raw), 5760 if number % 3 else len(raw)))] = source.randrange(256)
        flipped.append(bytes(copy))
    return cut + flipped


WHOLE = {
    "plain.fits": plain(),
    "rice.fits.fz": tiled(),
    "gzip.fits.fz": tiled("GZIP_1"),
    "hcompress.fits.fz": tiled("HCOMPRESS_1"),
    "packed.fits.gz": gzip.compress(plain(), mtime=0),
    "picture.jpg": jpeg(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_damage_ends_in_a_clean_reject_or_in_an_image(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    codes = set()
    for raw in damaged(WHOLE[name], seed=7):
        path.write_bytes(raw)
        try:
            for seen in observe(context(), SourceFile(path)):
                image = read_image(path, seen.ext, most=64)
                assert image.pixels.dtype == np.float32
        except UsageError as error:
            codes.add(error.code)
    assert codes, "no damage was noticed"
