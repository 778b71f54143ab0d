"""Configuration and metadata: the vocabulary every other layer speaks. Imports nothing of Tianku."""
