"""The sphere: HEALPix ranges, coverage (MOC) and its maps."""
