"""How far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One report about one step of the work."""

    name: str
    done: float
    total: float | None = None
    unit: str = "rows"
    rate: float | None = None  # units per second


Progress = Callable[[Step], None]


def silent(_: Step) -> None:
    """Ignore progress."""
