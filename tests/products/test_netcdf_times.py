"""Times of netCDF files as CF writes them: units, zones and calendars."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest
from astropy.time import Time

from tianku.model.errors import UsageError
from tianku.products.readers.series_netcdf import described


def _file(units: str, **attributes: str) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        time = file.create_dataset("time", data=np.array([0.0, 1.5]))
        time.attrs["units"] = units
        time.attrs.update(attributes)
        time.make_scale("time")
        flux = file.create_dataset("flux", data=np.array([1.0, 2.0]))
        flux.dims[0].attach_scale(time)
    return out.getvalue()


@pytest.mark.parametrize(
    "units,first",
    [
        ("seconds since 1992-10-08", "1992-10-08T00:00:00"),
        ("seconds since 1992-10-8 15:15:42.5 -6:00", "1992-10-08T21:15:42.5"),
        ("days since 2000-01-01 08:00:00 +0800", "2000-01-01T00:00:00"),
        ("hours since 2000-01-01T05:30 +5:30", "2000-01-01T00:00:00"),
        ("minutes since 2000-01-01 12:00 -3", "2000-01-01T15:00:00"),
        ("ms since 2000-01-01 12:00:00 UTC", "2000-01-01T12:00:00"),
        ("ms since 2000-01-01T12:00:00Z", "2000-01-01T12:00:00"),
    ],
)
def test_times_count_from_the_instant_that_is_meant(units: str, first: str) -> None:
    (flux,) = described(_file(units)).variables
    assert flux.times[0] == pytest.approx(Time(first).mjd, abs=1e-9)


@pytest.mark.parametrize(
    "units,calendar",
    [("days since 2000-01-01", "360_day"), ("days since 2000-01-01", "noleap"), ("days since 2000-01-01 EST", "")],
)
def test_times_that_would_be_wrong_are_refused(units: str, calendar: str) -> None:
    with pytest.raises(UsageError) as caught:
        described(_file(units, **({"calendar": calendar} if calendar else {})))
    assert caught.value.code == "timeseries.no_time"
