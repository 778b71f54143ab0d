"""The simulated release on disk: spectra by night and plate, catalogues beside them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tianku.products.fits_write import Card, primary, row_table
from tianku.products.simulate import rows
from tianku.products.simulate.headers import LABEL
from tianku.products.simulate.lrs import LowResolution, lrs_file, simulate_lrs
from tianku.products.simulate.mrs import MediumResolution, mrs_file, simulate_mrs
from tianku.products.simulate.observe import Observation
from tianku.products.simulate.targets import FIELDS, Plate, Target, make_targets

#: columns whose values need 64 bits
_LONG = frozenset({"obsid", "gp_id", "ps_id", "lmjm"})
#: a star of the medium-resolution plate is a binary: its velocities (km/s) on the three nights
_ORBIT = (38.0, -24.0, 9.0)


def simulate_release(out: Path, n_lrs: int = 120, seed: int = 1) -> None:
    """Write a labelled, simulated LAMOST release in DR10 v2.0 format under `out`.

    Parameters
    ----------
    n_lrs
        Number of low-resolution spectra; from 40 on every class and spectral type is there.
    seed
        Equal seeds give equal bytes.
    """
    rng = np.random.default_rng(seed)
    low = [simulate_lrs(o, rng) for o in _low_observations(n_lrs, rng)]
    for spectrum in low:
        observation = spectrum.observation
        _write(out / "spectra" / _folder(observation) / f"{observation.filename}.gz", lrs_file(spectrum))
    medium = _medium(rng)
    for exposure in medium:
        _write(out / "med-spectra" / _folder(exposure.observation) / f"{exposure.filename}.gz", mrs_file(exposure))
    _catalogues(out / "catalogues", low, medium, rng)
    (out / "SIMULATED.txt").write_text(f"{LABEL}. Seed {seed}.\n", "utf-8")


def _folder(observation: Observation) -> str:
    return f"{observation.plate.lmjd}/{observation.plate.planid}"


def _low_observations(count: int, rng: np.random.Generator) -> list[Observation]:
    """Return `count` observations; a tenth are second visits of stars, on the field's second night."""
    visits = count // 10
    first = make_targets(count - visits, rng)
    plates = [(_low_plate(i, 0), _low_plate(i, 1)) for i in range(len(FIELDS))]
    made = [_fibre(target, plates[field][0], n) for n, (field, target) in enumerate(first)]
    again = [(field, target) for field, target in first if target.kind in ("star", "cv")][:visits]
    return made + [_fibre(target, plates[field][1], n) for n, (field, target) in enumerate(again)]


def _fibre(target: Target, plate: Plate, number: int) -> Observation:
    """Spread targets over spectrographs and fibres without repeats (37 and 250 share no factor)."""
    return Observation(target, plate, 1 + number % 16, 1 + number * 37 % 250)


def _low_plate(field: int, visit: int) -> Plate:
    ra, dec = FIELDS[field]
    night = 58_800 + 31 * field + 63 * visit
    first = (night - 1) * 1440 + 21 * 60 + 12 + 95 * field
    name = f"SIM{ra * 10:04.0f}N{dec * 10:03.0f}B{visit + 1:02d}"
    return Plate(9001 + field + 10 * visit, name, night, ra, dec, (first, first + 27, first + 54), 1500.0)


def _medium(rng: np.random.Generator) -> list[MediumResolution]:
    """Return three stars on three nights; the first is a binary."""
    ra, dec = FIELDS[1]
    stars = [t for f, t in make_targets(60, rng) if f == 1 and t.kind == "star" and 4500 < t.teff < 7000][:3]
    made: list[MediumResolution] = []
    for night in range(3):
        lmjd = 58_850 + 2 * night
        first = (lmjd - 1) * 1440 + 20 * 60 + 5 + 17 * night
        plate = Plate(
            9101 + night, f"SIMTD{ra * 10:04.0f}N{dec * 10:03.0f}K01", lmjd, ra, dec, (first, first + 23), 1200.0
        )
        for number, target in enumerate(stars):
            bright = replace(target, mag_g=11.5 + 0.6 * number, vsini=8.0)
            made.append(simulate_mrs(_fibre(bright, plate, 3 + 5 * number), _ORBIT[night] * (number == 0), rng))
    return made


def _catalogues(
    folder: Path, low: Sequence[LowResolution], medium: Sequence[MediumResolution], rng: np.random.Generator
) -> None:
    kinds = {kind: [s for s in low if s.observation.target.kind == kind] for kind in ("star", "wd", "cv")}
    warm = [s for s in kinds["star"] if s.observation.target.subclass[0] in "AFGK"]
    plates = {s.observation.plate.number: s.observation.plate for s in low}
    nights = {s.observation.plate.number: s.observation.plate for s in medium}
    tables = {
        "LRS_catalogue": [rows.catalogue(s) for s in low],
        "LRS_stellar": [rows.parameters(s, rng) for s in warm],
        "LRS_wd": [rows.white_dwarf(s) for s in kinds["wd"]],
        "LRS_cv": [rows.cataclysmic(s) for s in kinds["cv"]],
        "LRS_mec": rows.epochs(low),
        "LRS_plan": [rows.plan(p, False) for p in plates.values()],
        "MRS_catalogue": [rows.medium(s, p, rng) for s in medium for p in s.parts],
        "MRS_mec": rows.medium_epochs(medium),
        "MRS_plan": [rows.plan(p, True) for p in nights.values()],
    }
    for name, table in tables.items():
        if table:
            _write(folder / f"dr10_v2.0_{name}.fits.gz", _table(name, table))
    _write(folder / "dr10_v2.0_LRS_catalogue.csv.gz", _csv(tables["LRS_catalogue"]))


def _table(name: str, table: Sequence[rows.Row]) -> bytes:
    cards: list[Card] = [("SIMULATE", True, "This file is simulated"), ("COMMENT", LABEL, "")]
    columns = {column: _column(column, [row[column] for row in table]) for column in table[0]}
    return primary(cards) + row_table(name, columns, cards)


def _column(name: str, values: list[object]) -> np.ndarray:
    if isinstance(values[0], str):
        return np.array([str(v).encode() for v in values], dtype="S")
    if isinstance(values[0], float):
        return np.array(values, dtype=np.float64)
    return np.array(values, dtype=np.int64 if name in _LONG else np.int32)


def _csv(table: Sequence[rows.Row]) -> bytes:
    lines = ["|".join(table[0])] + ["|".join(str(v) for v in row.values()) for row in table]
    return ("\n".join(lines) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    """Compress without name and time, so that equal content is an equal file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, compresslevel=1, mtime=0))


__all__ = ["simulate_release"]
