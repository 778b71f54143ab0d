"""A small simulated LAMOST release in valid DR10 format, for demonstrations; every file says SIMULATE = T."""

from tianku.products.simulate.release import simulate_release

__all__ = ["simulate_release"]
