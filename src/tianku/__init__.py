"""Tianku: an astronomical data centre in one package."""

__version__ = "0.1.0"
