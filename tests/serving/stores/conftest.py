"""Databases of the tests: a SQLite file, and a PostgreSQL database that is made and dropped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from serving.stores.database import Database

POSTGRESQL = os.environ.get("PARCELCAST_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'parcels.sqlite'}"
        return
    with new_postgresql() as url:
        yield url


@contextmanager
def new_postgresql() -> Iterator[str]:
    """Make an empty database in PostgreSQL, and drop it; the test is skipped where there is no server."""
    name = f"parcelcast_{uuid4().hex}"
    try:
        admin = psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL at {POSTGRESQL} ({error}); set PARCELCAST_TEST_POSTGRESQL to one")
    with admin:
        admin.execute(f"create database {name}")
        try:
            yield POSTGRESQL.rpartition("/")[0] + "/" + name
        finally:
            admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database."""
    found = Database(database_url)
    found.migrate()
    yield found
    found.close()
