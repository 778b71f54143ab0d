"""Simple Cone Search 1.03, one service per position of a table."""
