"""Template tags and filters of the site."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tianku.model.text import Text
from tianku.pages import assets, language, words
from tianku.pages.units import pretty

register = template.Library()

_STEPS = ("B", "kB", "MB", "GB", "TB", "PB")


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a front-end file."""
    return assets.asset_url(name)


@register.filter
def text(value: Text | str | None) -> str:
    """Return a bilingual text in the page's language."""
    if value is None or isinstance(value, str):
        return value or ""
    return value.in_(language.short())


@register.filter
def word(value: str | None) -> str:
    """Return a word of the data model in the page's language."""
    return text(words.word(value))


@register.simple_tag
def unit(value: str | None) -> SafeString:
    """Return a unit for reading, with its VOUnits spelling at hand."""
    if not value:
        return SafeString("")
    return format_html('<span class="unit" title="{}">{}</span>', value, pretty(value))


@register.filter
def degrees(value: float | None) -> str:
    """Return a coordinate to a hundredth of an arcsecond or so."""
    return "" if value is None else f"{value:.6f}"


@register.filter
def moment(value: str | None) -> str:
    """Return an ISO time (UTC) as people read it: date, hour and minute."""
    return (value or "").removesuffix("Z").replace("T", " ")


@register.filter
def number(value: float | int | None) -> str:
    """Return an integer with thousands apart, or a float as short as its digits allow."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.7g}"


@register.filter
def counted(value: int) -> str:
    """Return a count with thousands apart, and nothing for none."""
    return f"{value:,}" if value else ""


@register.filter
def breakable(value: str) -> SafeString:
    """Return words joined by ``;`` or ``.`` so that a narrow column may break them."""
    return mark_safe(re.sub(r"([;.])", r"\1<wbr>", escape(value)))  # noqa: S308 - escaped before


@register.filter
def size(value: int | None) -> str:
    """Return a number of bytes in decimal units."""
    if value is None:
        return "–"
    amount, step = float(value), 0
    while amount >= 1000 and step < len(_STEPS) - 1:
        amount, step = amount / 1000, step + 1
    return f"{amount:.3g} {_STEPS[step]}" if step else f"{value} B"


@register.filter
def day(value: float | None) -> str:
    """Return a UTC POSIX time as a date."""
    return "" if value is None else datetime.fromtimestamp(value, UTC).date().isoformat()


@register.filter
def bars(values: Iterable[int]) -> list[int]:
    """Return the heights of a histogram in percent of its highest bin."""
    counts = list(values)
    most = max(counts, default=0)
    return [round(100 * count / most) for count in counts] if most else []


@register.simple_tag(takes_context=True)
def absolute(context: dict[str, Any], path: str) -> str:
    """Return an address that works outside the browser."""
    return str(context["request"].build_absolute_uri(path))


@register.simple_tag
def coverage_map(moc: str, title: str) -> SafeString:
    """Return the coverage of an ASCII MOC as an SVG drawing."""
    return _drawn(moc, title)


@lru_cache(maxsize=256)
def _drawn(moc: str, title: str) -> SafeString:
    from tianku.sky.coverage import coverage_svg
    from tianku.sky.moc import from_ascii

    # coverage_svg escapes the title, the only text in it.
    return mark_safe(coverage_svg(from_ascii(moc), title))  # noqa: S308
