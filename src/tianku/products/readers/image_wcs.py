"""Where an image gets its celestial coordinates: the ways of configuration, tried in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np

from tianku.model.config.products import BoxWcs, SidecarWcs, WcsRule, WcsWay
from tianku.model.errors import UsageError
from tianku.products.celestial import Celestial, axes, celestial, plate_cards
from tianku.products.footprint import Doubles, Footprint, footprint
from tianku.products.readers.fits_cards import CARD

_MOST_SIDECAR = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies: its coordinates and footprint, None where they are not known, and notes.

    `cards` is the header text that the coordinates were read from.
    """

    sky: Celestial | None
    footprint: Footprint | None
    frame: str
    cards: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clues:
    """What the ways may use: the header's cards, files by category, the centre that a logbook gives (ICRS)."""

    cards: str
    files: dict[str, Path]
    ra: float | None = None
    dec: float | None = None


def place(rule: WcsRule | None, clues: Clues, nx: int, ny: int) -> Place:
    """Return where an image of `nx` by `ny` pixels lies.

    Raises
    ------
    UsageError
        ``wcs.bad``: there are coordinates, but none that can be used; ``wcs.bad_box``.
    """
    ways: Sequence[WcsWay] = rule.first if rule else ("header",)
    problem: UsageError | None = None
    for way in ways:
        try:
            found = _tried(way, clues, nx, ny)
        except UsageError as error:
            if error.code != "wcs.bad":
                raise
            problem = problem or error
            continue
        if found is not None:
            return found
    if problem is not None:
        raise problem
    frame = axes(clues.cards)
    return Place(None, None, frame, clues.cards, ("wcs.none",) if frame == "pixel" else (f"frame.{frame}",))


def _tried(way: WcsWay, clues: Clues, nx: int, ny: int) -> Place | None:
    if isinstance(way, BoxWcs):
        return None if clues.ra is None or clues.dec is None else _box(way, clues.ra, clues.dec, nx, ny)
    cards = ""
    note: tuple[str, ...] = ()
    if isinstance(way, SidecarWcs):
        path = clues.files.get(way.sidecar)
        cards = "" if path is None else _sized(sidecar_cards(path), nx, ny)
        note = ("wcs.sidecar",)
    elif way == "plate-polynomial" and "AMDX1 " in clues.cards:
        cards, note = plate_cards(clues.cards), ("wcs.plate",)
    elif way == "header" and "CTYPE1" in clues.cards:
        cards = clues.cards
    sky = celestial(cards) if cards else None
    if sky is None:
        return None
    outline = footprint(sky.to_sky, nx, ny)
    notes = (*sky.notes, *note, *_off_sky(outline))
    return Place(sky, outline, sky.frame, cards, notes)


def _off_sky(outline: Footprint | None) -> tuple[str, ...]:
    if outline is None:
        return ("wcs.off_sky",)
    return () if outline.whole else ("wcs.partly_off_sky",)


def sidecar_cards(path: Path) -> str:
    """Return the cards of a file that holds a FITS header, in lines or not (``wcs.bad`` when too long)."""
    with path.open("rb") as stream:
        text = stream.read(_MOST_SIDECAR + 1).decode("latin-1")
    if len(text) > _MOST_SIDECAR:
        raise UsageError(
            "wcs.bad", "the world coordinates cannot be used: {reason}", reason=f"{path.name} is too long"
        )
    lines = text.splitlines() if "\n" in text[:2880] else [text[i : i + CARD] for i in range(0, len(text), CARD)]
    cards = []
    for line in lines:
        if line.rstrip() == "END":
            break
        name, equals, value = line.partition("=")
        if equals and len(name.strip()) <= 8 and "NAXIS" not in name:
            cards.append(f"{name.strip():8}= {value.strip()}"[:CARD].ljust(CARD))
    return "".join(cards)


def _sized(cards: str, nx: int, ny: int) -> str:
    sizes = (f"NAXIS   = {2:>20}", f"NAXIS1  = {nx:>20}", f"NAXIS2  = {ny:>20}")
    return "".join(card.ljust(CARD) for card in sizes) + cards


def _box(way: BoxWcs, ra: float, dec: float, nx: int, ny: int) -> Place:
    """A field of the given size around a centre; which way its pixels run is not known: it has no axes."""
    try:
        width, height = (float(u.Quantity(text).to_value("deg")) for text in way.box)
    except (ValueError, TypeError, u.UnitConversionError) as error:
        raise UsageError("wcs.bad_box", "`box: {box}` is no size on the sky", box=list(way.box)) from error

    def to_sky(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        xi = np.radians(((nx - 1) / 2 - x) / nx * width)
        eta = np.radians((y - (ny - 1) / 2) / ny * height)
        d0 = np.radians(dec)
        below = np.cos(d0) - eta * np.sin(d0)
        lon = np.radians(ra) + np.arctan2(xi, below)
        lat = np.arctan2(np.sin(d0) + eta * np.cos(d0), np.hypot(xi, below))
        return np.degrees(lon) % 360.0, np.degrees(lat)

    return Place(None, footprint(to_sky, nx, ny), "pixel", "", ("wcs.box",))
