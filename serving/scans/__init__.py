"""Scans in: one entrance for HTTP, files, brokers and trackers."""
