"""Pictures that are no FITS: JPEG 2000 (with the FITS header solar archives put inside), JPEG, PNG, TIFF, GIF."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from PIL import Image as Pillow

from tianku.model.errors import LimitError, UsageError
from tianku.products.readers.fits_cards import CardValue, card_value

FORMATS = {"JPEG2000": "jpeg 2000", "JPEG": "jpeg", "PNG": "png", "TIFF": "tiff", "GIF": "gif"}
MOST_PIXELS = 1 << 28
_STARTS = (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51", b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"GIF8")
_XML_BOX, _MOST_XML = b"xml ", 1 << 20
_AXES = re.compile(r"(?:CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)[12]|(?:CD|PC)[12]_[12]")


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture: `shape` in numpy order, its header and world coordinates where it carries any."""

    format: str
    shape: tuple[int, ...]
    cards: Mapping[str, CardValue] = field(repr=False)
    wcs: str = ""


def is_raster(path: Path) -> bool:
    """Whether a file begins as one of the formats read here."""
    try:
        with path.open("rb") as stream:
            return stream.read(12).startswith(_STARTS)
    except OSError:
        return False


def open_raster(path: Path) -> Pillow.Image:
    """Return the picture, not yet decoded (``image.bad_picture``; ``image.too_large`` beyond `MOST_PIXELS`)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            picture = Pillow.open(path, formats=tuple(FORMATS))
    # decoders raise many kinds for hostile bytes
    except Exception as error:
        raise _bad(error) from error
    if picture.width * picture.height > MOST_PIXELS:
        raise LimitError(
            "image.too_large", "the picture has {pixels} pixels, more than {limit}",
            pixels=picture.width * picture.height, limit=MOST_PIXELS,
        )  # fmt: skip
    return picture


def _bad(error: Exception) -> UsageError:
    return UsageError("image.bad_picture", "the picture cannot be read: {reason}", reason=str(error)[:200])


def read_raster(path: Path) -> Raster:
    """Return what a picture says of itself; its pixels are decoded to know that they are whole.

    Raises
    ------
    UsageError, LimitError
        ``image.bad_picture``, ``image.too_large``.
    """
    with open_raster(path) as picture:
        kind = FORMATS[picture.format or ""]
        try:
            picture.load()
        except Exception as error:
            raise _bad(error) from error
        shape = (picture.height, picture.width)
    cards = _fits_header(path) if kind == "jpeg 2000" else {}
    return Raster(kind, shape, cards, _wcs(cards))


def _fits_header(path: Path) -> dict[str, CardValue]:
    """The keywords of the ``<fits>`` element in the file's XML boxes; an unreadable one counts as none."""
    found: dict[str, CardValue] = {}
    for text in _xml_boxes(path.read_bytes()):
        stack: list[str] = []
        values: dict[str, list[str]] = {}
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda name, _, stack=stack: stack.append(name)
        parser.EndElementHandler = lambda _, stack=stack: stack.pop()

        def said(data: str, stack: list[str] = stack, values: dict[str, list[str]] = values) -> None:
            if len(stack) >= 2 and stack[-2] == "fits":
                values.setdefault(stack[-1], []).append(data)

        parser.CharacterDataHandler = said
        try:
            parser.Parse(text, True)
        except expat.ExpatError:
            continue
        for name, pieces in values.items():
            found.setdefault(name.upper(), card_value("".join(pieces)) if pieces else None)
    return found


def _xml_boxes(raw: bytes) -> list[bytes]:
    """The XML boxes at the top level of a JP2 file (ISO 15444-1, annex I)."""
    boxes, at = [], 0
    while at + 8 <= len(raw):
        (size,) = struct.unpack_from(">I", raw, at)
        kind, start = raw[at + 4 : at + 8], at + 8
        if size == 1 and at + 16 <= len(raw):
            (size,) = struct.unpack_from(">Q", raw, at + 8)
            start = at + 16
        end = len(raw) if size == 0 else at + size
        if end <= start or end > len(raw):
            break
        if kind == _XML_BOX and end - start <= _MOST_XML and b"<!DOCTYPE" not in raw[start:end]:
            boxes.append(raw[start:end].rstrip(b"\0"))
        at = end
    return boxes


def _wcs(cards: Mapping[str, CardValue]) -> str:
    """World coordinates as cards; of a picture smaller than the original they tell the axes only."""
    lines = []
    for key, value in cards.items():
        if _AXES.fullmatch(key) and value is not None:
            shown = f"'{value}'" if isinstance(value, str) else f"{value!r:>20}"
            lines.append(f"{key:8}= {shown}"[:80].ljust(80))
    return "".join(lines)
