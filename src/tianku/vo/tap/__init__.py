"""TAP 1.1: synchronous queries and jobs, and how the service describes itself."""
