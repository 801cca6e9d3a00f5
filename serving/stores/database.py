"""A database by its address: SQLite or PostgreSQL, reading and writing transactions, migrations.

Used from many threads. What the driver says is translated to StoreRefusedError where it is about values, else to
StoreUnavailableError, without any value of a row or part of the address.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError

from parcelcast.errors import InputError
from serving.errors import StoreRefusedError, StoreUnavailableError
from serving.stores.schema import metadata

MIGRATIONS = Path(__file__).parent / "migrations"

_BUSY_MS = 5_000
_CONNECT_SECONDS = 3
_STATEMENT_MS = 30_000
_POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 8, "pool_timeout": _BUSY_MS / 1000, "hide_parameters": True}
_POSTGRESQL = "postgresql+psycopg"
_WRITES = "parcelcast_writes"
_MIGRATION_LOCK = 7_202_611  # any number; PostgreSQL keeps those who migrate at once apart by it


# Why PostgreSQL cannot be reached; it says so in one sentence with where it is looked for and by whom.
_WORDS = (
    "Connection refused",
    "timeout expired",
    "failed to resolve host",
    "No such file or directory",
    "authentication failed",
    "no pg_hba.conf entry",
    "does not exist",
    "too many clients",
    "not currently accepting connections",
    "starting up",
    "shutting down",
    "closed the connection unexpectedly",
)


class Database:
    """A pool of connections to the database at `url`: `sqlite:///FILE` or `postgresql://...`.

    InputError for another kind of address, or a folder that cannot be made. Nothing is opened until it is used;
    `migrate` comes first.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._writer: Any = Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Tell whether it is SQLite: one writer at a time, no row locks."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one transaction."""
        with _translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write in one transaction, which is durable when this returns, and undone when it raises."""
        engine = self._engine.execution_options(**{_WRITES: True})
        # Threads of one process wait here, first come first served; SQLite itself would let them poll.
        with _translated(), self._writer, engine.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema to this version's; StoreUnavailableError when a newer version has written it."""
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})")
            _upgrade(connection)

    def check(self) -> None:
        """Raise StoreUnavailableError when nothing can be written: a few bytes are, which mean nothing."""
        # A transaction without any would not ask the disk.
        with self.writing() as connection:
            connection.exec_driver_sql("pragma user_version = 0" if self.is_sqlite else "select pg_current_xact_id()")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    address = address_of(url)
    if address.drivername == _POSTGRESQL:
        # Statements take milliseconds, and compiling one some hundreds of them.
        options = f"-c timezone=UTC -c statement_timeout={_STATEMENT_MS} -c lock_timeout={_BUSY_MS} -c jit=off"
        return create_engine(
            address,
            connect_args={"connect_timeout": _CONNECT_SECONDS, "options": options},
            pool_pre_ping=True,
            **_POOL,
        )
    _make_folder(Path(address.database or "").parent)
    engine = create_engine(address, connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False}, **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder of the database, {folder}, cannot be made ({error.strerror}); expected one that can be "
            "written: name another file in PARCELCAST_DATABASE"
        ) from error


def address_of(url: str) -> URL:
    """Read an address; InputError for another kind."""
    try:
        address = make_url(url)
    except ArgumentError:
        address = URL.create("none")
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername=_POSTGRESQL)
    is_file = address.drivername == "sqlite" and address.database not in {None, "", ":memory:"}
    if not is_file and address.drivername != _POSTGRESQL:
        # It may hold a password, so it is not repeated.
        raise InputError(
            "the database's address cannot be used; expected sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    return address


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by us, below
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins by reading could not become a writing one while another writes.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)

    def to_head(revision: Any, _context: object) -> Any:
        known = {script.revision for script in scripts.walk_revisions()}
        held = {revision} if isinstance(revision, str) else set(revision)
        if not held <= known:
            raise StoreUnavailableError(
                f"the database has schema {', '.join(sorted(held - known))}, which this version does not know: "
                "start a newer version, or name another database"
            )
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 - Alembic's own example of running without env.py

    with EnvironmentContext(config, scripts, fn=to_head) as environment:
        environment.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        environment.run_migrations()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise StoreRefusedError(f"the database does not take this ({_kind_of(error)})") from error
    except (SQLAlchemyError, sqlite3.Error) as error:  # the latter while a connection is prepared
        raise StoreUnavailableError(f"the database failed ({_kind_of(error)}); try again later") from error


def _kind_of(error: Exception) -> str:
    """Say what went wrong. SQLite's texts name no values; of PostgreSQL's only those of `_WORDS` are told."""
    told = error.orig if isinstance(error, DBAPIError) else error
    kind = type(told).__name__
    if isinstance(told, sqlite3.Error):
        return f"{kind}: {str(told)[:200]}"
    said = next((words for words in _WORDS if words in str(told)), None)
    return kind if said is None else f"{kind}: {said}"
