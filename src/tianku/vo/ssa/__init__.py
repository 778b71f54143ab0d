"""Simple Spectral Access 1.1, one service per set of spectra."""
