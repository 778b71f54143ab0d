"""DALI 1.1: what every protocol of this family shares."""
