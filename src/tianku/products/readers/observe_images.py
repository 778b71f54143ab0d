"""Images on their way into the index: a product, or a part of one, for each image that the set takes of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianku.model.config.products import BandMap, ProductConfig
from tianku.model.vocabulary.units import normalise_unit
from tianku.products.context import SetContext
from tianku.products.logbook import Logged, as_text, look_up
from tianku.products.observed import Header, Observed
from tianku.products.readers.image_hdus import ImageHdu, content, image_hdus
from tianku.products.readers.image_times import keywords, number, taken
from tianku.products.readers.image_wcs import Clues, Place, place
from tianku.products.readers.raster import is_raster, read_raster
from tianku.products.readers.source import SourceFile
from tianku.products.renditions import other_files, stem

#: metres of the units in which headers give wavelengths
_LENGTHS = {"angstrom": 1e-10, "nm": 1e-9, "um": 1e-6, "micron": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the images of `file` that the set's ``ext`` names, each once for every exposure in the logbook.

    Raises
    ------
    UsageError
        What `image_hdus` raises; ``wcs.bad``; for pictures, what `read_raster` raises.
    """
    names = {"stem": stem(file.path), "filename": file.path.name}
    files = {f.category: f.path for f in other_files(context.config, context.source_root, file.path)[0]}
    if is_raster(file.path):
        picture = read_raster(file.path)
        seen = [
            _Seen(picture.cards, "", None, picture.shape, picture.wcs, picture.format, {"format": picture.format})
        ]
    else:
        found = image_hdus(content(file), context.config.ext)
        seen = [_Seen(h.cards, h.name, h.number, h.shape, h.wcs, _layout(h), _pixels(h)) for h in found]
    return [one for image in seen for one in _exposed(context, image, names, files)]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a file says of one image; `pixels` is what opens them again without reading a header."""

    cards: Header
    name: str
    ext: int | None
    shape: tuple[int, ...]
    wcs: str
    layout: str
    pixels: dict[str, Any]


def _layout(hdu: ImageHdu) -> str:
    return f"fits {hdu.compression.lower()}" if hdu.compression else "fits"


def _pixels(hdu: ImageHdu) -> dict[str, Any]:
    scaling = {k.lower(): hdu.cards[k] for k in ("BSCALE", "BZERO", "BLANK") if hdu.cards.get(k) is not None}
    tiles = {"compression": hdu.compression, "tiles": list(hdu.tiles)} if hdu.compression else {}
    return {"bitpix": hdu.bitpix, "offset": hdu.offset, **scaling, **tiles}


def _exposed(context: SetContext, image: _Seen, names: Header, files: dict[str, Path]) -> list[Observed]:
    """The image with what the logbook says of it; one part per exposure where it has several."""
    book = context.logbook
    if book is None:
        return [_observed(context.config, image, {}, None, image.name, files, ())]
    logged = look_up(book, {**image.cards, **names})
    if logged is None:
        return [_observed(context.config, image, {}, None, image.name, files, ("logbook.missing",))]
    row = as_text(logged.row)
    if not logged.exposures:
        return [_observed(context.config, image, row, logged, image.name, files, ())]
    return [
        _observed(
            context.config, image, {**row, **as_text(exposure)}, logged,
            f"{image.name}-{name}" if image.name else name, files, (),
        )
        for name, exposure in logged.exposures
    ]  # fmt: skip


def _observed(
    config: ProductConfig,
    image: _Seen,
    row: Header,
    logged: Logged | None,
    part: str,
    files: dict[str, Path],
    notes: tuple[str, ...],
) -> Observed:
    ny, nx = image.shape[-2:]
    clues = Clues(image.wcs, files, logged.ra if logged else None, logged.dec if logged else None)
    where = place(config.wcs, clues, nx, ny)
    cards = {**image.cards, **row}
    when = taken(cards)
    band, low, high, unknown = spectral_limits(config.band, cards)
    unit, unit_notes = pixel_unit(config.unit, cards)
    outline = where.footprint
    return Observed(
        identity={**cards, "EXTNAME": image.name or cards.get("EXTNAME"), "EXT": image.ext},
        header=cards,
        part=part,
        part_kind="exposure" if logged and logged.exposures else "single",
        part_number=image.ext,
        band=band,
        layout=image.layout,
        ext=image.ext,
        ra=outline.ra if outline else None,
        dec=outline.dec if outline else None,
        s_fov=outline.fov if outline else None,
        s_region=outline.region if outline else None,
        s_pixel_scale=outline.scale if outline else None,
        s_xel1=nx,
        s_xel2=ny,
        t_min=when.t_min,
        t_max=when.t_max,
        t_exptime=when.exposure,
        em_min=low,
        em_max=high,
        o_unit=unit,
        o_ucd=_ucd(config, unit),
        detail=_detail(image, where, row),
        notes=(*where.notes, *notes, *when.notes, *unknown, *unit_notes),
    )


def _detail(image: _Seen, where: Place, row: Header) -> dict[str, Any]:
    written = {"unit": str(unit)} if (unit := image.cards.get("BUNIT")) else {}
    logged = {"logbook": dict(row)} if row else {}
    return {
        "frame": where.frame,
        "shape": list(image.shape),
        **image.pixels,
        **written,
        "wcs": where.cards,
        **logged,
    }


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
