"""DataLink 1.1: from a publisher identifier to files, spectra and companions."""
