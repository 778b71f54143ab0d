"""Jobs: what can be run as one, what owners do with them, and where their results are."""
