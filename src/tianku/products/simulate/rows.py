"""Rows of the simulated catalogues, consistent with the spectra; column names are those of DR10 v2.0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tianku.products.simulate.headers import instant
from tianku.products.simulate.lrs import LowResolution
from tianku.products.simulate.mrs import MediumPart, MediumResolution
from tianku.products.simulate.observe import Observation
from tianku.products.simulate.targets import Plate

Row = dict[str, Any]
NULL = -9999
_SPEED = 299_792.458


def lrs_row(spectrum: LowResolution) -> Row:
    """Return the columns that every low-resolution table begins with."""
    observation = spectrum.observation
    target = observation.target
    magnitudes = {f"mag_ps_{band}": float(NULL) for band in "grizy"} | {"mag_ps_g": round(target.mag_g, 3)}
    return {
        **_identity(observation),
        "ra_obs": target.ra,
        "dec_obs": target.dec,
        **{f"snr{band}": value for band, value in spectrum.snr.items()},
        "class": target.class_,
        "subclass": target.subclass,
        "z": round(spectrum.z, 8),
        "z_err": spectrum.z_err,
        "ps_id": NULL,
        **magnitudes,
        "gaia_source_id": "",
        "gaia_g_mean_mag": float(NULL),
        **_fibre(observation),
    }


def _identity(observation: Observation) -> Row:
    plate, target = observation.plate, observation.target
    return {
        "obsid": observation.obsid,
        "uid": target.uid,
        "gp_id": NULL,
        "designation": target.designation,
        "obsdate": _date(plate),
        "lmjd": plate.lmjd,
        "mjd": int(plate.start - 8 / 24),
        "planid": plate.planid,
        "spid": observation.spid,
        "fiberid": observation.fiberid,
    }


def _fibre(observation: Observation) -> Row:
    target = observation.target
    kind = "Sky" if target.kind == "sky" else "Obj"
    return {"fibertype": kind, "offsets": 0, "offsets_v": 0.0, "ra": target.ra, "dec": target.dec}


def _date(plate: Plate) -> str:
    return instant((plate.start + plate.end) / 2 - 8 / 24)[:10]


def catalogue(spectrum: LowResolution) -> Row:
    """Return a row of the general catalogue."""
    return {**lrs_row(spectrum), "fibermask": 0, "with_norm_flux": 1}


def parameters(spectrum: LowResolution, rng: np.random.Generator) -> Row:
    """Return a row of the table of A, F, G and K stars; some abundances are missing, as in the real one."""
    target = spectrum.observation.target
    scale = 10.0 / max(10.0, spectrum.snr["g"])
    missing = rng.random() < 0.2
    return {
        **lrs_row(spectrum),
        "teff": round(target.teff + rng.normal(0, 40 * scale), 2),
        "teff_err": round(60 * scale, 2),
        "logg": round(target.logg + rng.normal(0, 0.06 * scale), 3),
        "logg_err": round(0.08 * scale, 3),
        "feh": round(target.feh + rng.normal(0, 0.05 * scale), 3),
        "feh_err": round(0.06 * scale, 3),
        "rv": round(target.z * _SPEED + rng.normal(0, 3 * scale), 2),
        "rv_err": round(5 * scale, 2),
        "alpha_m": float(NULL) if missing else round(float(rng.normal(0.1, 0.08)), 3),
        "alpha_m_err": float(NULL) if missing else round(0.05 * scale, 3),
        "vsini_lasp": round(target.vsini, 1) if target.vsini > 30 else float(NULL),
    }


def white_dwarf(spectrum: LowResolution) -> Row:
    """Return a row of the table of white dwarfs."""
    target = spectrum.observation.target
    measured = {"teff": round(target.teff, 1), "teff_err": 300.0, "logg": round(target.logg, 3), "logg_err": 0.08}
    return {**lrs_row(spectrum), "wd_subclass": "DB" if target.teff > 21_000 else "DA", **measured}


def cataclysmic(spectrum: LowResolution) -> Row:
    """Return a row of the table of cataclysmic variables."""
    values = {
        "subtype": "DN",
        "period": float(NULL),
        "r": NULL,
        "abs_gmag": float(NULL),
        "abs_gmag_err": float(NULL),
    }
    return {**lrs_row(spectrum), **values}


def medium(spectrum: MediumResolution, part: MediumPart, rng: np.random.Generator) -> Row:
    """Return a row of the medium-resolution catalogue: one part of one file, with its velocity."""
    observation, target = spectrum.observation, spectrum.observation.target
    measured = {"b": part.band == "B", "r": part.band == "R", "br": part.minute is None}
    velocities: Row = {}
    for name, has in measured.items():
        value = round(float(spectrum.velocity + rng.normal(0, 0.9)), 2) if has else float(NULL)
        velocities |= {f"rv_{name}0": value, f"rv_{name}0_err": 0.9 if has else float(NULL)}
        velocities |= {
            f"rv_{name}1": value,
            f"rv_{name}1_err": 1.1 if has else float(NULL),
            f"rv_{name}_flag": int(has),
        }
    lasp = round(float(spectrum.velocity + rng.normal(0, 0.7)), 2) if part.minute is None else float(NULL)
    velocities |= {"rv_lasp0": lasp, "rv_lasp0_err": 0.8, "rv_lasp1": lasp, "rv_lasp1_err": 1.0}
    return {
        "mobsid": f"{observation.obsid}_{part.name}",
        **_identity(observation),
        "lmjm": part.minute or observation.plate.minutes[0],
        "band": part.band,
        "ra_obs": target.ra,
        "dec_obs": target.dec,
        "snr": round(part.observed.snr, 2),
        "gaia_source_id": "",
        **{f"gaia_{band}_mean_mag": float(NULL) for band in ("g", "bp", "rp")},
        **_fibre(observation),
        **velocities,
        "coadd": int(part.minute is None),
        "fibermask": 0,
        "bad_b": 0,
        "bad_r": 0,
        "moon_angle": float(NULL),
        "lunardate": NULL,
        "moon_flg": "0",
        "subproject": "SIM",
    }


def epochs(spectra: Iterable[LowResolution]) -> list[Row]:
    """Return the table of sources seen more than once, with their observations joined by ``-``."""
    grouped: dict[str, list[LowResolution]] = {}
    for spectrum in spectra:
        grouped.setdefault(spectrum.observation.target.uid, []).append(spectrum)
    return [_epochs(uid, found) for uid, found in grouped.items() if len(found) > 1]


def _epochs(uid: str, found: Sequence[LowResolution]) -> Row:
    target = found[0].observation.target
    plates = [s.observation.plate for s in found]
    speed = [f"{s.z * _SPEED:.2f}" if s.z > NULL else str(NULL) for s in found]

    def repeated(value: float) -> str:
        return ",".join([f"{value:.3f}" if np.isfinite(value) else str(NULL)] * len(found))

    return {
        "uid": uid,
        "ura": target.ra,
        "udec": target.dec,
        "gp_id": NULL,
        "obs_number": len(found),
        "obsid_list": "-".join(str(s.observation.obsid) for s in found),
        "midmjm_list": "-".join(str((p.minutes[0] + p.minutes[-1]) // 2) for p in plates),
        "z_list": ",".join(f"{s.z:.8f}" for s in found),
        "teff_list": repeated(target.teff),
        "logg_list": repeated(target.logg),
        "feh_list": repeated(target.feh),
        "rv_list": ",".join(speed),
        "gaia_vari_type_sos": "",
    }


def medium_epochs(spectra: Iterable[MediumResolution]) -> list[Row]:
    """Return the medium-resolution table of sources seen more than once."""
    grouped: dict[str, list[MediumResolution]] = {}
    for spectrum in spectra:
        grouped.setdefault(spectrum.observation.target.uid, []).append(spectrum)
    return [_medium_epochs(uid, found) for uid, found in grouped.items() if len(found) > 1]


def _medium_epochs(uid: str, found: Sequence[MediumResolution]) -> Row:
    target = found[0].observation.target
    minutes = [(s.velocity, m) for s in found for m in s.observation.plate.minutes]
    speeds = ",".join(f"{speed:.2f}" for speed, _ in minutes)

    def each(value: float) -> str:
        return ",".join([f"{value:.3f}"] * len(found))

    return {
        "uid": uid,
        "ura": target.ra,
        "udec": target.dec,
        "gp_id": NULL,
        "obs_number": len(found),
        "obsid_list": "-".join(str(s.observation.obsid) for s in found),
        "teff_lasp_list": each(target.teff),
        "logg_lasp_list": each(target.logg),
        "feh_lasp_list": each(target.feh),
        "exp_number": len(minutes),
        "lmjm_list": "-".join(str(minute) for _, minute in minutes),
        **{f"rv_{band}{n}_list": speeds for band in ("b", "r", "br") for n in (0, 1)},
        "gaia_vari_type_sos": "",
    }


def plan(plate: Plate, medium_resolution: bool) -> Row:
    """Return a row of the table of plans."""
    minutes = "-".join(str(m) for m in plate.minutes)
    return {
        "pid": plate.number,
        "obsdate": _date(plate),
        "planid": plate.planid,
        "ra": plate.ra,
        "dec": plate.dec,
        "mag": float(NULL),
        "seeing": 3.1,
        "exptime": f"{plate.exptime:.0f}*{len(plate.minutes)}",
        **({"lmjm_list": minutes} if medium_resolution else {"lmjm": plate.minutes[0]}),
    }
