"""Units as people read them; the VOUnits spelling stays with programs."""

from __future__ import annotations

import re

_FACTOR = re.compile(r"(10(?=\*\*)|[A-Za-z%]+)(?:\*\*\(?([-+]?\d+)\)?)?")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+")
_SYMBOLS = {"Angstrom": "Å", "angstrom": "Å", "um": "µm", "count": "counts", "ct": "counts", "adu": "ADU"}


def pretty(unit: str) -> str:
    """Return a VOUnits string for reading.

    >>> pretty("10**-17erg.s**-1.cm**-2.Angstrom**-1")
    '10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹'

    What is not a product of powers stays as it is.
    """
    if re.sub(r"[.* ]", "", _FACTOR.sub("", unit)):
        return unit
    return " ".join(
        _SYMBOLS.get(base, base) + (power or "").translate(_RAISED) for base, power in _FACTOR.findall(unit)
    )
