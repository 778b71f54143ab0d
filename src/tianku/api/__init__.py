"""The JSON API, version 1, and downloads of files."""
