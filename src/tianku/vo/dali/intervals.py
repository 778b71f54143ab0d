"""Numbers and intervals in parameters (DALI 1.1, 3.3.3): ``1.5``, ``1 2``, ``-Inf 5``."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tianku.model.errors import UsageError

#: lowest and highest value; infinite where it is open
Interval = tuple[float, float]
#: values of one parameter
MOST_VALUES = 100


def intervals(name: str, texts: Sequence[str], unit: str = "") -> list[Interval]:
    """Return the intervals of a parameter that may be given several times; a number alone has no length.

    Raises
    ------
    UsageError
        ``dali.interval``, ``dali.too_many``
    """
    return [interval(name, text, unit) for text in few(name, texts)]


def interval(name: str, text: str, unit: str = "") -> Interval:
    """Return one interval; see `intervals`."""
    found = numbers(text)
    if (
        found is None
        or not 1 <= len(found) <= 2
        or found[0] > found[-1]
        or (math.isinf(found[0]) and len(found) == 1)
    ):
        raise UsageError(
            "dali.interval",
            "{name}={value!r} is no interval: write `low high`{unit}; an end may be -Inf or +Inf.",
            name=name,
            value=text[:80],
            unit=f" in {unit}" if unit else "",
        )
    return found[0], found[-1]


def numbers(text: str) -> list[float] | None:
    """Return numbers separated by blanks, infinities among them; None when something is none."""
    words = text.split()
    try:
        found = [float(word) for word in words if word.isascii() and "_" not in word]
    except ValueError:
        return None
    return found if len(found) == len(words) and not any(math.isnan(one) for one in found) else None


def few(name: str, texts: Sequence[str]) -> list[str]:
    """Return the values of a parameter that are not empty, unless there are too many."""
    given = [text.strip() for text in dict.fromkeys(texts) if text.strip()]
    if len(given) > MOST_VALUES:
        raise UsageError(
            "dali.too_many", "{name} is given {count} times; at most {most}.",
            name=name, count=len(given), most=MOST_VALUES,
        )  # fmt: skip
    return given
