"""VOSI 1.1: how services describe themselves."""
