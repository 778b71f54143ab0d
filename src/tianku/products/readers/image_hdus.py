"""The images inside a FITS file, from headers alone: plain and tile-compressed, with what opens them again."""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tianku.model.errors import UsageError
from tianku.products.readers.archive import unpacked
from tianku.products.readers.fits_cards import BLOCK, CARD, Buffer, CardValue, Hdu, fits_hdus
from tianku.products.readers.source import DEFAULT_LIMITS, SourceFile

Extensions = Literal["each", "first"] | int | str | None
#: keywords of the primary world coordinates (no alternates, ``CTYPE1A``), distortions and DSS plate solutions
WCS_KEYS = re.compile(
    r"WCSAXES|WCSNAME|(?:CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA|CNAME)\d+|(?:CD|PC|PV|PS)\d+_\d+|PC\d{6}|LONPOLE|LATPOLE"
    r"|RADESYS|RADECSYS|EQUINOX|EPOCH|(?:A|B|AP|BP)_(?:ORDER|DMAX|\d+_\d+)|WAT\d_\d{3}|AMD(?:X|Y|REX|REY)\d+"
    r"|PPO\d|PLT\w+|[XY]PIXELSZ|CNPIX\d|D[PQ]\d|C[PQ]DIS\d|DVERR\d|RESTFRQ|RESTFREQ|SPECSYS|VELREF|DATE-OBS|MJD-OBS"
)
_KINDS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True, slots=True)
class ImageHdu:
    """One image of a file.

    Attributes
    ----------
    name
        Its name among the images of the file: EXTNAME, with EXTVER or the number of the HDU where that repeats.
    cards
        Keywords, those of the primary header first where the HDU's own do not say.
    shape
        Pixels in numpy order; of a compressed image those it unpacks to.
    wcs
        Header text (80-character cards) with the keywords of world coordinates and the axes.
    offset, bitpix
        Where plain pixels begin in the unpacked file, and their FITS type.
    start
        Where its header begins there.
    """

    number: int
    name: str
    cards: Mapping[str, CardValue] = field(repr=False)
    shape: tuple[int, ...]
    wcs: str = field(repr=False)
    offset: int
    bitpix: int
    tiles: tuple[int, ...] = ()
    compression: str | None = None
    start: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of pixels as the file keeps them (FITS 4.0, 4.4.1.1), bytes in its order."""
        return np.dtype(_KINDS[self.bitpix])


def content(file: SourceFile) -> Buffer:
    """Return the unpacked bytes of a file; one that is too large to be read is mapped, if it is not packed.

    Raises
    ------
    UsageError, LimitError
        ``file.too_large`` for a large packed file, and what unpacking raises.
    """
    if file.size <= DEFAULT_LIMITS.max_bytes:
        return unpacked(file.raw)
    with file.path.open("rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return mapped if mapped[:6] == b"SIMPLE" else file.raw


def opened(path: Path) -> Buffer:
    """Return the unpacked bytes of a file; one that is not packed is mapped, so that only what is used is read.

    Raises
    ------
    UsageError, LimitError
        As `content`.
    """
    with path.open("rb") as stream:
        if stream.read(6) == b"SIMPLE":
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return content(SourceFile(path))


def image_hdus(buffer: Buffer, wanted: Extensions = None) -> list[ImageHdu]:
    """Return the images of a file that `wanted` names: ``each``, ``first`` (also None), a number or a name.

    Raises
    ------
    UsageError
        ``image.none``, naming what the file has; what `fits_hdus` raises; ``fits.bad_tiles``.
    """
    hdus = fits_hdus(buffer)
    chosen = _chosen([h for h in hdus if _is_image(h)], wanted)
    if not chosen:
        raise UsageError(
            "image.none",
            "the file holds no image {wanted}; it has: {known}",
            wanted=wanted if isinstance(wanted, int | str) else "",
            known=", ".join(f"{h.index} {h.name or '-'} ({h.kind} {_dimensions(h)})" for h in hdus[:20]),
        )
    names = _names([h for h in hdus if _is_image(h)])
    return [_image(buffer, hdus, h, names[h.index]) for h in chosen]


def _is_image(hdu: Hdu) -> bool:
    if hdu.kind == "table":
        return hdu.cards.get("ZIMAGE") is True and len(_tiled(hdu, "ZNAXIS")) >= 2
    return hdu.kind == "image" and len(hdu.shape) >= 2


def _chosen(images: Sequence[Hdu], wanted: Extensions) -> list[Hdu]:
    if wanted == "each":
        return list(images)
    if wanted is None or wanted == "first":
        return list(images[:1])
    if isinstance(wanted, int):
        return [h for h in images if h.index == wanted]
    return [h for h in images if h.name.upper() == wanted.upper()]


def _names(images: Sequence[Hdu]) -> dict[int, str]:
    """Names that tell the images of a file apart; the only image needs none."""
    said = {h.index: re.sub(r"[^\w.+=@-]", "_", h.name) for h in images}
    if len(images) < 2:
        return dict.fromkeys(said, "")
    repeated = {name for name in said.values() if list(said.values()).count(name) > 1}
    named = {}
    for hdu in images:
        name = said[hdu.index] or "hdu"
        version = hdu.cards.get("EXTVER", hdu.index)
        named[hdu.index] = f"{name}-{version}" if said[hdu.index] in repeated or not said[hdu.index] else name
    whole = len(set(named.values())) == len(named)
    return named if whole else {h.index: f"{said[h.index] or 'hdu'}-{h.index}" for h in images}


def _image(buffer: Buffer, hdus: Sequence[Hdu], hdu: Hdu, name: str) -> ImageHdu:
    tiled = hdu.kind == "table"
    shape = _tiled(hdu, "ZNAXIS") if tiled else hdu.shape
    before = hdus[hdu.index - 1] if hdu.index else None
    start = 0 if before is None else before.offset + -(-before.size // BLOCK) * BLOCK
    primary = hdus[0].cards
    tiles = _tile_shape(hdu, shape) if tiled else ()
    return ImageHdu(
        number=hdu.index,
        name=name,
        cards={**primary, **hdu.cards},
        shape=shape,
        wcs=_wcs_cards(buffer, start, hdu.offset, shape),
        offset=hdu.offset,
        bitpix=_number(hdu, "ZBITPIX" if tiled else "BITPIX"),
        tiles=tiles,
        compression=str(hdu.cards.get("ZCMPTYPE") or "") or None if tiled else None,
        start=start,
    )


def _tiled(hdu: Hdu, axis: str) -> tuple[int, ...]:
    count = _number(hdu, "ZNAXIS")
    lengths = tuple(_number(hdu, f"{axis}{i}") for i in range(min(count, 9), 0, -1))
    if not lengths or min(lengths) < 1:
        raise _bad_tiles(hdu, f"{axis} = {lengths}")
    return lengths


def _tile_shape(hdu: Hdu, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The tiles' size in numpy order (rows by default); each tile must have its row in the table."""
    count = len(shape)
    default = [shape[-1] if i == 1 else 1 for i in range(count, 0, -1)]
    tiles = tuple(
        value if isinstance(value := hdu.cards.get(f"ZTILE{i}"), int) and value > 0 else default[count - i]
        for i in range(count, 0, -1)
    )
    needed = prod(ceil(n / t) for n, t in zip(shape, tiles, strict=True))
    if hdu.cards.get("NAXIS2") != needed:
        raise _bad_tiles(hdu, f"{hdu.cards.get('NAXIS2')} tiles where {needed} are needed")
    return tiles


def _number(hdu: Hdu, key: str) -> int:
    value = hdu.cards.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad_tiles(hdu, f"{key} = {value!r}")
    return value


def _bad_tiles(hdu: Hdu, what: str) -> UsageError:
    return UsageError(
        "fits.bad_tiles", "the compressed image in HDU {index} has {what}", index=hdu.index, what=what
    )


def _wcs_cards(buffer: Buffer, start: int, end: int, shape: tuple[int, ...]) -> str:
    """The cards as they stand (a parsed value would lose digits and the blanks of WAT texts); the first wins."""
    text = buffer[start:end].decode("latin-1")
    kept: dict[str, str] = {}
    for at in range(0, len(text), CARD):
        card = text[at : at + CARD]
        key = card[:8].rstrip()
        if card[8:10] == "= " and WCS_KEYS.fullmatch(key):
            kept.setdefault(key, card)
    axes = [f"NAXIS   = {len(shape):>20}", *(f"NAXIS{i + 1:<3}= {n:>20}" for i, n in enumerate(reversed(shape)))]
    return "".join(card.ljust(CARD) for card in (*axes, *kept.values()))


def _dimensions(hdu: Hdu) -> str:
    return "×".join(str(n) for n in reversed(hdu.shape)) or "no data"
