"""Columns that rules look at and tables do not have: durations and flags, computed for all rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from parcelcast.address import UNKNOWN_COUNTRY, is_whole_postal_code
from parcelcast.calendar import zone
from parcelcast.errors import ParcelcastError
from parcelcast.scan import CODES
from parcelcast.tables import SCANS, WEATHER_DAILY
from pipelines.gates.rules import SAME_EVENT, TOLD
from pipelines.ingest.dispatching import read_calendar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_DAY_SECONDS = 86_400


def derived(name: str, frame: pd.DataFrame, passed: Mapping[str, pd.DataFrame], now: datetime) -> pd.DataFrame:
    """Return the derived columns of a table; `passed` are the tables judged before it, `now` is aware."""
    add = _DERIVERS.get(name)
    columns = pd.DataFrame(index=frame.index) if add is None else add(frame, passed)
    if name in TOLD:
        columns["has_been"] = ~(frame[list(TOLD[name])] > now).any(axis="columns")
    return columns


def _shipments(frame: pd.DataFrame, passed: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    ordered_on = frame["ordered_at"].dt.tz_localize(None).dt.normalize()
    origins = passed.get("origins")
    return pd.DataFrame(
        {
            "delivered_after_days": _days(frame["delivered_at"] - frame["ordered_at"]),
            "promised_after_days": _days(frame["promised_on"] - ordered_on),
            "destination_known": _flag(frame["destination_country"] != UNKNOWN_COUNTRY),
            "postal_code_whole": _whole(frame[["destination_country", "destination_postal_code"]]),
            "origin_listed": True if origins is None else frame["origin_id"].isin(origins["origin_id"]),
        }
    )


def _items(frame: pd.DataFrame, _: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({"weighed": frame["weight_g"] > 0})


def _scans(frame: pd.DataFrame, passed: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    ordered_at = passed["shipments"].set_index("shipment_id")["ordered_at"]
    own_order = frame["shipment_id"].map(ordered_at)
    return pd.DataFrame(
        {
            "complete": frame[list(SCANS.required_columns)].notna().all(axis="columns"),
            "code_known": frame["code"].isin(list(CODES)) | frame["code"].isna(),
            "first_copy": ~frame["scan_id"].duplicated() | frame["scan_id"].isna(),
            "told_first": ~frame.duplicated(list(SAME_EVENT)) | frame["scan_id"].duplicated(),
            "shipment_usable": own_order.notna() | frame["shipment_id"].isna(),
            "days_after_order": _days(frame["occurred_at"] - own_order),
        }
    )


def _facilities(frame: pd.DataFrame, _: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({"time_zone_known": _each(frame["time_zone"], zone)})


def _origins(frame: pd.DataFrame, _: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({"calendar_readable": _each(frame["calendar"], read_calendar)})


def _weather(frame: pd.DataFrame, _: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({"first_copy": ~frame.duplicated(list(WEATHER_DAILY.key))})


def _whole(addresses: pd.DataFrame) -> pd.Series:
    """Tell of each country and postal code whether the code is whole, asking once per distinct pair."""
    distinct = addresses.drop_duplicates().dropna()
    odd = [pair for pair in distinct.itertuples(index=False, name=None) if not is_whole_postal_code(*pair)]
    whole: pd.Series = ~pd.Series(pd.MultiIndex.from_frame(addresses).isin(odd), index=addresses.index)
    return whole


def _each(values: pd.Series, read: Callable[[str], object]) -> pd.Series:
    """Tell of each text whether `read` accepts it, asking once per distinct text; missing counts as accepted."""
    accepted = {value: _accepts(read, value) for value in values.dropna().unique()}
    return _flag(values.astype(object).map(accepted))


def _accepts(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except (ValueError, TypeError, ParcelcastError):
        return False
    return True


def _days(duration: pd.Series) -> pd.Series:
    days: pd.Series = duration.dt.total_seconds() / _DAY_SECONDS
    return days


def _flag(values: pd.Series) -> pd.Series:
    """Return plain booleans; what is missing is another rule's business and counts as true."""
    return values.astype("boolean").fillna(value=True).astype(bool)


_DERIVERS: dict[str, Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], pd.DataFrame]] = {
    "shipments": _shipments,
    "items": _items,
    "scans": _scans,
    "facilities": _facilities,
    "origins": _origins,
    "weather_daily": _weather,
}
