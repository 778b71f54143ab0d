"""Measurements, each beside a peer or the bare engine in the same run. `make bench` runs them all."""
