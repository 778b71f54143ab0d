"""Positions in every form and frame that sources use, against astropy."""

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import FK4, FK5, Angle, BarycentricMeanEcliptic, Galactic, SkyCoord
from astropy.time import Time

from tianku.catalogue.positions import add_positions, designation, plan_positions, sexagesimal
from tianku.model.config.table import PositionConfig

RANDOM = np.random.default_rng(11)
LON = RANDOM.uniform(0, 360, 300)
LAT = np.degrees(np.arcsin(RANDOM.uniform(-1, 1, 300)))
YEARS = RANDOM.uniform(1900, 1990, 300)


def placed(said, columns, refused=None):
    """The ICRS position that a configuration makes of columns."""
    [plan] = plan_positions([PositionConfig.model_validate({"ra": "lon", "dec": "lat"} | said)], list(columns))
    made = {n: pa.array(v) for n, v in columns.items()}
    marks = [] if refused is None else refused
    add_positions([plan], made, lambda bad, reason, values: marks.append(np.flatnonzero(bad).tolist()))
    if refused:
        return None
    return SkyCoord(made[plan.ra].to_numpy(False) * u.deg, made[plan.dec].to_numpy(False) * u.deg)


@pytest.mark.parametrize(
    ("said", "frame"),
    [
        ({"frame": "FK4"}, FK4(equinox="B1950")),
        ({"frame": "FK4", "equinox": "B1900"}, FK4(equinox="B1900")),
        ({"frame": "FK4", "epoch": 1983.5}, FK4(equinox="B1950", obstime=Time(1983.5, format="jyear"))),
        ({"frame": "FK4", "epoch": "year"}, FK4(equinox="B1950", obstime=Time(YEARS, format="jyear"))),
        ({"frame": "FK5", "equinox": "J1975"}, FK5(equinox="J1975")),
        ({"frame": "GALACTIC"}, Galactic()),
        ({"frame": "ECLIPTIC"}, BarycentricMeanEcliptic(equinox="J2000")),
        ({"frame": "ECLIPTIC", "equinox": "B1950"}, BarycentricMeanEcliptic(equinox="B1950")),
    ],
)
def test_frames_equal_astropy(said, frame):
    expected = SkyCoord(LON * u.deg, LAT * u.deg, frame=frame).icrs
    ours = placed(said, {"lon": LON, "lat": LAT, "year": YEARS})
    assert ours.separation(expected).max() < 1e-9 * u.arcsec


def test_fk4_names_and_hours():
    expected = SkyCoord("05h11m48s", "-12d30m00s", frame=FK4(equinox="B1950")).icrs
    said = {"frame": "FK4", "equinox": "B1950", "format": "sexagesimal"}
    assert placed(said, {"lon": ["05:11:48"], "lat": ["-12 30 00"]}).separation(expected)[0] < 1e-9 * u.arcsec
    hours = placed({"format": "hours"}, {"lon": LON / 15, "lat": LAT})
    assert hours.separation(SkyCoord(LON * u.deg, LAT * u.deg)).max() < 1e-9 * u.arcsec


def test_sexagesimal_equals_astropy():
    texts = [
        Angle(v, u.deg).to_string(sep=sep, precision=4, pad=True) for v in LAT[:50] for sep in (":", " ", "dms")
    ]
    expected = Angle(texts, u.deg).deg
    assert np.abs(sexagesimal(pa.array(texts)) - expected).max() < 1e-12
    odd = {
        "-00:00:36": -0.01,
        "−1 30": -1.5,
        "12:59:60.0": 13.0,
        "7": 7.0,
        "1 30 .36": 1.5001,
        "05h11m48s": 5 + 11.8 / 60,
    }
    assert np.abs(sexagesimal(pa.array(list(odd))) - list(odd.values())).max() < 1e-12
    assert np.isnan(sexagesimal(pa.array(["x", "", None, "1:61:00", "1:00:61", "1:2:3:4"]))).all()


def test_designations():
    names = {
        "J063259.37+045622.5": ("06h32m59.37s", "+04d56m22.5s"),
        "2MASS J06325937-0456225": ("06h32m59.37s", "-04d56m22.5s"),
        "LAMOST J000000.10-000000.1": ("0h0m0.1s", "-0d0m0.1s"),
        "B0632.5+0456": ("06h32m30s", "+04d56m"),
        "J0632−0456.5": ("06h32m", "-04d56m30s"),
    }
    lon, lat = designation(pa.array(list(names)))
    expected = SkyCoord([n[0] for n in names.values()], [n[1] for n in names.values()])
    assert SkyCoord(lon * u.deg, lat * u.deg).separation(expected).max() < 1e-9 * u.arcsec
    bad = ["J253259+045622", "J066059+045622", "J0632+04", "M 31", "", None, "J063259+955622", "1063259+045622"]
    assert np.isnan(designation(pa.array(bad))[0]).all()


def test_what_is_off_the_sphere_is_refused_in_every_form():
    for said, lon, lat in [
        ({"frame": "GALACTIC"}, [10.0, 400.0, 10.0, None], [5.0, 5.0, -91.0, None]),
        ({"format": "sexagesimal"}, ["1 2 3", "25 00 00", "1 2 x", None], ["1 2 3", "1 2 3", "1 2 3", None]),
        ({"format": "hours"}, [1.0, 25.0, -1.0, None], [1.0, 1.0, 1.0, None]),
    ]:
        refused = []
        placed(said, {"lon": lon, "lat": lat}, refused)
        assert refused == [[1, 2]]
