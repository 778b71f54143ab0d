"""The columns of ivoa.ObsCore (ObsCore 1.1, appendix C): names, types, units, UCDs, utypes."""

from __future__ import annotations

from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType

_S, _I, _L, _D, _T = DataType.STRING, DataType.INT32, DataType.INT64, DataType.FLOAT64, DataType.TIMESTAMP
_LIMITS = "Coverage.Bounds.Limits"
_PLACE = "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2"

#: name, type, unit, ucd, utype (without the prefix ``obscore:``), description
_MANDATORY: tuple[tuple[str, DataType, str | None, str, str, str], ...] = (
    ("dataproduct_type", _S, None, "meta.code.class", "ObsDataset.dataProductType", "kind of data product"),
    ("calib_level", _I, None, "meta.code;obs.calib", "ObsDataset.calibLevel", "calibration level, 0 to 4"),
    ("obs_collection", _S, None, "meta.id", "DataID.Collection", "data collection"),
    ("obs_id", _S, None, "meta.id", "DataID.observationID", "observation"),
    ("obs_publisher_did", _S, None, "meta.ref.ivoid", "Curation.PublisherDID", "publisher's data set identifier"),
    ("access_url", _S, None, "meta.ref.url", "Access.Reference", "where the data, or links to them, are"),
    ("access_format", _S, None, "meta.code.mime", "Access.Format", "media type of access_url"),
    ("access_estsize", _L, "kbyte", "phys.size;meta.file", "Access.Size", "estimated size"),
    ("target_name", _S, None, "meta.id;src", "Target.Name", "object observed"),
    ("s_ra", _D, "deg", "pos.eq.ra", f"{_PLACE}.C1", "centre, right ascension (ICRS)"),
    ("s_dec", _D, "deg", "pos.eq.dec", f"{_PLACE}.C2", "centre, declination (ICRS)"),
    (
        "s_fov",
        _D,
        "deg",
        "phys.angSize;instr.fov",
        "Char.SpatialAxis.Coverage.Bounds.Extent.diameter",
        "diameter of the region covered",
    ),
    ("s_region", _S, None, "pos.outline;obs.field", "Char.SpatialAxis.Coverage.Support.Area", "region covered"),
    (
        "s_resolution",
        _D,
        "arcsec",
        "pos.angResolution",
        "Char.SpatialAxis.Resolution.Refval.value",
        "spatial resolution (FWHM)",
    ),
    ("s_xel1", _L, None, "meta.number", "Char.SpatialAxis.numBins1", "elements along the first spatial axis"),
    ("s_xel2", _L, None, "meta.number", "Char.SpatialAxis.numBins2", "elements along the second spatial axis"),
    ("t_min", _D, "d", "time.start;obs.exposure", f"Char.TimeAxis.{_LIMITS}.StartTime", "start (MJD, UTC)"),
    ("t_max", _D, "d", "time.end;obs.exposure", f"Char.TimeAxis.{_LIMITS}.StopTime", "end (MJD, UTC)"),
    (
        "t_exptime",
        _D,
        "s",
        "time.duration;obs.exposure",
        "Char.TimeAxis.Coverage.Support.Extent",
        "total exposure time",
    ),
    (
        "t_resolution",
        _D,
        "s",
        "time.resolution",
        "Char.TimeAxis.Resolution.Refval.value",
        "temporal resolution",
    ),
    ("t_xel", _L, None, "meta.number", "Char.TimeAxis.numBins", "elements along the time axis"),
    ("em_min", _D, "m", "em.wl;stat.min", f"Char.SpectralAxis.{_LIMITS}.LoLimit", "shortest wavelength (vacuum)"),
    ("em_max", _D, "m", "em.wl;stat.max", f"Char.SpectralAxis.{_LIMITS}.HiLimit", "longest wavelength (vacuum)"),
    (
        "em_res_power",
        _D,
        None,
        "spect.resolution",
        "Char.SpectralAxis.Resolution.ResolPower.refVal",
        "spectral resolving power",
    ),
    ("em_xel", _L, None, "meta.number", "Char.SpectralAxis.numBins", "elements along the spectral axis"),
    ("o_ucd", _S, None, "meta.ucd", "Char.ObservableAxis.ucd", "UCD of the observable"),
    (
        "pol_states",
        _S,
        None,
        "meta.code;phys.polarization",
        "Char.PolarizationAxis.stateList",
        "polarisation states",
    ),
    ("pol_xel", _L, None, "meta.number", "Char.PolarizationAxis.numBins", "number of polarisation states"),
    ("facility_name", _S, None, "meta.id;instr.tel", "Provenance.ObsConfig.facility.name", "telescope"),
    ("instrument_name", _S, None, "meta.id;instr", "Provenance.ObsConfig.instrument.name", "instrument"),
)
_OPTIONAL: tuple[tuple[str, DataType, str | None, str, str, str], ...] = (
    (
        "dataproduct_subtype",
        _S,
        None,
        "meta.code.class",
        "ObsDataset.dataProductSubtype",
        "finer kind of data product",
    ),
    ("target_class", _S, None, "src.class", "Target.Class", "class of the object"),
    ("obs_title", _S, None, "meta.title;obs", "DataID.Title", "title of the data set"),
    ("bib_reference", _S, None, "meta.bib.bibcode", "Curation.Reference", "publication"),
    ("data_rights", _S, None, "meta.code", "Curation.Rights", "public, secure or proprietary"),
    ("obs_release_date", _T, None, "time.release", "Curation.releaseDate", "when the data become public (UTC)"),
    ("em_ucd", _S, None, "meta.ucd", "Char.SpectralAxis.ucd", "UCD of the spectral axis"),
    ("o_unit", _S, None, "meta.unit", "Char.ObservableAxis.unit", "unit of the observable"),
    (
        "o_calib_status",
        _S,
        None,
        "meta.code.qual",
        "Char.ObservableAxis.calibrationStatus",
        "calibration of the observable",
    ),
    (
        "s_pixel_scale",
        _D,
        "arcsec",
        "phys.angSize;instr.pixel",
        "Char.SpatialAxis.Sampling.RefVal.SamplingPeriod",
        "sampling period in world coordinates along the spatial axis",
    ),
)
_XTYPES = {"s_region": "adql:REGION", "obs_release_date": "timestamp"}
_NEVER_NULL = frozenset({"calib_level", "obs_collection", "obs_id", "obs_publisher_did"})


def _columns(
    rows: tuple[tuple[str, DataType, str | None, str, str, str], ...], principal: bool
) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=name,
            type=kind,
            unit=unit,
            ucd=ucd,
            utype=f"obscore:{utype}",
            xtype=_XTYPES.get(name),
            description=Text(en=description),
            principal=principal,
            std=True,
            nullable=name not in _NEVER_NULL,
        )
        for name, kind, unit, ucd, utype, description in rows
    )


#: the mandatory columns, then the optional ones that are filled
OBSCORE_COLUMNS: tuple[Column, ...] = _columns(_MANDATORY, True) + _columns(_OPTIONAL, False)
OBSCORE: dict[str, Column] = {c.name: c for c in OBSCORE_COLUMNS}
