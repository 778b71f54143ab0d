"""SODA 1.0: parts of products, cut out when they are asked for."""
