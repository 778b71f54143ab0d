"""The `tianku` command: wiring only."""
