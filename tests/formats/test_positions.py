"""Lists of positions as people write them."""

from __future__ import annotations

import astropy.units as u
import pytest
from astropy.coordinates import Angle
from hypothesis import given, settings
from hypothesis import strategies as st

from tianku.formats.positions import MOST_ROWS, read_positions
from tianku.model.errors import LimitError, UsageError
from tianku.sky.angles import declination, right_ascension

TARGET = (10.5, -20.25)


@pytest.mark.parametrize(
    "text",
    [
        "10.5,-20.25",
        "10.5 -20.25",
        "10.5;-20.25",
        "10.5\t-20.25",
        "10.5 | -20.25",
        "00:42:00 -20:15:00",
        "00 42 00 -20 15 00",
        "00 42 00, −20 15 00",
        "0h42m0s, -20d15m0s",
        "00h42m -20°15′",
        "\ufeffra,dec\r\n10.5,-20.25\r\n",
        "#ra,dec,sep\n10.5,-20.25,2.0",
        "# my targets\n# of today\nRAJ2000 DEJ2000\n10.5 -20.25",
        "dec;other;ra\n-20.25;x;10.5",
        "名称,赤经,赤纬\n甲,10.5,-20.25",
        '"M 31, centre",10.5,-20.25',
        "\n\n10.5 -20.25\n# end\n",
    ],
)
def test_ways_to_write_a_position(text: str) -> None:
    found = read_positions(text, 2)
    assert (found.ra.tolist(), found.dec.tolist()) == (pytest.approx([TARGET[0]]), pytest.approx([TARGET[1]]))
    assert found.radius.tolist() == pytest.approx([2 / 3600])


def test_names_lines_and_radii_are_kept() -> None:
    found = read_positions(b"id,ra,dec,radius\n a,1,2,30\n\nb,3,4,\n", 0.5, "arcmin")
    assert found.line.tolist() == [2, 4] and found.name == ("a", "b")
    assert found.radius.tolist() == pytest.approx([0.5, 0.5 / 60])


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("", "positions.empty", ""),
        ("# nothing\n", "positions.empty", ""),
        (
            "1 2\n3 95\nx y\n4 5 -1",
            "positions.rows",
            "3 of 4 lines of the list are no positions; lines 2 (dec: 95), 3",
        ),
        ("1 2\n=cmd|' /C calc'!A0 4", "positions.rows", "2 ("),
        ("foo,bar\n1,2", "positions.header", "foo,bar"),
        ("<html><body>no</body></html>", "positions.header", "<html>"),
        (b"SIMPLE  =\0\0\xff\xfe", "positions.unreadable", "UTF-8"),
        (b"PK\x03\x04\xff\xff", "positions.unreadable", "UTF-8"),
        ("1 2\n" + "9" * 5000, "positions.long_line", "line 2"),
        ("24:00:01 1", "positions.rows", "ra: 24:00:01"),
        ("12:60:00 1", "positions.rows", "ra: 12:60:00"),
        ("nan 1\n1 2", "positions.rows", "1 (ra: nan"),
    ],
)
def test_wrong_lists_are_told(content: str | bytes, code: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_positions(content, 2)
    assert caught.value.code == code and told in caught.value.message


def test_limits_are_named() -> None:
    assert len(read_positions("1 2\n" * MOST_ROWS, 2)) == MOST_ROWS
    for content in ("1 2\n" * (MOST_ROWS + 1), "1 2\n" * 10**6, b"\n" * 3_000_000):
        with pytest.raises(LimitError, match="10000 positions"):
            read_positions(content, 2)
    for radius, unit in ((0, "arcsec"), (3601, "arcsec"), (float("nan"), "deg")):
        with pytest.raises(UsageError, match="at most 1 degrees"):
            read_positions("1 2", radius, unit)
    with pytest.raises(UsageError, match="arcsec, arcmin or deg"):
        read_positions("1 2", 1, "pc")


@settings(max_examples=80)
@given(st.floats(0, 359.99), st.floats(-89.99, 89.99), st.sampled_from([":", " ", "hms"]))
def test_sexagesimal_is_what_astropy_reads(ra: float, dec: float, separator: str) -> None:
    hours = Angle(ra, u.deg).to_string(
        unit=u.hour, sep="fromunit" if separator == "hms" else separator, precision=6
    )
    degrees = Angle(dec, u.deg).to_string(
        unit=u.deg, sep="fromunit" if separator == "hms" else separator, precision=5, alwayssign=True
    )
    assert right_ascension(hours) == pytest.approx(Angle(hours, u.hour).deg % 360, abs=1e-10)
    assert declination(degrees) == pytest.approx(Angle(degrees, u.deg).deg, abs=1e-10)
