"""Dynamic spectra of instrument records, against files that are made bit by bit."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.time import Time

from tests.support.records import MUSER, SBRS, SYNC, SbrsFile, muser_file, sbrs_table
from tianku.model.config.formats import RecordFormat
from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.dynamic import DynamicSpectrum
from tianku.products.readers.dynamic import read_dynamic, resolved_axis

START = datetime(2011, 6, 7, 22, 24, 0, 213_000, UTC)
CONFIG = ProductConfig.model_validate({"type": "dynamic-spectrum", "reader": "binary", "format": "any"})
WHOLE = slice(None)


def opened(folder: Path, content: bytes, layout: dict[str, Any] = SBRS) -> DynamicSpectrum:
    """Write `content` and read it as a set of this layout does."""
    path = folder / "a.dat"
    path.write_bytes(content)
    (folder / "freq_table.csv").write_text(sbrs_table())
    form = RecordFormat.model_validate(layout)
    return read_dynamic(path, CONFIG, form, resolved_axis(form, folder))


def expected(numbers: list[int], pol: int, channels: int = 24) -> np.ndarray:
    """The values of the records of one state, as the generator says them."""
    return np.array([[0.25 * SbrsFile.value(n, pol, c) for c in range(channels)] for n in numbers], np.float32)


def held(found: DynamicSpectrum, pol: int) -> list[int]:
    """Numbers of the records that a plane holds, by their times."""
    days = found.plane("LR"[pol] * 2).times - Time(START).mjd
    return np.rint(days * 86400e3 / 8).astype(int).tolist()


def test_whole_file_is_read_to_the_bit(tmp_path: Path) -> None:
    found = opened(tmp_path, SbrsFile(START).fill(100).content)
    assert [plane.state for plane in found.planes] == ["LL", "RR"]
    assert found.header == {"STATION": "怀柔", "GAIN": 1.0, "OBSERVER": "张"}
    assert (found.unit, found.original_unit) == ("10**-22W.m**-2.Hz**-1", "sfu") and found.notes == ()
    for pol in (0, 1):
        numbers = list(range(pol, 100, 2))
        plane = found.planes[pol]
        assert np.array_equal(plane.values.read(WHOLE, WHOLE), expected(numbers, pol))
        moments = Time([START + timedelta(milliseconds=8 * n) for n in numbers]).mjd
        assert np.abs(plane.times - moments).max() * 86400 < 2e-6
        assert np.array_equal(plane.values.read(slice(7, 9), slice(3, 5)), expected(numbers, pol)[7:9, 3:5])
    low_to_high = 1000 + 10 * np.arange(24) + np.arange(24) ** 2 / 8
    assert np.array_equal(found.frequency, low_to_high[::-1])


def test_damage_costs_the_records_it_hits_and_is_reported(tmp_path: Path) -> None:
    file = SbrsFile(START).fill(60)
    places, content = file.places, file.content
    content[places[10] : places[10] + 4] = b"\0\0\0\0"  # a sync word
    content[places[12] : places[12] + 1] = b"\1"  # and the next but one
    content[places[30] + 25] ^= 0x10  # a bit of a number: the sum tells
    content[places[40] + 4 : places[40] + 12] = b"\xff" * 8  # a time that is none (and a wrong sum)
    cut = content[: places[20] + 17] + content[places[20] + 23 :]  # six bytes lost inside a record
    junk = cut[: places[50] - 6] + b"\x5a\xa5" * 15 + SYNC + b"lost" + cut[places[50] - 6 :]  # bytes too many
    found = opened(tmp_path, bytes(junk[:-9]))  # the last record ends early
    lost = {10, 12, 20, 30, 40, 59}
    for pol in (0, 1):
        numbers = [n for n in range(pol, 60, 2) if n not in lost]
        assert held(found, pol) == numbers
        assert np.array_equal(found.planes[pol].values.read(WHOLE, WHOLE), expected(numbers, pol))
    assert set(found.notes) == {"records.gap", "records.truncated", "records.bad_sum", "records.bad_time"}
    gaps = [(offset, reason) for offset, _, reason in found.report["gap_list"]]
    record = places[1] - places[0]
    assert gaps == [
        (places[10], "no-sync"),
        (places[12], "no-sync"),
        (places[20], "damaged"),
        (places[50] - 6, "no-sync"),
        (places[59] + 38 - 6, "truncated"),
    ]
    assert found.report["gap_list"][0][1] == record
    assert (found.report["records"], found.report["bad_sums"], found.report["bad_times"]) == (56, 2, 1)


def test_records_of_several_lengths_are_padded(tmp_path: Path) -> None:
    file = SbrsFile(START).fill(10)
    for number in range(10, 20):
        file.add(number, number % 2, [SbrsFile.value(number, number % 2, c) for c in range(20)])
    file.fill(10, 20)
    found = opened(tmp_path, file.content)
    values = found.planes[0].values.read(WHOLE, WHOLE)
    wanted = expected(list(range(0, 30, 2)), 0)
    wanted[5:10, 20:] = np.nan
    assert np.array_equal(values, wanted, equal_nan=True)


def test_packed_big_endian_frames_with_sweeps_states_and_bit_times(tmp_path: Path) -> None:
    content = muser_file(START.replace(microsecond=213_456), 50)
    found = opened(tmp_path, content, MUSER)
    frame, sweep, channel = np.ogrid[:50, :4, :16]
    for number, state in enumerate(("LL", "RR")):
        plane = found.plane(state)
        raw = (frame * 64 + sweep * 16 + number * 8 + channel) % 3000
        assert np.array_equal(plane.values.read(WHOLE, WHOLE), raw.reshape(200, 16) * np.float32(0.5) - 10)
        moments = Time(START.replace(microsecond=213_456)).mjd + np.arange(200) * 0.003125 / 86400
        assert np.abs(plane.times - moments).max() * 86400 < 2e-6
    assert np.allclose(found.frequency, 400 + 25 * np.arange(16))
    assert found.header["station"] == "MUSER-I"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: b"", "records.none"),
        (lambda c: c[:100], "records.short_header"),
        (lambda c: c[:520], "records.none"),
        (lambda c: c[:512] + bytes(5000), "records.none"),
        (lambda c: c[:512] + SYNC * 4000, "records.none"),
    ],
)
def test_files_without_records_say_so(tmp_path: Path, change: Any, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        opened(tmp_path, change(bytes(SbrsFile(START).fill(5).content)))
    assert refused.value.code == code


def test_without_resync_a_missing_word_is_an_error_that_says_where(tmp_path: Path) -> None:
    file = SbrsFile(START).fill(5)
    file.content[file.places[3]] = 0
    strict = {**SBRS, "repeat": {**SBRS["repeat"], "sync": {"bytes": "5AA5F00F", "resync": False}}}
    with pytest.raises(UsageError) as refused:
        opened(tmp_path, file.content, strict)
    assert (refused.value.code, refused.value.params["at"]) == ("records.sync_lost", file.places[3])


@pytest.mark.parametrize("layout", [SBRS, MUSER], ids=["sbrs", "muser"])
def test_hostile_bytes_end_in_a_usage_error_or_in_fewer_records(tmp_path: Path, layout: dict[str, Any]) -> None:
    whole = bytes(SbrsFile(START).fill(40).content) if layout is SBRS else muser_file(START, 8)
    chance = random.Random(20110607)
    for _ in range(150):
        content = bytearray(whole[: chance.randrange(len(whole) + 1)] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(12)):
            if content:
                content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            found = opened(tmp_path, bytes(content), layout)
        except UsageError:
            continue
        for plane in found.planes:
            values = plane.values.read(WHOLE, WHOLE)
            assert values.shape == (len(plane.times), len(found.frequency))
            assert (np.diff(plane.times) >= 0).all()
