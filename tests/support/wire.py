"""Spectra as the viewer receives them, written independently of the code that serves them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
BITS = [
    {"bit": 1, "name": "BADTRACE", "description": {"en": "Bad trace", "zh": "抽谱失败"}},
    {"bit": 3, "name": "SKYLINE", "description": {"en": "Strong sky line", "zh": "强天光线"}},
]


def encode(header: dict[str, Any], parts: list[tuple[dict[str, Any], Arrays]]) -> bytes:
    """Lay out a reply: magic, header length, header, padding to 8 bytes, columns aligned to 8 bytes."""
    listed, data = [], bytearray()
    for facts, columns in parts:
        places = {}
        for name, values in columns.items():
            data += b"\0" * (-len(data) % 8)
            places[name] = {"offset": len(data), "dtype": values.dtype.str[1:]}
            data += values.astype(values.dtype.newbyteorder("<")).tobytes()
        listed.append({**facts, "n": len(columns["wavelength"]), "columns": places})
    text = json.dumps({**header, "parts": listed}, ensure_ascii=False).encode()
    head = b"TKS1" + len(text).to_bytes(4, "little") + text
    return head + b"\0" * (-len(head) % 8) + bytes(data)


def low_resolution(seed: int = 7) -> tuple[dict[str, Any], list[tuple[dict[str, Any], Arrays]]]:
    """A made-up galaxy at z = 0.0853: lines, noise, a gap of ivar 0 and masked sky lines."""
    rng = np.random.default_rng(seed)
    wave = 10 ** (3.5682 + 1e-4 * np.arange(3909))
    z = 0.0853
    flux = 60 * (wave / 6000) ** -0.4
    for rest, strength, width in ((6564.61, 90, 5), (6585.27, 35, 5), (5008.24, 45, 5), (3934.77, -22, 8)):
        flux += strength * np.exp(-0.5 * ((wave - rest * (1 + z)) / width) ** 2)
    ivar = np.full(wave.size, 0.12)
    ivar[1200:1215] = 0
    flux += rng.normal(0, 1, wave.size) / np.sqrt(0.12)
    flux[300] = np.nan
    mask = np.zeros(wave.size, dtype="i4")
    mask[1195:1220] |= 1 << 1
    mask[(wave > 5570) & (wave < 5590)] |= 1 << 3
    columns: Arrays = {
        "wavelength": wave,
        "flux": flux.astype("f4"),
        "ivar": ivar.astype("f4"),
        "normalized": (flux / 60).astype("f4"),
        "mask:andmask": mask,
    }
    facts = {"name": "COADD", "label": "LRS", "kind": "single", "band": "optical", "t_exptime": 4500.0}
    return _header("lrs-1", z, "10**-17erg.s**-1.cm**-2.Angstrom**-1", "relative"), [(facts, columns)]


def medium_resolution(seed: int = 9) -> tuple[dict[str, Any], list[tuple[dict[str, Any], Arrays]]]:
    """A made-up star in two arms, each with a combined spectrum and three exposures, in uncalibrated counts."""
    rng = np.random.default_rng(seed)
    parts = []
    for band, start, step in (("B", 4950.0, 0.11), ("R", 6300.0, 0.13)):
        wave = start + step * np.arange(3200)
        shape = 900 * np.exp(-(((wave - wave.mean()) / 400) ** 2))
        for rest in (5168.76, 5174.13, 5185.05, 6564.61):
            shape *= 1 - 0.45 * np.exp(-0.5 * ((wave - rest) / 0.8) ** 2)
        for index in range(4):
            error = 9.0 if index == 0 else 16.0
            columns: Arrays = {
                "wavelength": wave,
                "flux": (shape + rng.normal(0, error, wave.size)).astype("f4"),
                "ivar": np.full(wave.size, error**-2, dtype="f4"),
                "mask:pixmask": np.zeros(wave.size, dtype="i4"),
            }
            name = f"COADD_{band}" if index == 0 else f"{band}-8{index}"
            kind = "exposure" if index else "coadd"
            facts = {"name": name, "label": name, "kind": kind, "band": band, "t_exptime": 1200.0}
            parts.append((facts, columns))
    return _header("mrs-1", None, "count", "uncalibrated"), parts


def _header(name: str, z: float | None, unit: str, calibration: str) -> dict[str, Any]:
    return {
        "id": name,
        "title": f"J011959.85+285233.5 ({name})",
        "simulated": True,
        "flux": {"unit": unit, "calibration": calibration},
        "frame": "heliocentric, vacuum",
        "class": "GALAXY" if z else "STAR",
        "subclass": None,
        "z": z,
        "masks": {"andmask": BITS},
        "downloads": [{"format": name, "url": f"/download/{name}"} for name in ("fits", "csv", "votable")],
    }
