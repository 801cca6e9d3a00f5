"""Scans are tried on both databases, and a shop has a parcel that is waiting for some."""

import pytest

from tests.serving.scans.reports import PARCEL
from tests.serving.shop import Shop
from tests.serving.stores.conftest import database, database_url

__all__ = ["database", "database_url"]


@pytest.fixture
def shop(shop: Shop) -> Shop:
    assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
    return shop
