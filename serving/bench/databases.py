"""The databases on which is measured: a SQLite file and a PostgreSQL database, both empty and gone afterwards."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from serving.stores.scratch import TEST_SERVER, scratch_database

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)


@contextmanager
def empty_database(name: str) -> Iterator[str]:
    """Yield the address of an empty one of DATABASES; StoreUnavailableError where no PostgreSQL lets us make one."""
    if name == SQLITE:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/parcels.sqlite"
    else:
        with scratch_database(os.environ.get("PARCELCAST_TEST_POSTGRESQL", TEST_SERVER)) as url:
            yield url
