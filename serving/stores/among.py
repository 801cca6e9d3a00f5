"""Rows of which a column is among many values, by a statement that is the same however many those are."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Text, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY


def among(connection: Connection, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition. PostgreSQL takes the values as one array: each as a parameter costs more than its rows."""
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    return column == any_(bindparam(None, list(values), type_=ARRAY(Text)))
