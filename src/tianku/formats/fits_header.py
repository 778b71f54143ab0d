"""FITS header cards (FITS 4.0 §4), long texts by CONTINUE."""

from __future__ import annotations

BLOCK = 2880


def card(keyword: str, value: str | int | bool | None = None, comment: str = "") -> bytes:
    """One keyword as one card, or several when a text needs CONTINUE."""
    if isinstance(value, str):
        return _text_cards(keyword, ascii_text(value))
    if isinstance(value, bool):
        shown = "T" if value else "F"
    else:
        shown = str(value)
    tail = f" / {comment}" if comment else ""
    return _line(f"{keyword:<8}= {shown:>20}{tail}")


def remark(keyword: str, text: str) -> bytes:
    """COMMENT or HISTORY cards."""
    plain = ascii_text(text)
    return b"".join(_line(f"{keyword:<8}{plain[i : i + 72]}") for i in range(0, max(len(plain), 1), 72))


def finished(cards: bytes) -> bytes:
    """The whole header: END, padded with blanks to a block."""
    whole = cards + _line("END")
    return whole + b" " * (-len(whole) % BLOCK)


def ascii_text(value: str) -> str:
    """Printable ASCII, as headers and text columns must be; other characters as backslash escapes."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in value)


def _text_cards(keyword: str, value: str) -> bytes:
    first, *rest = _pieces(value)
    more = "&" if rest else ""
    cards = _line(f"{keyword:<8}= {_quoted(first + more)}")
    for index, piece in enumerate(rest):
        more = "&" if index < len(rest) - 1 else ""
        cards += _line(f"CONTINUE  {_quoted(piece + more)}")
    return cards


def _pieces(value: str) -> list[str]:
    """Cut so that each piece, its quotes doubled and with its ampersand, fits a card."""
    pieces, current, width = [], "", 0
    for character in value:
        cost = 2 if character == "'" else 1
        if width + cost > 67:
            pieces.append(current)
            current, width = "", 0
        current += character
        width += cost
    return [*pieces, current]


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled:<8}'"


def _line(text: str) -> bytes:
    return f"{text:<80}"[:80].encode("ascii")
