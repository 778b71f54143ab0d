"""Spectra by independent means: files as astropy reads them, replies as the viewer does."""

from __future__ import annotations

import json
import re
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

Arrays = dict[str, np.ndarray]
_ROWS = {"flux": "flux", "inverse": "ivar", "wavelength": "wavelength", "andmask": "andmask", "ormask": "ormask"}


def truth(path: Path) -> dict[str, Arrays]:
    """Arrays of a LAMOST file by part and role."""
    with warnings.catch_warnings(), fits.open(path) as hdus:
        warnings.simplefilter("ignore")
        if hdus[0].header["NAXIS"] == 2:
            words = re.findall(r"\w+", hdus[0].header["EXTEN0"].lower())
            rows = {_ROWS[w]: np.array(row) for w, row in zip(words, hdus[0].data, strict=True) if w in _ROWS}
            if "wavelength" not in rows:
                c0, c1 = hdus[0].header["COEFF0"], hdus[0].header["COEFF1"]
                rows["wavelength"] = 10 ** (c0 + c1 * np.arange(len(rows["flux"])))
            return {"COADD": rows}
        return {h.name: _columns(h) for h in hdus[1:]}


def _columns(hdu: fits.BinTableHDU) -> Arrays:
    found = {name.lower(): np.atleast_1d(np.squeeze(hdu.data[name])) for name in hdu.columns.names}
    if "loglam" in found:
        found["wavelength"] = 10 ** found.pop("loglam").astype(np.float64)
    return found


def unwired(reply: bytes) -> tuple[dict[str, Any], list[Arrays]]:
    """Header and arrays of each part; masks by their own names."""
    assert reply[:4] == b"TKS1"
    (length,) = struct.unpack("<I", reply[4:8])
    header = json.loads(reply[8 : 8 + length])
    data = reply[-(-(8 + length) // 8) * 8 :]
    arrays = [
        {
            name.removeprefix("mask:"): np.frombuffer(data, "<" + c["dtype"], part["n"], c["offset"])
            for name, c in part["columns"].items()
        }
        for part in header["parts"]
    ]
    return header, arrays
