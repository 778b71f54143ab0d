"""Windows of dynamic spectra over HTTP: the SBRS example on generated records, two files joined."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from tests.support.records import SbrsFile
from tests.support.server import serving
from tests.support.solar import DAMAGED, RECORDS, START, solar
from tests.support.web import fetch

PRODUCT = "/api/v1/products/sbrs/level1/dyn/SBRS_0"
#: numbers of the records of the first state: the damaged one is missing
EVEN = [n for n in range(0, 2 * RECORDS, 2) if n != RECORDS + DAMAGED]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with solar(tmp_path_factory.mktemp("sbrs") / "site", None) as centre, serving(centre) as (base, _):
        yield base


def values(numbers: list[int], pol: int, channels: range = range(24)) -> np.ndarray:
    return np.array([[0.25 * SbrsFile.value(n, pol, c) for c in channels] for n in numbers], np.float32)


def drawn(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Take the viewer's reply apart."""
    assert body[:4] == b"TKD1"
    start = 8 + struct.unpack_from("<I", body, 4)[0]
    header = json.loads(body[8:start])
    arrays = {
        name: np.frombuffer(body, "<" + at["dtype"], int(np.prod(at["shape"])), start + at["offset"]).reshape(
            at["shape"]
        )
        for name, at in header["arrays"].items()
    }
    return header, arrays


def test_the_whole_is_reduced_by_maxima_and_a_window_is_exact(address: str) -> None:
    reply = fetch(address, f"{PRODUCT}/dynamic?width=100&height=6")
    header, arrays = drawn(reply.body)
    assert header["states"] == ["LL", "RR"] and header["state"] == "LL" and header["original_unit"] == "sfu"
    assert (header["rows"], header["channels"], header["factors"]) == (len(EVEN), 24, [8, 4])
    whole = values(EVEN, 0)
    blocks = np.pad(whole, ((0, -len(whole) % 8), (0, 0)), constant_values=-1)
    assert np.array_equal(arrays["values"], blocks.reshape(-1, 8, 6, 4).max(axis=(1, 3)))
    begin = Time(START + timedelta(milliseconds=8 * 40)).mjd
    window = f"time={begin - 1e-9}/{begin + 1e-6}&frequency=1100/1200&pol=RR"
    header, arrays = drawn(fetch(address, f"{PRODUCT}/dynamic?{window}").body)
    numbers = [41, 43, 45, 47, 49]
    axis = 1000 + 10 * np.arange(24) + np.arange(24) ** 2 / 8
    inside = (axis[::-1] >= 1100) & (axis[::-1] <= 1200)
    assert header["factors"] == [1, 1] and np.array_equal(arrays["frequency"], axis[::-1][inside])
    assert np.array_equal(arrays["values"], values(numbers, 1)[:, inside])


def test_windows_are_written_whole_as_csv_and_fits(address: str) -> None:
    window = "time=2011-06-07T06:24:00/2011-06-07T06:24:01&pol=LL"
    reply = fetch(address, f"{PRODUCT}/dynamic.csv?{window}")
    assert reply.headers["content-disposition"] == 'attachment; filename="SBRS_0_LL.csv"'
    lines = list(csv.DictReader(io.StringIO(reply.text)))
    numbers = list(range(0, 126, 2))
    assert [float(line["value"]) for line in lines] == values(numbers, 0).ravel().tolist()
    with fits.open(io.BytesIO(fetch(address, f"{PRODUCT}/dynamic.fits?{window}").body)) as hdus:
        hdus.verify("exception")
        assert (
            np.array_equal(hdus[0].data, values(numbers, 0)) and hdus[0].header["BUNIT"] == "10**-22W.m**-2.Hz**-1"
        )
        moments = Time([START + timedelta(milliseconds=8 * n) for n in numbers]).mjd
        assert np.abs(hdus["TIME"].data["TIME"] - moments).max() * 86400 < 2e-6
        assert len(hdus["FREQUENCY"].data) == 24


@pytest.mark.parametrize(
    ("tail", "status", "code"),
    [
        ("dynamic?time=yesterday/today", 400, "dynamic.bad_parameter"),
        ("dynamic?time=55719.3", 400, "dynamic.bad_parameter"),
        ("dynamic?width=0", 400, "dynamic.bad_parameter"),
        ("dynamic?frequency=1/2", 400, "dynamic.empty_window"),
        ("dynamic?pol=XX", 404, "dynamic.no_state"),
        ("dynamic.vot", 400, "api.view_format"),
        ("spectrum", 404, "products.no_spectrum"),
    ],
)
def test_what_is_not_there_is_said(address: str, tail: str, status: int, code: str) -> None:
    reply = fetch(address, f"{PRODUCT}/{tail}")
    assert (reply.status, reply.json["error"]["code"]) == (status, code)


def test_the_product_names_its_files_views_and_preview(address: str) -> None:
    one = fetch(address, PRODUCT).json
    assert [f["category"] for f in one["files"]] == ["science", "science-2"]
    for url in [*(f["url"] for f in one["files"]), *one["formats"].values(), one["preview"], one["links"]]:
        assert fetch(address, url).status == 200, url
