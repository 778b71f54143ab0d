"""Lean FITS structure: cards, HDUs and table columns from bytes, nothing allocated before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from mmap import mmap

from tianku.model.errors import LimitError, UsageError

BLOCK = 2880
CARD = 80
CardValue = str | int | float | bool | None
#: a file in memory, or mapped into it where it is too large to read
Buffer = bytes | mmap

_NO_VALUE = frozenset(("COMMENT", "HISTORY", "", "CONTINUE"))


@dataclass(frozen=True, slots=True)
class Hdu:
    """One header-data unit: its cards and where its data lie in the file.

    `shape` is in numpy order (slowest axis first); empty for an HDU without data.
    """

    index: int
    name: str
    cards: Mapping[str, CardValue] = field(repr=False)
    kind: str  # none, image, table, other
    offset: int
    size: int
    shape: tuple[int, ...]


def fits_hdus(buffer: Buffer, *, max_hdus: int = 1000, max_cards: int = 20_000) -> list[Hdu]:
    """Return the HDUs of a whole FITS file held in `buffer`.

    Raises
    ------
    UsageError
        ``fits.empty``, ``fits.not_fits``, ``fits.truncated`` or ``fits.bad_header``: the reason, and where.
    LimitError
        ``fits.too_many``: more HDUs or cards than allowed.
    """
    require_fits(buffer)
    hdus: list[Hdu] = []
    offset = 0
    while offset < len(buffer) and (not hdus or buffer[offset : offset + 8] == b"XTENSION"):
        if len(hdus) >= max_hdus:
            raise LimitError("fits.too_many", "more than {limit} {things}", limit=max_hdus, things="HDUs")
        hdu = _hdu(buffer, offset, len(hdus), max_cards)
        hdus.append(hdu)
        offset = hdu.offset + -(-hdu.size // BLOCK) * BLOCK
    return hdus


def require_fits(buffer: Buffer) -> None:
    """Refuse what does not start as FITS does (``fits.empty``, ``fits.not_fits``)."""
    if not len(buffer):
        raise UsageError("fits.empty", "the file is empty (0 bytes); a FITS file starts with 'SIMPLE  ='")
    if not buffer[:9].startswith((b"SIMPLE  =", b"SIMPLE=")):
        raise UsageError(
            "fits.not_fits",
            "not a FITS file: it starts with {start!r}, not with 'SIMPLE  ='",
            start=buffer[:16].decode("latin-1"),
        )


def _hdu(buffer: Buffer, offset: int, index: int, max_cards: int) -> Hdu:
    cards, start = parse_cards(buffer, offset, max_cards)
    bitpix, axes = _integer(cards, "BITPIX", index), _axes(cards, index)
    extra: int = _integer(cards, "PCOUNT", index, 0)
    groups = _integer(cards, "GCOUNT", index, 1)
    if extra < 0 or groups < 0 or abs(bitpix) not in (8, 16, 32, 64):
        raise _bad_header(index, "BITPIX", bitpix)
    elements: int = prod(axes)
    size = (abs(bitpix) // 8) * groups * (extra + elements) if axes else 0
    if start + size > len(buffer):
        raise UsageError(
            "fits.truncated",
            "HDU {index} claims {claimed} bytes of data, but only {present} are in the file",
            index=index,
            claimed=size,
            present=max(0, len(buffer) - start),
        )
    name = str(cards.get("EXTNAME") or ("PRIMARY" if index == 0 else "")).strip()
    return Hdu(index, name, cards, _kind(cards, axes), start, size, tuple(reversed(axes)))


def _kind(cards: Mapping[str, CardValue], axes: list[int]) -> str:
    extension = str(cards.get("XTENSION", "IMAGE")).strip()
    if extension == "BINTABLE":
        return "table"
    if extension == "IMAGE":
        return "image" if axes and all(axes) else "none"
    return "other"


def _axes(cards: Mapping[str, CardValue], index: int) -> list[int]:
    """Axis lengths by NAXIS alone: LAMOST writes NAXIS1 and NAXIS2 into headers with NAXIS = 0."""
    count = _integer(cards, "NAXIS", index)
    if not 0 <= count <= 999:
        raise _bad_header(index, "NAXIS", count)
    axes = [_integer(cards, f"NAXIS{i + 1}", index) for i in range(count)]
    if any(n < 0 for n in axes):
        raise _bad_header(index, "NAXISn", min(axes))
    return axes


def _integer(cards: Mapping[str, CardValue], key: str, index: int, default: int | None = None) -> int:
    value = cards.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad_header(index, key, value)
    return value


def _bad_header(index: int, key: str, value: object) -> UsageError:
    return UsageError(
        "fits.bad_header",
        "the header of HDU {index} has {key} = {value!r}, which the FITS standard does not allow",
        index=index,
        key=key,
        value=value,
    )


def parse_cards(buffer: Buffer, offset: int, max_cards: int = 20_000) -> tuple[dict[str, CardValue], int]:
    """Return the keyword values of the header at `offset`, and the offset just after its last block.

    The first of repeated keywords wins; COMMENT and HISTORY are left out.
    """
    cards: dict[str, CardValue] = {}
    long_key = ""
    end = min(len(buffer), offset + max_cards * CARD)
    for at in range(offset, end - CARD + 1, CARD):
        card = buffer[at : at + CARD].decode("latin-1")
        key = card[:8].rstrip()
        if key == "END":
            after = offset - (-(at + CARD - offset) // BLOCK) * BLOCK
            if after > len(buffer):
                break
            return cards, after
        if card[8:10] == "= " and key not in _NO_VALUE:
            value = card_value(card[10:])
            cards.setdefault(key, value)
            long_key = key if isinstance(value, str) and value.endswith("&") else ""
        elif key == "CONTINUE" and long_key:
            cards[long_key] = str(cards[long_key])[:-1] + str(card_value(card[8:]) or "")
        elif key == "HIERARCH" and "=" in card:
            name, _, text = card[9:].partition("=")
            cards.setdefault(name.strip(), card_value(text))
    if end < len(buffer):
        raise LimitError("fits.too_many", "more than {limit} {things}", limit=max_cards, things="header cards")
    raise UsageError("fits.truncated_header", "the file ends inside a header that starts at byte {at}", at=offset)


def card_value(text: str) -> CardValue:
    """Return the Python value of a card's value field (FITS 4.0, section 4.2); None when undefined."""
    text = text.lstrip()
    if text.startswith("'"):
        return _quoted(text)
    word = text.partition("/")[0].strip()
    if word in ("T", "F"):
        return word == "T"
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word.replace("D", "E").replace("d", "e"))
    except ValueError:
        return word or None


def _quoted(text: str) -> str:
    close = text.find("'", 1)
    while close != -1 and text[close + 1 : close + 2] == "'":
        close = text.find("'", close + 2)
    return text[1 : close if close != -1 else len(text)].replace("''", "'").rstrip()
