"""UWS 1.1: jobs of any service, over one job table."""
