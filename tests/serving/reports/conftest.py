"""Fixtures of the tests of reports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.reports.records import Records
from tests.serving.shop import open_shop
from tests.serving.stores.conftest import database_url
from tests.serving.tracking.conftest import tracked

__all__ = ["database_url", "tracked"]


@pytest.fixture
def records(tmp_path: Path, database_url: str) -> Iterator[Records]:
    """What was said of parcels, written by hand; it is noon of Thursday, 3 December 2026."""
    with open_shop(tmp_path, "2026-12-03T12:00:00+00:00", database=database_url) as shop:
        yield Records(shop)
