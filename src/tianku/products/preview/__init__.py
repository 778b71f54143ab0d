"""Previews of products as PNG: one module per type, each with a function ``preview``."""
