"""Text as numbers, instants, dates and codes: each parser returns the values and tells which rows it could not read."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from parcelcast.errors import DataError
from pipelines.ingest.instants import UTC_INSTANT, clock_change_rows, local_to_utc

_OFFSET = r"(?:[Zz]|[+-]\d{2}:?\d{2})$"
_ZONE_NAME = r"[0-9 ](?:[A-Z]{2,5})$"
_GROUPED = r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?"
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}"


class Where(NamedTuple):
    """A column of a file, for messages."""

    file: str
    column: str


class Parsed(NamedTuple):
    """Values of a column and the rows (boolean) whose text was there but could not be read.

    Of local times also the number of rows that a clock change makes ambiguous or impossible.
    """

    result: pd.Series
    bad: pd.Series
    clock_change_rows: int = 0


def shown(column: pd.Series, rows: pd.Series, count: int = 3) -> str:
    """First `count` bad rows as text for an error message: row number (from 1) and value.

    >>> shown(pd.Series(["1", "x", "y"]), pd.Series([False, True, True]))
    "row 2: 'x'; row 3: 'y'"
    """
    bad = column[rows.to_numpy(dtype=bool)].head(count)
    return "; ".join(f"row {int(str(row)) + 1}: {str(value)!r}" for row, value in bad.items())


def parse_numbers(column: pd.Series, decimal: str = ".") -> Parsed:
    """Read numbers (float64, missing = NaN); `decimal` is the decimal mark, with "," the "." groups thousands.

    A "." that does not stand before exactly three digits groups nothing: such a value cannot be read.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return Parsed(column.astype("float64"), pd.Series(data=False, index=column.index))
    text = column.astype("string[pyarrow]").str.strip()
    if decimal == ",":
        sound = ~text.str.contains(".", regex=False) | text.str.fullmatch(_GROUPED)
        text = text.where(sound.fillna(value=False).astype(bool))
        text = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    values = pd.to_numeric(text.astype(object), errors="coerce").astype("float64")
    return Parsed(values, _unread(column, values))


def parse_booleans(column: pd.Series) -> Parsed:
    """Read true/false, yes/no, 1/0 in any case (boolean, missing = NA)."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return Parsed(column.astype("boolean"), pd.Series(data=False, index=column.index))
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    values = column.astype("string").str.strip().str.lower().astype(object).map(words).astype("boolean")
    return Parsed(values, _unread(column, values))


def parse_dates(column: pd.Series, pattern: str | None = None) -> Parsed:
    """Read calendar dates (datetime64[us] at midnight). Without a strptime `pattern`: ISO, a time of day is dropped."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        naive = column.dt.tz_localize(None) if column.dt.tz is not None else column
        return Parsed(naive.dt.normalize().astype("datetime64[us]"), pd.Series(data=False, index=column.index))
    text = column.astype("string").str.strip()
    if pattern is None:
        text = text.str.slice(0, 10)
    values = pd.to_datetime(text.astype(object), format=pattern or "%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    return Parsed(values.dt.normalize(), _unread(column, values))


def parse_instants(column: pd.Series, at: Where, time_zone: str | None, pattern: str | None = None) -> Parsed:
    """Read times as UTC instants (datetime64[us, UTC]).

    A time with an offset (Z, +01:00) is unambiguous. A time without one needs the `time_zone` it is told in. A column
    that mixes the two, or several zone names, or times without offset and without a stated zone, raises DataError.
    `at` names file and column in the message.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _typed_instants(column, at, time_zone)
    text = column.astype("string[pyarrow]").str.strip()
    _refuse_zone_names(text, at)
    if pattern is not None:
        values = pd.to_datetime(text.astype(object), format=pattern, errors="coerce", utc="%z" in pattern)
        if "%z" in pattern:
            return Parsed(values.astype(UTC_INSTANT), _unread(column, values))
        return _zoned(values, column, _stated(time_zone, text, at))
    offset = text.str.contains(_OFFSET, regex=True).fillna(value=False).astype(bool)
    local = text.notna() & ~offset & text.str.match(_ISO_DAY).fillna(value=False).astype(bool)
    if offset.any() and local.any():
        raise DataError(
            f"mixed time zones: {int(offset.sum()):,} times carry an offset, {int(local.sum()):,} do not "
            f"({shown(text, local)})",
            file=at.file,
            column=at.column,
            remedy="export the whole column in UTC, or all of it local with `time_zone` in the mapping",
        )
    if offset.any():
        values = pd.to_datetime(text.astype(object), format="ISO8601", errors="coerce", utc=True).astype(UTC_INSTANT)
        return Parsed(values, _unread(column, values))
    naive = pd.to_datetime(text.astype(object), format="ISO8601", errors="coerce").astype("datetime64[us]")
    return _zoned(naive, column, _stated(time_zone, text, at) if local.any() else "UTC")


def _typed_instants(column: pd.Series, at: Where, time_zone: str | None) -> Parsed:
    if column.dt.tz is not None:
        return Parsed(column.dt.tz_convert("UTC").astype(UTC_INSTANT), pd.Series(data=False, index=column.index))
    return _zoned(column, column, _stated(time_zone, column, at))


def _zoned(local: pd.Series, column: pd.Series, time_zone: str) -> Parsed:
    values = local_to_utc(local, time_zone)
    return Parsed(values, _unread(column, values), clock_change_rows(local, time_zone))


def _stated(time_zone: str | None, column: pd.Series, at: Where) -> str:
    if time_zone is None:
        raise DataError(
            f"times without a UTC offset ({shown(column, column.notna())})",
            file=at.file,
            column=at.column,
            remedy="export them with an offset, as 2024-05-31T14:05:00+02:00, or state the column's `time_zone` in the "
            "mapping, such as Europe/Berlin",
        )
    return time_zone


def _refuse_zone_names(text: pd.Series, at: Where) -> None:
    named = text[text.str.contains(_ZONE_NAME, regex=True).fillna(value=False).astype(bool)]
    if named.empty:
        return
    names = named.str.extract(_ZONE_NAME.replace("(?:", "(", 1), expand=False)
    distinct = sorted(set(names))
    first = "; ".join(shown(named, names == name, count=1) for name in distinct[:3])
    problem = "mixed time zones" if len(distinct) > 1 else "a zone abbreviation, which is not unique in the world"
    raise DataError(
        f"{problem}: {', '.join(distinct)} ({first})",
        file=at.file,
        column=at.column,
        remedy="export the column in UTC with an offset (Z or +01:00), or without zone names and with `time_zone` in "
        "the mapping",
    )


def _unread(column: pd.Series, values: pd.Series) -> pd.Series:
    return column.notna() & values.isna()
