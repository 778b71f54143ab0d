"""A spectrum as a VOTable in the words of the Spectrum data model 1.1, by which viewers know its axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.formats.table import Coosys, Info, Param, TableInfo, Timesys
from tianku.formats.votable import write_binary2
from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.products.render import chosen, part_arrays, table_columns
from tianku.products.spectrum import Floats, Part, Spectrum

_ROOT = "spec:Spectrum"
_COLUMNS = {
    "wavelength": "Data.SpectralAxis.Value",
    "flux": "Data.FluxAxis.Value",
    "flux_error": "Data.FluxAxis.Accuracy.StatError",
}


@dataclass(frozen=True, slots=True)
class Curation:
    """What a file does not know of itself."""

    publisher: str = ""
    publisher_did: str = ""
    collection: str = ""
    title: str = ""


def to_votable(spectrum: Spectrum, part: str | None = None, curation: Curation | None = None) -> Iterator[bytes]:
    """Return one part as a VOTable (BINARY2) that says place, times, frame and calibration."""
    found = chosen(spectrum, part)
    columns, arrays = list(table_columns(found)), dict(part_arrays(found))
    if found.ivar is not None:
        arrays["flux_error"] = _deviation(found.ivar)
        columns.insert(2, _error_column(columns[1], arrays["flux_error"]))
    described = tuple(c.model_copy(update={"utype": _utype(_COLUMNS.get(c.name))}) for c in columns)
    batch = pa.RecordBatch.from_pydict({c.name: pa.array(arrays[c.name]) for c in described})
    return write_binary2(described, [batch], _info(spectrum, found, described[1], curation or Curation()))


def _utype(path: str | None) -> str | None:
    return path and f"{_ROOT}.{path}"


def _deviation(ivar: Floats) -> Floats:
    """Return the standard deviation, NaN where nothing is known."""
    return np.asarray(1 / np.sqrt(np.where(ivar > 0, ivar, np.nan)), dtype=ivar.dtype)


def _error_column(flux: Column, error: npt.NDArray[np.generic]) -> Column:
    return Column(
        name="flux_error",
        type=DataType(error.dtype.name),
        unit=flux.unit,
        ucd=f"stat.error;{flux.ucd}",
        description=Text(en="standard deviation of flux"),
    )


def _info(spectrum: Spectrum, part: Part, flux: Column, curation: Curation) -> TableInfo:
    times = _times(part)
    clock = Timesys("time_frame", timeorigin="MJD-origin", columns=("time_location", "t_min", "t_max"))
    return TableInfo(
        name=part.name,
        utype=_ROOT,
        resource_utype=_ROOT,
        infos=(Info("wavelength_medium", "vacuum"),),
        params=(*_texts(spectrum, part, flux, curation), *_wavelengths(part), *times, *_place(spectrum)),
        coosys=() if spectrum.ra is None else (Coosys("sky_frame", columns=("location",)),),
        timesys=(clock,) if times else (),
        nrows=len(part),
    )


def _texts(spectrum: Spectrum, part: Part, flux: Column, curation: Curation) -> Iterator[Param]:
    header = spectrum.header
    target = header.get("DESIG") or header.get("OBJECT") or ""
    given: tuple[tuple[str, str, str | None, object], ...] = (
        ("data_model", "DataModel", None, "Spectrum-1.1"),
        ("dataset_type", "Type", "meta.code.class", "Spectrum"),
        ("title", "DataID.Title", "meta.title;meta.dataset", curation.title or target),
        ("collection", "DataID.Collection", "meta.id", curation.collection),
        ("publisher", "Curation.Publisher", "meta.curation", curation.publisher),
        ("publisher_did", "Curation.PublisherDID", "meta.ref.ivoid", curation.publisher_did),
        ("target_name", "Target.Name", "meta.id;src", target),
        ("space_frame", "CoordSys.SpaceFrame.Name", None, "ICRS"),
        ("time_scale", "CoordSys.TimeFrame.Name", "time.scale", "UTC"),
        ("spectral_frame", "CoordSys.SpectralFrame.RefPos", None, part.frame),
        ("spectral_ucd", "Char.SpectralAxis.Ucd", "meta.ucd", "em.wl"),
        ("spectral_unit", "Char.SpectralAxis.Unit", "meta.unit", "Angstrom"),
        ("spectral_calibration", "Char.SpectralAxis.Calibration", "meta.code.qual", "calibrated"),
        ("flux_ucd", "Char.FluxAxis.Ucd", "meta.ucd", flux.ucd),
        ("flux_unit", "Char.FluxAxis.Unit", "meta.unit", flux.unit),
        ("flux_calibration", "Char.FluxAxis.Calibration", "meta.code.qual", part.calibration),
    )
    yield Param("length", str(len(part)), "long", None, ucd="meta.number", utype=_utype("Length"))
    for name, path, ucd, value in given:
        if value:
            yield Param(name, str(value), ucd=ucd, utype=_utype(path))


def _wavelengths(part: Part) -> Iterator[Param]:
    low, high = float(part.wavelength.min()), float(part.wavelength.max())
    axis, unit = "Char.SpectralAxis.Coverage", "Angstrom"
    yield _number("spectral_location", f"{axis}.Location.Value", "em.wl;instr.bandpass", unit, (low + high) / 2)
    yield _number("spectral_extent", f"{axis}.Bounds.Extent", "em.wl;instr.bandwidth", unit, high - low)
    yield _number("spectral_min", f"{axis}.Bounds.Start", "em.wl;stat.min", unit, low)
    yield _number("spectral_max", f"{axis}.Bounds.Stop", "em.wl;stat.max", unit, high)


def _times(part: Part) -> tuple[Param, ...]:
    axis = "Char.TimeAxis.Coverage"
    middle = None if part.t_min is None or part.t_max is None else (part.t_min + part.t_max) / 2
    given = (
        ("time_location", f"{axis}.Location.Value", "time.epoch", "d", middle),
        ("t_min", f"{axis}.Bounds.Start", "time.start;obs.exposure", "d", part.t_min),
        ("t_max", f"{axis}.Bounds.Stop", "time.end;obs.exposure", "d", part.t_max),
        ("t_exptime", f"{axis}.Bounds.Extent", "time.duration;obs.exposure", "s", part.t_exptime),
    )
    return tuple(_number(name, path, ucd, unit, v) for name, path, ucd, unit, v in given if v is not None)


def _place(spectrum: Spectrum) -> Iterator[Param]:
    if spectrum.ra is not None and spectrum.dec is not None:
        value, path = f"{spectrum.ra!r} {spectrum.dec!r}", "Char.SpatialAxis.Coverage.Location.Value"
        yield Param("location", value, "double", "2", unit="deg", ucd="pos.eq", utype=_utype(path))


def _number(name: str, path: str, ucd: str, unit: str, value: float) -> Param:
    return Param(name, repr(float(value)), "double", None, unit=unit, ucd=ucd, utype=_utype(path))
