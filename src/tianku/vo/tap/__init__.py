"""TAP 1.1: synchronous queries, and how the service describes itself."""
