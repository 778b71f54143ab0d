"""Images on their way into the index: a product, or a part of one, for each image that the set takes of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tianku.model.config.products import BandMap, ProductConfig
from tianku.model.vocabulary.units import normalise_unit
from tianku.products.celestial import Celestial, axes, celestial
from tianku.products.context import SetContext
from tianku.products.footprint import footprint
from tianku.products.observed import Header, Observed
from tianku.products.readers.fits_cards import CardValue
from tianku.products.readers.image_hdus import ImageHdu, content, image_hdus
from tianku.products.readers.image_times import keywords, number, taken
from tianku.products.readers.raster import is_raster, read_raster
from tianku.products.readers.source import SourceFile

#: metres of the units in which headers give wavelengths
_LENGTHS = {"angstrom": 1e-10, "nm": 1e-9, "um": 1e-6, "micron": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the images of `file` that the set's ``ext`` names.

    Raises
    ------
    UsageError
        What `image_hdus` raises; ``wcs.bad``; for pictures, what `read_raster` raises.
    """
    if is_raster(file.path):
        picture = read_raster(file.path)
        frame = axes(picture.wcs)
        notes = ("wcs.none",) if frame == "pixel" else (f"frame.{frame}",)
        detail = {"format": picture.format, "frame": frame, "wcs": picture.wcs}
        return [
            _observed(context.config, picture.cards, "", None, picture.shape, None, notes, detail, picture.format)
        ]
    return [_image(context.config, hdu) for hdu in image_hdus(content(file), context.config.ext)]


def _image(config: ProductConfig, hdu: ImageHdu) -> Observed:
    sky = celestial(hdu.wcs)
    frame = sky.frame if sky else axes(hdu.wcs)
    notes = sky.notes if sky else ("wcs.none",) if frame == "pixel" else (f"frame.{frame}",)
    layout = f"fits {hdu.compression.lower()}" if hdu.compression else "fits"
    return _observed(config, hdu.cards, hdu.name, hdu.number, hdu.shape, sky, notes, _detail(hdu, frame), layout)


def _detail(hdu: ImageHdu, frame: str) -> dict[str, Any]:
    """What opens the pixels again without reading a header."""
    scaling = {k.lower(): hdu.cards[k] for k in ("BSCALE", "BZERO", "BLANK") if hdu.cards.get(k) is not None}
    unit = {"unit": str(written)} if (written := hdu.cards.get("BUNIT")) else {}
    found = {
        "frame": frame,
        "shape": list(hdu.shape),
        "bitpix": hdu.bitpix,
        "offset": hdu.offset,
        **scaling,
        **unit,
    }
    if hdu.compression:
        found |= {"compression": hdu.compression, "tiles": list(hdu.tiles)}
    return {**found, "wcs": hdu.wcs}


def _observed(
    config: ProductConfig,
    cards: Mapping[str, CardValue],
    name: str,
    ext: int | None,
    shape: tuple[int, ...],
    sky: Celestial | None,
    notes: tuple[str, ...],
    detail: dict[str, Any],
    layout: str,
) -> Observed:
    ny, nx = shape[-2:]
    place = footprint(sky.to_sky, nx, ny) if sky else None
    when = taken(cards)
    band, low, high, unknown = spectral_limits(config.band, cards)
    unit, unit_notes = pixel_unit(config.unit, cards)
    off_sky = (
        ("wcs.off_sky",) if sky and place is None else ("wcs.partly_off_sky",) if place and not place.whole else ()
    )
    return Observed(
        identity={**cards, "EXTNAME": name or cards.get("EXTNAME"), "EXT": ext},
        header=cards,
        part=name,
        part_kind="single",
        part_number=ext,
        band=band,
        layout=layout,
        ext=ext,
        ra=place.ra if place else None,
        dec=place.dec if place else None,
        s_fov=place.fov if place else None,
        s_region=place.region if place else None,
        s_pixel_scale=place.scale if place else None,
        s_xel1=nx,
        s_xel2=ny,
        t_min=when.t_min,
        t_max=when.t_max,
        t_exptime=when.exposure,
        em_min=low,
        em_max=high,
        o_unit=unit,
        o_ucd=_ucd(config, unit),
        detail=detail,
        notes=(*notes, *off_sky, *when.notes, *unknown, *unit_notes),
    )


def spectral_limits(
    rule: BandMap | None, header: Header
) -> tuple[str | None, float | None, float | None, tuple[str, ...]]:
    """Return the filter, the limits in metres, and notes: by configuration, else by the header's wavelengths."""
    name, known = None, True
    if rule is not None and (said := header.get(rule.from_)) is not None:
        name = str(said).strip()
        limits = rule.map.get(name) or rule.map.get(name.partition(" ")[0])
        if limits is not None:
            return name, limits.get("em_min"), limits.get("em_max"), ()
        known = not rule.map
    low, high = _wavelengths(rule.unit if rule else None, header)
    if low is None:
        return name, None, None, () if known else ("band.unknown",)
    return name, low, high, ()


def _wavelengths(said: str | None, header: Header) -> tuple[float | None, float | None]:
    """WAVEMIN and WAVEMAX, or WAVELNTH, in metres."""
    words = keywords()
    unit = str(header.get(words["wave_unit"]) or said or "angstrom").strip().lower()
    metres = _LENGTHS.get(unit)
    low, high = number(header, words["wave_min"]), number(header, words["wave_max"])
    if low is None or high is None:
        low = high = number(header, words["wave"])
    if metres is None or low is None or high is None or not 0 < low <= high:
        return None, None
    return low * metres, high * metres


def pixel_unit(said: str | None, header: Header) -> tuple[str | None, tuple[str, ...]]:
    """Return the VOUnits unit of pixels: the configured one (``none`` = no unit), else BUNIT; and notes."""
    if said == "none":
        return None, ()
    written = said or header.get("BUNIT")
    if not written:
        return None, ("unit.missing",)
    found = normalise_unit(str(written))
    # values stay as they are in the file, so a unit that would need a factor is not claimed
    if found.vounit is None or found.factor != 1.0:
        return None, ("unit.unknown",)
    return found.vounit or None, ()


def _ucd(config: ProductConfig, unit: str | None) -> str | None:
    if unit is None:
        return None
    counted = unit.split(".")[0] in ("adu", "count", "ct", "electron", "photon", "DN")
    return "phot.count" if counted else "phot.flux"
