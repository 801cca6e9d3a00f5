"""Scans are tried on both databases."""

from tests.serving.stores.conftest import database, database_url

__all__ = ["database", "database_url"]
