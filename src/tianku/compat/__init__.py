"""HTTP interfaces whose clients are in the field: the LAMOST OpenAPI, its older addresses, and NADC's."""
