"""The day each order should leave its origin, for a whole table at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError, ParcelcastError
from parcelcast.shipment import LONGEST_PLAN_DAYS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

_LONGEST_PLAN = pd.Timedelta(days=LONGEST_PLAN_DAYS)


def planned_dispatch_dates(
    ordered_at: pd.Series, origin_ids: pd.Series, plans: Mapping[str, tuple[WorkingCalendar, int]]
) -> pd.Series:
    """Return `WorkingCalendar.dispatch_on` of every order (datetime64[us], local date at the origin).

    `plans` gives each origin its calendar and its handling time in working days; a row with another origin or without
    ordered_at stays NaT. Within one calendar the answer depends only on the local date and on which side of that
    day's cut-off the order falls, so the calendar is asked once per such pair, not once per row.
    """
    kinds, calendars = _kinds(plans)
    kind = origin_ids.astype(object).map(kinds)
    planned = pd.Series(pd.NaT, index=ordered_at.index, dtype="datetime64[us]")
    usable = kind.notna() & ordered_at.notna()
    for number, rows in ordered_at[usable].groupby(kind[usable].astype("int64").to_numpy()):
        calendar, handling_days = calendars[cast("int", number)]
        planned.loc[rows.index] = _planned(rows, calendar, handling_days)
    return planned


def told_dispatch_dates(
    told: pd.Series, ordered_at: pd.Series, origin_ids: pd.Series, plans: Mapping[str, tuple[WorkingCalendar, int]]
) -> pd.Series:
    """Return the days that a shop told as `parcelcast.shipment.counted_dispatch_on` counts them (datetime64[us]).

    NaT stays NaT; a row with another origin than those of `plans` or without ordered_at stays as it was told.
    """
    zones = origin_ids.astype(object).map({name: calendar.time_zone for name, (calendar, _) in plans.items()})
    told = told.astype("datetime64[us]")
    is_known = ordered_at.notna().to_numpy()
    for zone, rows in ordered_at[is_known].groupby(zones.to_numpy()[is_known]):
        ordered_on = rows.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        told.loc[rows.index] = told[rows.index].clip(ordered_on, ordered_on + _LONGEST_PLAN)
    return told


def plans_of(origins: pd.DataFrame) -> dict[str, tuple[WorkingCalendar, int]]:
    """Return calendar and handling days of every row of the origins table; a broken calendar raises DataError."""
    calendars = {text: _calendar(text, row) for row, text in origins["calendar"].drop_duplicates().items()}
    rows = zip(origins["origin_id"], origins["calendar"], origins["handling_days"], strict=True)
    return {str(origin): (calendars[text], int(days)) for origin, text, days in rows}


def read_calendar(text: str) -> WorkingCalendar:
    """Read a calendar from its JSON text; ValueError or InputError when it is none."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError(f"a calendar is a JSON object, got {text[:40]}")  # noqa: TRY004 - told as a bad value above
    return WorkingCalendar.from_dict(content)


def _calendar(text: str, row: Hashable) -> WorkingCalendar:
    try:
        return read_calendar(text)
    except (ValueError, ParcelcastError) as error:
        raise DataError(
            f"no working calendar: {error}",
            file="origins",
            column="calendar",
            rows=[row],
            remedy='write it as JSON such as {"time_zone": "Europe/Berlin", "default_cutoff": "14:00"}',
        ) from error


def _kinds(
    plans: Mapping[str, tuple[WorkingCalendar, int]],
) -> tuple[dict[str, int], list[tuple[WorkingCalendar, int]]]:
    """Return the kind of each origin and the distinct (calendar, handling) pairs: thousands of origins share a few."""
    seen: dict[str, int] = {}
    calendars: list[tuple[WorkingCalendar, int]] = []
    kinds: dict[str, int] = {}
    for origin_id, (calendar, handling_days) in plans.items():
        key = f"{calendar.to_dict()!r} {handling_days}"
        if key not in seen:
            seen[key] = len(calendars)
            calendars.append((calendar, handling_days))
        kinds[origin_id] = seen[key]
    return kinds, calendars


def _planned(ordered_at: pd.Series, calendar: WorkingCalendar, handling_days: int) -> np.ndarray:
    days = ordered_at.dt.tz_convert(calendar.time_zone).dt.tz_localize(None).dt.normalize()
    day_codes, unique_days = pd.factorize(days)
    cutoffs = [calendar.cutoff_at(day.date()) for day in pd.DatetimeIndex(unique_days)]
    cutoff_at = pd.DatetimeIndex(cutoffs, dtype="datetime64[us, UTC]").tz_localize(None).to_numpy()[day_codes]
    # a closed day has no cut-off (NaT): both sides of the comparison are then the same side
    late = ordered_at.dt.tz_localize(None).to_numpy() >= cutoff_at
    pair_codes, _ = pd.factorize(day_codes * 2 + late)
    first_rows = pd.Series(np.arange(len(ordered_at))).groupby(pair_codes).first()
    answers = [calendar.dispatch_on(instant, handling_days) for instant in ordered_at.iloc[first_rows.to_numpy()]]
    return np.asarray(answers, dtype="datetime64[us]")[pair_codes]
