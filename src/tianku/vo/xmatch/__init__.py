"""The HTTP interface of the CDS cross-match service, so that its clients work with another address."""
