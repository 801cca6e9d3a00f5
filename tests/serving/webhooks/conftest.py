"""Fixtures of the tests of webhooks: SQLite, or each database where it matters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.stores.database import Database
from tests.serving.fakes import FakeClock
from tests.serving.stores.conftest import database as each_database
from tests.serving.stores.conftest import database_url
from tests.serving.stores.outbox import NOON

__all__ = ["database_url", "each_database"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    found.migrate()
    yield found
    found.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)
