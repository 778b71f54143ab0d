"""When images were taken, in the dialects of their headers."""

from __future__ import annotations

import pytest
from astropy.time import Time

from tianku.products.readers.image_times import taken

START = "2015-11-12T03:58:54.131"
CASES = {
    "ISO": {"DATE-OBS": START},
    "ISO with zone letter": {"DATE_OBS": START + "Z"},
    "date and time apart": {"DATE-OBS": "2015-11-12", "TIME-OBS": "03:58:54.131"},
    "universal time under its old name": {"DATE-OBS": "2015/11/12", "UT": " 3:58:54.131"},
    "before 2000": {"DATE-OBS": "12/11/2015", "UT": "03:58:54.131"},
    "MJD where the date has no time": {"DATE-OBS": "2015-11-12", "MJD-OBS": Time(START).mjd},
    "MJD alone": {"MJD-OBS": Time(START).mjd},
    "start over other dates": {"DATE-BEG": START, "DATE-OBS": "2015-11-12T05:00:00"},
    "middle and exposure": {"DATE-AVG": "2015-11-12T03:59:44.131", "EXPTIME": 100.0},
    "atomic time": {"DATE-OBS": Time(START).tai.isot, "TIMESYS": "TAI"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_start_is_a_utc_modified_julian_date(case: str) -> None:
    found = taken(CASES[case])
    assert found.t_min is not None
    assert abs(found.t_min - Time(START).mjd) * 86400 < 1e-3


def test_the_end_is_told_or_follows_from_the_exposure() -> None:
    told = taken({"DATE-OBS": START, "DATE-END": "2015-11-12T04:00:54.131", "EXPTIME": 100.0})
    assert (told.t_max - told.t_min) * 86400 == pytest.approx(120, abs=1e-3)  # type: ignore[operator]
    made = taken({"DATE-OBS": START, "EXPTIME": "53.9"})
    assert (made.t_max - made.t_min) * 86400 == pytest.approx(53.9, abs=1e-3)  # type: ignore[operator]
    assert made.exposure == 53.9


def test_a_date_without_a_time_is_its_whole_day() -> None:
    found = taken({"DATE-OBS": "2000-09-27"})
    assert (found.t_min, found.t_max, found.notes) == (51814.0, 51815.0, ("time.date_only",))
    century = taken({"DATE-OBS": "05/04/87"})
    assert century.t_min == Time("1987-04-05").mjd


@pytest.mark.parametrize("said", ["", "0000-00-00T00:00:00", "31/02/99", "not a date", "9999-99-99", "1e9"])
def test_what_is_no_date_is_no_date(said: str) -> None:
    found = taken({"DATE-OBS": said, "EXPTIME": -5.0})
    assert found.t_min is None and found.exposure is None and found.notes
