"""What every reader of products gives to ingest: the facts of one product, or of a part, that the index keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Header = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One product of a file, or one part of a product; None where the file does not say.

    Attributes
    ----------
    identity
        Keywords that the set's key rule reads; products of one file that share it are parts of one product.
    header
        Keywords that mapping expressions read.
    ra, dec, s_fov, s_region
        Centre and diameter of the field, ICRS degrees; region in DALI words, ``POLYGON ICRS …``.
    s_resolution
        FWHM in arcsec; `s_pixel_scale` likewise.
    t_min, t_max, t_exptime, t_resolution
        UTC Modified Julian Dates; seconds.
    em_min, em_max
        Vacuum wavelengths in metres.
    target_name, o_ucd, o_unit, o_calib_status
        As the ObsCore columns, where the file or, over it, the configuration says.
    ext
        HDU, or other number of the component, inside the file.
    detail
        What the reader wants back when the product is opened (for instance where pixels begin), as JSON values.
    series
        What files must share to follow each other in one product (`join:`); None where they cannot.
    notes
        Stable codes of oddities that did not stop reading.
    """

    identity: Header
    header: Header = field(default_factory=dict)
    part: str = ""
    part_kind: str | None = None
    part_number: int | None = None
    band: str | None = None
    layout: str | None = None
    ext: int | None = None
    ra: float | None = None
    dec: float | None = None
    s_fov: float | None = None
    s_region: str | None = None
    s_resolution: float | None = None
    s_pixel_scale: float | None = None
    s_xel1: int | None = None
    s_xel2: int | None = None
    t_min: float | None = None
    t_max: float | None = None
    t_exptime: float | None = None
    t_resolution: float | None = None
    t_xel: int | None = None
    em_min: float | None = None
    em_max: float | None = None
    em_res_power: float | None = None
    em_xel: int | None = None
    pol_states: str | None = None
    pol_xel: int | None = None
    target_name: str | None = None
    o_ucd: str | None = None
    o_unit: str | None = None
    o_calib_status: str | None = None
    lmjm: int | None = None
    snr: float | None = None
    series: str | None = None
    detail: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


#: attributes that go into the index under their own names
FACTS = tuple(f.name for f in fields(Observed) if f.name not in ("identity", "header", "detail", "notes"))
