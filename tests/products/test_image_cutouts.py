"""Cutouts of every real image: pixels are those of astropy's Cutout2D, and stars keep their places."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from tests.support.real_images import DATASETS, IMAGES, real_images
from tianku.model.access import ANONYMOUS
from tianku.model.errors import TiankuError
from tianku.planner.regions import Circle, PolygonShape, Range, Shape
from tianku.products.did import ProductId, parse_did
from tianku.products.index import IndexEntry, ProductIndex
from tianku.usecases.centre import Centre
from tianku.usecases.cutouts import Cut, cut_product


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[Centre]:
    with real_images(tmp_path_factory.mktemp("cut") / "site", test_data) as opened:
        yield opened


def entries(centre: Centre) -> Iterator[tuple[ProductId, IndexEntry]]:
    """Every image that has a place on the sky, with its identifier."""
    for dataset in DATASETS:
        for name, one in centre.picture().datasets[dataset].sets.items():
            index = ProductIndex(one.folder / one.manifest.index.path)
            for rows in index.products(0, 1000):
                for entry in rows:
                    if entry.category == "science" and entry.ext is not None and entry.s_region:
                        part = entry.part or None
                        yield ProductId(centre.site.authority, dataset, name, entry.key, part), entry


def cut(centre: Centre, did: ProductId | str, region: Shape | None) -> fits.HDUList | None:
    found = cut_product(
        centre, ANONYMOUS, parse_did(did) if isinstance(did, str) else did, Cut(region=region), ["POS"]
    )
    return None if found is None else fits.open(io.BytesIO(b"".join(found.pieces)))


def image_in(hdus: fits.HDUList) -> fits.PrimaryHDU | fits.ImageHDU:
    return next(hdu for hdu in hdus if hdu.header["NAXIS"])


def world(header: fits.Header) -> WCS:
    cards = fits.Header([c for c in header.cards if not c.keyword.startswith(("CPDIS", "DP1", "DP2", "D2IM"))])
    return WCS(cards, naxis=2)


@pytest.mark.filterwarnings("ignore")
def test_pixels_are_those_of_cutout2d_and_stars_keep_their_places(centre: Centre) -> None:
    rng = np.random.default_rng(20)
    seen = 0
    for did, entry in entries(centre):
        assert entry.s_xel1 and entry.s_xel2 and entry.s_pixel_scale and entry.ext is not None
        with fits.open(entry.path) as hdus:
            data, header = np.asarray(hdus[entry.ext].data), hdus[entry.ext].header
            data = data.reshape(-1, *data.shape[-2:])[0]
            wcs = world(header)
        x = rng.uniform(0.1, 0.9) * entry.s_xel1
        y = rng.uniform(0.1, 0.9) * entry.s_xel2
        place = wcs.pixel_to_world(x, y)
        if not np.isfinite(place.spherical.lon.deg):
            continue
        centre_of = place.icrs
        radius = min(20.0, 0.2 * min(entry.s_xel1, entry.s_xel2)) * entry.s_pixel_scale / 3600
        found = cut(centre, did, Circle(float(centre_of.ra.deg), float(centre_of.dec.deg), radius))
        assert found is not None, did
        image = image_in(found)
        pixels = np.asarray(image.data).reshape(-1, *image.shape[-2:])[0]
        moved = world(image.header)
        # the place of the window in the image, by the comment that says it
        comment = next(t for t in found[0].header["COMMENT"] if t.startswith("Pixels "))
        ranges = comment[comment.index("[") + 1 : comment.index("]")].split(",")
        (x0, x1), (y0, y1) = ([int(n) for n in text.split(":")] for text in ranges)
        middle = ((x0 + x1) / 2 - 1, (y0 + y1) / 2 - 1)
        expected = Cutout2D(data, middle, (y1 - y0 + 1, x1 - x0 + 1), mode="trim")
        np.testing.assert_array_equal(pixels, expected.data, err_msg=str(did))
        assert expected.origin_original == (x0 - 1, y0 - 1)
        # the circle's whole width is there and no more
        assert x0 - 1 <= x <= x1 - 1 and y0 - 1 <= y <= y1 - 1
        assert max(x1 - x0, y1 - y0) <= 5 * radius * 3600 / entry.s_pixel_scale + 3, did
        again = moved.world_to_pixel(place)
        assert np.hypot(again[0] + x0 - 1 - x, again[1] + y0 - 1 - y) < 0.05, did
        seen += 1
    assert seen >= 60


CCD = "ivo://test.example/images/dr1/ccd?bass-ksb_160203_115029_ooi_r_v1-ccd2"


def placed(centre: Centre, did: str) -> tuple[IndexEntry, str]:
    return next((e, str(d)) for d, e in entries(centre) if str(d).startswith(did))


@pytest.mark.filterwarnings("ignore")
def test_masks_and_weights_are_cut_along(centre: Centre) -> None:
    entry, _ = placed(centre, CCD)
    found = cut(centre, CCD, Circle(entry.ra or 0, entry.dec or 0, 0.005))
    assert found is not None
    assert [hdu.name for hdu in found if hdu.header["NAXIS"]][-2:] == ["MASK", "WEIGHT"]
    comment = next(t for t in found[0].header["COMMENT"] if t.startswith("Pixels "))
    (x0, x1), (y0, y1) = ([int(n) for n in t.split(":")] for t in comment.split("[")[1].split("]")[0].split(","))
    for name, other in (("MASK", "_ood_"), ("WEIGHT", "_oow_")):
        with fits.open(entry.path.replace("_ooi_", other)) as hdus:
            whole = next(hdu.data for hdu in hdus if hdu.header["NAXIS"] == 2)
            np.testing.assert_array_equal(found[name].data, whole[y0 - 1 : y1, x0 - 1 : x1])


@pytest.mark.filterwarnings("ignore")
def test_regions_that_leave_the_image_are_trimmed_and_shapes_agree(centre: Centre) -> None:
    entry, did = placed(centre, CCD)
    ra, dec, fov = entry.ra or 0.0, entry.dec or 0.0, entry.s_fov or 0.0
    whole = cut(centre, did, None)
    everything = cut(centre, did, Circle(ra, dec, fov))
    assert whole is not None and everything is not None
    assert image_in(whole).shape == image_in(everything).shape == (entry.s_xel2, entry.s_xel1)
    np.testing.assert_array_equal(image_in(whole).data, fits.getdata(entry.path, entry.ext))
    half = fov / 8
    wide = half / np.cos(np.radians(dec))
    corners = ((ra - wide, ra + wide, ra + wide, ra - wide), (dec - half, dec - half, dec + half, dec + half))
    sizes = {
        image_in(found).shape
        for region in (PolygonShape(*corners), Range(ra - wide, ra + wide, dec - half, dec + half))
        if (found := cut(centre, did, region)) is not None
    }
    side = 2 * half * 3600 / (entry.s_pixel_scale or 1.0)
    assert sizes and all(abs(n - side) < 2 for shape in sizes for n in shape)


def test_nothing_is_opened_for_a_region_that_the_outline_does_not_meet(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, did = placed(centre, CCD)

    def forbidden(path: Path) -> None:
        raise AssertionError(f"{path} is opened")

    monkeypatch.setattr("tianku.usecases.cut_images.opened", forbidden)
    assert cut(centre, did, Circle(entry.ra or 0.0, -(entry.dec or 0.0), 0.1)) is None


def test_what_cannot_be_cut_says_why(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, did = placed(centre, CCD)
    near = Circle(entry.ra or 0.0, entry.dec or 0.0, 0.01)
    monkeypatch.setattr("tianku.usecases.cut_images.MOST_PIXELS", 10)
    assert refused(centre, did, near).code == "soda.too_large"
    assert refused(centre, placeless(centre), near).code == "soda.no_sky"
    assert refused(centre, f"{CCD}/nothing", near).code == "products.no_part"


def placeless(centre: Centre) -> str:
    """An image without coordinates."""
    one = centre.picture().datasets[IMAGES].sets["survey"]
    products = ProductIndex(one.folder / one.manifest.index.path).products(0, 1000)
    key = next(rows[0].key for rows in products if rows[0].s_region is None)
    return f"ivo://test.example/{IMAGES}/survey?{key}"


def refused(centre: Centre, did: str, region: Shape) -> TiankuError:
    with pytest.raises(TiankuError) as caught:
        cut(centre, did, region)
    return caught.value
