"""The query interface of NADC: ``/query/openapi``."""
