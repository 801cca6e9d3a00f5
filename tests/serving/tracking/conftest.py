"""Fixtures of the tests of what is told of parcels."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.shop import Shop, open_shop
from tests.serving.stores.conftest import database_url
from tests.serving.worker.depot import Depot

__all__ = ["database_url"]


@pytest.fixture
def tracked(tmp_path: Path, database_url: str) -> Iterator[tuple[Shop, Depot]]:
    """A shop, and the depot behind it with a worker that does rounds when it is told to."""
    with open_shop(tmp_path, "2026-11-23T10:00:00+01:00", database=database_url) as shop:
        depot = Depot(shop.services.database)
        depot.clock = shop.clock
        depot.bundle = shop.source.published
        depot.worker = depot.another_worker()
        yield shop, depot
