"""The objects of the simulated release: who is observed on which plate, by which fibre."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Plate:
    """One observation of a field: all times are local (UTC+8) minutes of the Modified Julian Date."""

    number: int  # first digits of OBSID
    planid: str
    lmjd: int  # date of the morning after
    ra: float
    dec: float
    minutes: tuple[int, ...]
    exptime: float  # of one exposure, s

    @property
    def start(self) -> float:
        """Start as local MJD."""
        return self.minutes[0] / 1440.0

    @property
    def end(self) -> float:
        """End as local MJD."""
        return self.minutes[-1] / 1440.0 + self.exptime / 86400.0


@dataclass(frozen=True, slots=True)
class Target:
    """One object; `teff` NaN where it has none. `z` includes the radial velocity."""

    kind: str  # star, wd, cv, galaxy, qso, sky, unknown
    subclass: str
    ra: float
    dec: float
    mag_g: float
    teff: float = float("nan")
    logg: float = float("nan")
    feh: float = float("nan")
    z: float = 0.0
    vsini: float = 0.0
    starforming: float = 0.0

    @property
    def class_(self) -> str:
        """CLASS as the pipeline writes it."""
        return {"star": "STAR", "wd": "STAR", "cv": "STAR", "galaxy": "GALAXY", "qso": "QSO"}.get(
            self.kind, "Unknown"
        )

    @property
    def designation(self) -> str:
        """``J091219.42+275336.4``: the position, cut, not rounded."""
        tenths, cents = int(abs(self.dec) * 36_000 + 1e-6), int(self.ra / 15 * 360_000 + 1e-6)
        h, m, s = cents // 360_000, cents // 6000 % 60, cents % 6000 / 100
        d, n, t = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
        return f"J{h:02d}{m:02d}{s:05.2f}{'-' if self.dec < 0 else '+'}{d:02d}{n:02d}{t:04.1f}"

    @property
    def uid(self) -> str:
        """One identifier for all observations of a position."""
        return f"S{int(self.ra * 1e5):08d}{int((self.dec + 90) * 1e5):08d}"


#: fields inside the footprint: the anticentre, the Pleiades, the north Galactic cap
FIELDS = ((138.2, 27.5), (56.9, 24.1), (204.6, 28.3))
#: spectral type -> effective temperature of its class 0 and of the next class's 0
_CLASSES = {
    "O": (44_000, 30_500),
    "B": (30_500, 9_900),
    "A": (9_900, 7_300),
    "F": (7_300, 5_950),
    "G": (5_950, 5_250),
    "K": (5_250, 3_900),
    "M": (3_900, 2_500),
}
_STARS = ("F", "G", "K", "A", "G", "K", "F", "M", "B", "K", "G", "M", "F", "A", "O", "M")
_OTHERS = ("galaxy", "qso", "wd", "galaxy", "cv", "sky", "unknown", "qso")


def make_targets(count: int, rng: np.random.Generator) -> list[tuple[int, Target]]:
    """Return `count` (field, target) pairs; every kind and every spectral class is among the first 40."""
    made: list[tuple[int, Target]] = []
    for number in range(count):
        field = number % len(FIELDS)
        place = _place(FIELDS[field], rng)
        if number % 3 == 2:
            target = _other(_OTHERS[number // 3 % len(_OTHERS)], place, rng)
        else:
            target = _star(_STARS[(number - number // 3) % len(_STARS)], place, rng)
        made.append((field, target))
    return made


def _place(centre: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """A position within 2.3 degrees of the field's centre, uniform on the sky."""
    radius, angle = 2.3 * np.sqrt(rng.random()), 2 * np.pi * rng.random()
    dec = centre[1] + radius * np.sin(angle)
    ra = centre[0] + radius * np.cos(angle) / np.cos(np.radians(dec))
    return round(float(ra % 360), 6), round(float(dec), 6)


def _star(letter: str, place: tuple[float, float], rng: np.random.Generator) -> Target:
    digit = int(rng.integers(4 if letter == "O" else 0, 8 if letter == "M" else 10))
    hot, cool = _CLASSES[letter]
    teff = hot + (cool - hot) * digit / 10
    giant = letter in "GKM" and rng.random() < 0.3
    logg = rng.normal(2.4, 0.3) if giant else rng.normal(4.3, 0.2)
    subclass = {"M": f"{'gM' if giant else 'dM'}{digit}", "A": f"A{digit}V", "O": "O"}.get(
        letter, f"{letter}{digit}"
    )
    return Target(
        "star",
        subclass,
        *place,
        mag_g=float(rng.uniform(12.5, 17.5)),
        teff=float(teff + rng.normal(0, 25)),
        logg=float(logg),
        feh=float(np.clip(rng.normal(-0.25, 0.3), -2.0, 0.4)),
        z=float(rng.normal(0, 40) / 299_792.458),
        vsini=float(rng.gamma(2, 45) if letter in "OBA" else rng.gamma(2, 4)),
    )


def _other(kind: str, place: tuple[float, float], rng: np.random.Generator) -> Target:
    target = Target(kind, "Non", *place, mag_g=float(rng.uniform(15.5, 18.2)))
    speed = float(rng.normal(0, 40) / 299_792.458)
    if kind == "galaxy":
        redshift, starforming = float(rng.uniform(0.02, 0.22)), float(max(0.0, rng.normal(0.5, 0.4)))
        return replace(target, z=redshift, starforming=starforming)
    if kind == "qso":
        return replace(target, z=float(rng.uniform(0.3, 2.9)))
    if kind == "wd":
        teff = float(rng.uniform(11_000, 26_000))
        return replace(target, subclass="WD", z=speed, teff=teff, logg=float(rng.normal(8.0, 0.1)))
    return replace(target, subclass="CV", z=speed) if kind == "cv" else target
