"""Rows of which a column is among many values."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Text, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY


def among(connection: Connection, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition. PostgreSQL takes the values as one array, in a statement that stays the same.

    As parameters they cost more than their rows.
    """
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    return column == any_(bindparam(None, list(values), type_=ARRAY(Text)))
