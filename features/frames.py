"""Columns of canonical tables as arrays: days as numbers since 1970-01-01, texts "" and numbers NaN where unknown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.orders import Days, Floats, Texts
from features.sketches import UNKNOWN


def texts(column: pd.Series) -> Texts:
    """Return texts, "" where missing."""
    return np.asarray(column.to_numpy(dtype=object, na_value=""))


def floats(column: pd.Series) -> Floats:
    """Return numbers, NaN where missing."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def dates(column: pd.Series) -> Days:
    """Return the day numbers of dates, -1 where missing."""
    return _day_numbers(pd.to_datetime(column))


def utc_instants(column: pd.Series) -> NDArray[np.datetime64]:
    """Return instants as UTC without a zone, in microseconds, NaT where missing."""
    return np.asarray(column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), dtype="datetime64[us]")


def utc_days(column: pd.Series) -> Days:
    """Return the UTC days of instants, -1 where missing."""
    return _day_numbers(column.dt.tz_convert("UTC").dt.tz_localize(None))


def local_days(column: pd.Series, zones: Texts) -> Days:
    """Return the days that clocks in each row's time zone show at instants, -1 where missing."""
    out = np.full(len(column), UNKNOWN)
    for name in dict.fromkeys(zones):
        mine = zones == name
        out[mine] = _day_numbers(column[mine].dt.tz_convert(name).dt.tz_localize(None))
    return out


def local_hours(column: pd.Series, zones: Texts) -> Floats:
    """Return the hours that clocks in each row's time zone show at instants."""
    out = np.empty(len(column))
    for name in dict.fromkeys(zones):
        mine = zones == name
        out[mine] = column[mine].dt.tz_convert(name).dt.hour
    return out


def objects(values: Sequence[Any]) -> Texts:
    """Return values as an array of objects."""
    return np.fromiter(values, dtype=object, count=len(values))


def _day_numbers(column: pd.Series) -> Days:
    values = column.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(values), UNKNOWN, values.astype(np.int64))


def outgoing(shipments: pd.DataFrame) -> pd.DataFrame:
    """Return the shipments that go to shoppers: all but returns."""
    return shipments[~shipments["is_return"].fillna(value=False).astype(bool)]
