"""Bytes: durable local files, room on disk, named points of failure for tests."""
