"""The columns of an answer (SSA 1.1, 4.2.5): names, utypes, UCDs, and where each comes from."""

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
    "obs_publisher_did", "obs_id", "obs_collection", "obs_title", "target_name", "target_class", "s_ra", "s_dec",
    "s_fov", "s_region", "s_resolution", "t_min", "t_max", "t_exptime", "em_min", "em_max", "em_res_power",
    "em_xel", "em_ucd", "o_ucd", "o_unit", "o_calib_status", "instrument_name", "access_estsize", "bib_reference",
    "data_rights", "obs_release_date",
)  # fmt: skip
#: columns by name: those of ObsCore, and what the format and the set say (`tianku.vo.ssa.answer`)
Rows = Mapping[str, pa.Array]
#: a column of `Rows`, or what is worked out from several
Made = str | Callable[[Rows], pa.Array]


@dataclass(frozen=True, slots=True)
class SsaColumn:
    """A column of an answer and how it is made."""

    column: Column
    made: Made

    def of(self, rows: Rows) -> pa.Array:
        """Return its values."""
        return rows[self.made] if isinstance(self.made, str) else self.made(rows)


def _title(rows: Rows) -> pa.Array:
    return pc.coalesce(rows["obs_title"], pc.binary_join_element_wise(rows["obs_collection"], rows["obs_id"], " "))


def _middle(low: str, high: str) -> Callable[[Rows], pa.Array]:
    return lambda rows: pc.divide(pc.add(rows[low], rows[high]), 2.0)


def _extent(rows: Rows) -> pa.Array:
    return pc.subtract(rows["em_max"], rows["em_min"])


def _resolution(rows: Rows) -> pa.Array:
    return pc.divide(_middle("em_min", "em_max")(rows), rows["em_res_power"])


def _location(rows: Rows) -> pa.Array:
    """Return shape (2,) arrays of right ascension and declination; NaN where there is no position."""
    pairs = [pc.fill_null(rows[name], np.nan).to_numpy(zero_copy_only=False) for name in ("s_ra", "s_dec")]
    return pa.FixedSizeListArray.from_arrays(pa.array(np.column_stack(pairs).ravel()), 2)


_S, _D, _I, _T = DataType.STRING, DataType.FLOAT64, DataType.INT64, DataType.TIMESTAMP
_WAVE, _TIME, _SKY = (f"Char.{axis}Axis" for axis in ("Spectral", "Time", "Spatial"))
_START, _STOP = "Coverage.Bounds.Start", "Coverage.Bounds.Stop"

#: name, utype without its prefix (None: for clients that look for UCDs), UCD, unit, type, how made, description
_SAID: tuple[tuple[str, str | None, str | None, str | None, DataType, Made, str], ...] = (
    ("access_reference", "Access.Reference", "meta.ref.url", None, _S, "reference", "where the spectrum is"),
    ("access_format", "Access.Format", "meta.code.mime", None, _S, "format", "media type of the spectrum"),
    ("access_size", "Access.Size", "phys.size;meta.file", "kbyte", _I, "size",
     "size of the file, where there is one"),
    ("association_type", "Association.Type", "meta.code", None, _S, "association", "what rows of one id are"),
    ("association_id", "Association.ID", "meta.id", None, _S, "obs_publisher_did",
     "the same for all formats of one spectrum"),
    ("association_key", "Association.Key", "meta.id", None, _S, "key", "tells the formats of one spectrum apart"),
    ("data_model", "Dataset.DataModel", None, None, _S, "model", "data model of the spectrum"),
    ("dataset_type", "Dataset.Type", "meta.code.class", None, _S, "type", "kind of data"),
    ("length", "Dataset.Length", "meta.number", None, _I, "em_xel", "points of the spectrum"),
    ("title", "DataID.Title", "meta.title;meta.dataset", None, _S, _title, "title"),
    ("creator", "DataID.Creator", "meta.curation", None, _S, "creator", "who made it"),
    ("collection", "DataID.Collection", "meta.id", None, _S, "obs_collection", "data collection"),
    ("dataset_id", "DataID.DatasetID", "meta.id;meta.dataset", None, _S, "obs_id",
     "key of the product in its set"),
    ("instrument", "DataID.Instrument", "meta.id;instr", None, _S, "instrument_name", "instrument"),
    ("data_source", "DataID.DataSource", "meta.code", None, _S, "source", "where the data come from"),
    ("creation_type", "DataID.CreationType", "meta.code", None, _S, "creation",
     "how the answer is made of the data"),
    ("publisher", "Curation.Publisher", "meta.curation", None, _S, "publisher", "who publishes it"),
    ("obs_publisher_did", "Curation.PublisherDID", "meta.ref.ivoid", None, _S, "obs_publisher_did",
     "publisher's identifier of the spectrum"),
    ("version", "Curation.Version", "meta.version;meta.curation", None, _S, "version", "release that it is of"),
    ("rights", "Curation.Rights", "meta.code", None, _S, "data_rights", "public, secure or proprietary"),
    ("release_date", "Curation.Date", "time.release", None, _T, "obs_release_date",
     "when it becomes public (UTC)"),
    ("reference", "Curation.Reference", "meta.bib.bibcode", None, _S, "bib_reference", "publication"),
    ("target_name", "Target.Name", "meta.id;src", None, _S, "target_name", "object observed"),
    ("target_class", "Target.Class", "src.class", None, _S, "target_class", "class of the object"),
    ("flux_ucd", "Char.FluxAxis.Ucd", "meta.ucd", None, _S, "o_ucd", "UCD of the flux"),
    ("flux_unit", "Char.FluxAxis.Unit", "meta.unit", None, _S, "o_unit", "unit of the flux"),
    ("flux_calibration", "Char.FluxAxis.Calibration", "meta.code.qual", None, _S, "o_calib_status",
     "calibration of the flux"),
    ("spectral_ucd", f"{_WAVE}.Ucd", "meta.ucd", None, _S, "em_ucd", "UCD of the spectral axis"),
    ("spectral_location", f"{_WAVE}.Coverage.Location.Value", "em.wl;instr.bandpass", "m", _D,
     _middle("em_min", "em_max"), "middle of the spectrum (vacuum)"),
    ("spectral_extent", f"{_WAVE}.Coverage.Bounds.Extent", "em.wl;instr.bandwidth", "m", _D, _extent,
     "width of the spectrum"),
    ("em_min", f"{_WAVE}.{_START}", "em.wl;stat.min", "m", _D, "em_min", "shortest wavelength (vacuum)"),
    ("em_max", f"{_WAVE}.{_STOP}", "em.wl;stat.max", "m", _D, "em_max", "longest wavelength (vacuum)"),
    ("spectral_resolution", f"{_WAVE}.Resolution", "spect.resolution;em.wl", "m", _D, _resolution,
     "resolution (FWHM) in the middle"),
    ("em_res_power", f"{_WAVE}.ResPower", "spect.resolution", None, _D, "em_res_power", "resolving power"),
    ("spectral_calibration", f"{_WAVE}.Calibration", "meta.code.qual", None, _S, "calibrated",
     "calibration of wavelengths"),
    ("time_location", f"{_TIME}.Coverage.Location.Value", "time.epoch", "d", _D, _middle("t_min", "t_max"),
     "middle of the observation (MJD, UTC)"),
    ("t_exptime", f"{_TIME}.Coverage.Bounds.Extent", "time.duration;obs.exposure", "s", _D, "t_exptime",
     "exposure time"),
    ("t_min", f"{_TIME}.{_START}", "time.start;obs.exposure", "d", _D, "t_min", "start (MJD, UTC)"),
    ("t_max", f"{_TIME}.{_STOP}", "time.end;obs.exposure", "d", _D, "t_max", "end (MJD, UTC)"),
    ("location", f"{_SKY}.Coverage.Location.Value", "pos.eq", "deg", _D, _location, "position (ICRS)"),
    ("s_ra", None, "pos.eq.ra;meta.main", "deg", _D, "s_ra", "right ascension (ICRS)"),
    ("s_dec", None, "pos.eq.dec;meta.main", "deg", _D, "s_dec", "declination (ICRS)"),
    ("aperture", f"{_SKY}.Coverage.Bounds.Extent", "instr.fov", "deg", _D, "s_fov", "diameter of the aperture"),
    ("s_region", f"{_SKY}.Coverage.Support.Area", "pos.outline;obs.field", None, _S, "s_region", "region covered"),
    ("s_resolution", f"{_SKY}.Resolution", "pos.angResolution", "arcsec", _D, "s_resolution",
     "spatial resolution"),
)  # fmt: skip

COLUMNS: tuple[SsaColumn, ...] = tuple(
    SsaColumn(
        Column(
            name=name,
            type=kind,
            arraysize="2" if made is _location else None,
            unit=unit,
            ucd=ucd,
            utype=utype and f"ssa:{utype}",
            description=Text(en=text),
        ),
        made,
    )
    for name, utype, ucd, unit, kind, made, text in _SAID
)
