"""What an engine must do to run the definitions."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import ibis
import ibis.backends.sql.compilers  # which Ibis would load only where it translates the first definition
import pyarrow as pa

Source: TypeAlias = pa.Table | Sequence[Path]


class Session(Protocol):
    """Tables by name, and queries over them; all are gone when the session ends."""

    def give(self, name: str, source: Source) -> None:
        """Make a table in memory, or the Parquet files of a list, known under a name."""
        ...

    def define(self, name: str, expression: ibis.Table) -> None:
        """Make the rows of an expression known under a name; they are computed where they are asked for."""
        ...

    def keep(self, name: str, expression: ibis.Table) -> None:
        """Compute a table once and keep it under a name."""
        ...

    def translate(self, *expressions: ibis.Table) -> None:
        """Translate definitions that will be asked for; another thread may do so while the engine works."""
        ...

    def table(self, expression: ibis.Table) -> pa.Table:
        """Return the rows of an expression."""
        ...

    def write(self, expression: ibis.Table, path: Path) -> int:
        """Write the rows of an expression as one Parquet file; return how many there are."""
        ...

    def write_parts(self, expression: ibis.Table, folder: Path) -> list[Path]:
        """Write the rows of an expression as Parquet files into a new folder, as many as suit the engine."""
        ...


class Engine(Protocol):
    """Opens sessions."""

    def session(self) -> AbstractContextManager[Session]:
        """Open a session with no tables."""
        ...


def unbound(name: str, columns: Mapping[str, str]) -> ibis.Table:
    """Return a table that a definition can be written over: a name and columns, no rows."""
    return ibis.table(dict(columns), name=name)


def sql_of(expression: ibis.Table, dialect: str) -> str:
    """Return a definition as the SQL of an engine; each is translated once."""
    return _sql(expression.op(), dialect)


@cache
def _sql(operation: Any, dialect: str) -> str:
    return str(ibis.to_sql(operation.to_expr(), dialect=dialect, pretty=False))
