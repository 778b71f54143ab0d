"""The columns of an answer (SIA 1.0, 4.2): UCD1 words, and where each comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType

#: ObsCore columns that an answer is made of
ASKED: tuple[str, ...] = (
    "obs_publisher_did", "obs_id", "obs_collection", "obs_title", "target_name", "facility_name",
    "instrument_name", "s_ra", "s_dec", "s_fov", "s_region", "s_pixel_scale", "s_xel1", "s_xel2", "t_min",
    "t_max", "t_exptime", "em_min", "em_max", "access_estsize", "calib_level", "data_rights", "obs_release_date",
)  # fmt: skip
#: columns by name: those of ObsCore, and what the format says (`tianku.vo.sia1.answer`)
Rows = Mapping[str, pa.Array]
Made = str | Callable[[Rows], pa.Array]


@dataclass(frozen=True, slots=True)
class Sia1Column:
    """A column of an answer, how it is made, and the least VERB that has it."""

    column: Column
    made: Made
    verbosity: int

    def of(self, rows: Rows) -> pa.Array:
        """Return its values."""
        return rows[self.made] if isinstance(self.made, str) else self.made(rows)


def _title(rows: Rows) -> pa.Array:
    return pc.coalesce(rows["obs_title"], pc.binary_join_element_wise(rows["obs_collection"], rows["obs_id"], " "))


def _middle(low: str, high: str) -> Callable[[Rows], pa.Array]:
    return lambda rows: pc.divide(pc.add(rows[low], rows[high]), 2.0)


def _axes(rows: Rows) -> pa.Array:
    return pa.repeat(pa.scalar(2, pa.int32()), len(rows["obs_id"]))


def _lengths(rows: Rows) -> pa.Array:
    pairs = [pc.fill_null(rows[name], 0).to_numpy() for name in ("s_xel1", "s_xel2")]
    return pa.FixedSizeListArray.from_arrays(pa.array(np.column_stack(pairs).ravel(), pa.int32()), 2)


def _scales(rows: Rows) -> pa.Array:
    """Degrees per pixel; right ascension grows to the left."""
    scale = pc.fill_null(rows["s_pixel_scale"], np.nan).to_numpy(zero_copy_only=False) / 3600.0
    return pa.FixedSizeListArray.from_arrays(pa.array(np.column_stack([-scale, scale]).ravel()), 2)


def _bytes(rows: Rows) -> pa.Array:
    return pc.multiply(rows["size"], 1024)


def _constant(text: str) -> Callable[[Rows], pa.Array]:
    return lambda rows: pa.repeat(text, len(rows["obs_id"]))


_S, _D, _I, _L, _T = DataType.STRING, DataType.FLOAT64, DataType.INT32, DataType.INT64, DataType.TIMESTAMP
#: name, UCD1, unit, type, arraysize, how made, least VERB, description
_SAID: tuple[tuple[str, str | None, str | None, DataType, str | None, Made, int, str], ...] = (
    ("title", "VOX:Image_Title", None, _S, None, _title, 0, "title"),
    ("reference", "VOX:Image_AccessReference", None, _S, None, "reference", 0, "where the image is"),
    ("format", "VOX:Image_Format", None, _S, None, "format", 0, "media type of the image"),
    ("ra", "POS_EQ_RA_MAIN", "deg", _D, None, "s_ra", 0, "right ascension of the centre (ICRS)"),
    ("dec", "POS_EQ_DEC_MAIN", "deg", _D, None, "s_dec", 0, "declination of the centre (ICRS)"),
    ("naxes", "VOX:Image_Naxes", None, _I, None, _axes, 0, "number of axes of the image"),
    ("naxis", "VOX:Image_Naxis", "pix", _I, "2", _lengths, 0, "lengths of the axes"),
    ("scale", "VOX:Image_Scale", "deg/pix", _D, "2", _scales, 0, "scale of the axes"),
    ("instrument", "INST_ID", None, _S, None, "instrument_name", 1, "instrument"),
    ("mjd", "VOX:Image_MJDateObs", "d", _D, None, _middle("t_min", "t_max"), 1, "middle of the exposure (MJD)"),
    ("frame", "VOX:STC_CoordRefFrame", None, _S, None, _constant("ICRS"), 1, "reference frame"),
    ("pixflags", "VOX:Image_PixFlags", None, _S, None, "pixels", 1, "F: pixels as published, V: for looking at"),
    ("band", "VOX:BandPass_RefValue", "m", _D, None, _middle("em_min", "em_max"), 1, "middle of the band"),
    ("band_low", "VOX:BandPass_LoLimit", "m", _D, None, "em_min", 1, "shortest wavelength"),
    ("band_high", "VOX:BandPass_HiLimit", "m", _D, None, "em_max", 1, "longest wavelength"),
    ("band_unit", "VOX:BandPass_Unit", None, _S, None, _constant("m"), 1, "unit of the band's limits"),
    ("size", "VOX:Image_FileSize", "byte", _L, None, _bytes, 1, "size of the file, where there is one"),
    ("obs_publisher_did", None, None, _S, None, "obs_publisher_did", 2, "publisher's identifier of the image"),
    ("obs_id", None, None, _S, None, "obs_id", 2, "key of the product in its set"),
    ("collection", None, None, _S, None, "obs_collection", 2, "data collection"),
    ("target", None, None, _S, None, "target_name", 2, "object observed"),
    ("facility", None, None, _S, None, "facility_name", 2, "telescope"),
    ("exposure", None, "s", _D, None, "t_exptime", 2, "exposure time"),
    ("rights", None, None, _S, None, "data_rights", 2, "public, secure or proprietary"),
    ("fov", None, "deg", _D, None, "s_fov", 3, "diameter of the region covered"),
    ("region", None, None, _S, None, "s_region", 3, "region covered (ICRS)"),
    ("t_min", None, "d", _D, None, "t_min", 3, "start (MJD, UTC)"),
    ("t_max", None, "d", _D, None, "t_max", 3, "end (MJD, UTC)"),
    ("calib_level", None, None, _I, None, "calib_level", 3, "calibration level, 0 to 4"),
    ("release_date", None, None, _T, None, "obs_release_date", 3, "when it becomes public (UTC)"),
)

COLUMNS: tuple[Sia1Column, ...] = tuple(
    Sia1Column(
        Column(name=name, type=kind, arraysize=size, unit=unit, ucd=ucd, description=Text(en=text)),
        made,
        verbosity,
    )
    for name, ucd, unit, kind, size, made, verbosity, text in _SAID
)


def columns(verbosity: int) -> tuple[Sia1Column, ...]:
    """Return the columns of an answer of some VERB."""
    return tuple(one for one in COLUMNS if one.verbosity <= verbosity)
