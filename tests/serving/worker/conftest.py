"""Fixtures of the worker's tests."""

import pytest

from tests.serving.stores.conftest import database, database_url
from tests.serving.worker.depot import Depot

__all__ = ["database", "database_url"]


@pytest.fixture
def depot(database) -> Depot:
    return Depot(database)
