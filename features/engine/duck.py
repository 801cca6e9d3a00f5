"""DuckDB runs the definitions on one machine; what exceeds its memory limit goes to disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa

from features.engine.engines import Session, Source, sql_of

_DIALECT = "duckdb"
_FEW = 1000  # rows; with fewer it does not matter how they are looked up
_SHARED = 16_384  # rows: a core reads as many at least, and small files are read by all cores


@dataclass(frozen=True)
class DuckDB:
    """Opens sessions on databases in memory; `memory_limit` such as "4GB", None for DuckDB's own (80 % of the RAM)."""

    memory_limit: str | None = None
    temp_directory: Path | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session with no tables."""
        with _database(self.memory_limit, self.temp_directory).cursor() as connection:
            yield _Session(connection)


@cache
def _database(memory_limit: str | None, temp_directory: Path | None) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    # Instants are cut into days by the session's clock. The order of rows is told by the definitions where it matters.
    database.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    if memory_limit is not None:
        database.execute("SET memory_limit = $1", [memory_limit])
    if temp_directory is not None:
        temp_directory.mkdir(parents=True, exist_ok=True)
        database.execute("SET temp_directory = $1", [str(temp_directory)])
    return database


class _Session:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._own: set[str] = set()

    def give(self, name: str, source: Source) -> None:
        if isinstance(source, pa.Table):
            if not any(pa.types.is_timestamp(kind) for kind in source.schema.types):
                self._give(name, source)
                return
            self._connection.register(f"{name}_given", source)
            given = _name(f"{name}_given")
        else:
            files = ", ".join(_text(path) for path in source)
            given = f"read_parquet([{files}], hive_partitioning = false)"
        columns = self._connection.execute(f"DESCRIBE FROM {given}").fetchall()
        # DuckDB looks a time zone up for each instant that it takes apart; in UTC there is none to look up.
        naive = [
            f"make_timestamp(epoch_us({_name(column)})) AS {_name(column)}"
            for column, kind, *_ in columns
            if kind == "TIMESTAMP WITH TIME ZONE"
        ]
        every = f"* REPLACE ({', '.join(naive)})" if naive else "*"
        self._run(f"CREATE OR REPLACE TEMP VIEW {_name(name)} AS SELECT {every} FROM {given}")  # noqa: S608 - our names

    def _give(self, name: str, source: pa.Table) -> None:
        if source.num_rows < _FEW and name not in self._own:
            self._connection.register(name, source)
            return
        # Of its own tables DuckDB knows the least and greatest key, and finds rows by position where keys are dense.
        self._own.add(name)
        self._connection.unregister(name)
        self._connection.register(f"{name}_given", source)
        self._run(f"CREATE OR REPLACE TEMP TABLE {_name(name)} AS FROM {_name(f'{name}_given')}")
        self._connection.unregister(f"{name}_given")

    def define(self, name: str, expression: ibis.Table) -> None:
        self._run(f"CREATE OR REPLACE TEMP VIEW {_name(name)} AS {sql_of(expression, _DIALECT)}")

    def keep(self, name: str, expression: ibis.Table) -> None:
        self._run(f"CREATE OR REPLACE TEMP TABLE {_name(name)} AS {sql_of(expression, _DIALECT)}")

    def translate(self, *expressions: ibis.Table) -> None:
        for expression in expressions:
            sql_of(expression, _DIALECT)

    def table(self, expression: ibis.Table) -> pa.Table:
        return self._connection.sql(sql_of(expression, _DIALECT)).to_arrow_table()

    def write(self, expression: ibis.Table, path: Path) -> int:
        return self._copy(expression, path, f", ROW_GROUP_SIZE {_SHARED}")

    def write_parts(self, expression: ibis.Table, folder: Path) -> list[Path]:
        folder.mkdir(parents=True)
        path = folder / "all.parquet"
        self._copy(expression, path)
        return [path]

    def _copy(self, expression: ibis.Table, path: Path, options: str = "") -> int:
        copy = f"COPY ({sql_of(expression, _DIALECT)}) TO {_text(path)} (FORMAT parquet, COMPRESSION snappy{options})"
        ((rows,),) = self._connection.execute(copy).fetchall()
        return int(rows)

    def _run(self, sql: str) -> None:
        self._connection.execute(sql).fetchall()


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
