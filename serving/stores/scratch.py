"""Databases for measurements and trials: made, used and dropped."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from serving.errors import StoreUnavailableError
from serving.stores.database import address_of

TEST_SERVER = "postgresql://postgres@127.0.0.1:5432/test"


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """Make an empty database on the PostgreSQL server of this address, and drop it afterwards.

    StoreUnavailableError when the server does not let us.
    """
    address = address_of(server)
    name = f"parcelcast_{uuid4().hex}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as admin:
            admin.exec_driver_sql(f"create database {name}")
            try:
                yield address.set(database=name).render_as_string(hide_password=False)
            finally:
                admin.exec_driver_sql(f"drop database {name} with (force)")
    except SQLAlchemyError as error:
        raise StoreUnavailableError(
            f"no database can be made in PostgreSQL ({type(error).__name__}); name a server that allows it in "
            "PARCELCAST_TEST_POSTGRESQL"
        ) from error
    finally:
        engine.dispose()
