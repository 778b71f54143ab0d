"""The LAMOST OpenAPI and the addresses before it."""
