"""Lane and handling counts in plain pandas, as one writes them without an engine: a comparison, and an oracle."""

import numpy as np
import pandas as pd

from features.lanes import LEVELS as LANE_LEVELS
from features.lanes import lane_keys
from features.opendays import CalendarKey, OpenDays
from features.origins import LEVELS as ORIGIN_LEVELS
from features.origins import origin_keys
from features.sketches import AGES, UNKNOWN
from features.table import Network, parcel_history


def plain_counts(shipments: pd.DataFrame, network: Network, until: int) -> dict[tuple[str, str], pd.DataFrame]:
    """Return for each family and level all counts up to UTC day `until`: key, day, age, at_risk, ended."""
    history = parcel_history(shipments, network)
    orders = history.orders
    working = {name: origin.calendar for name, origin in network.origins.items()}
    weeks = {name: CalendarKey(one.weekdays, one.holiday_country, one.holiday_region) for name, one in working.items()}
    first, last = int(orders.ordered_on.min()) - 1, until + 2 * AGES
    families = {
        "lead": (LANE_LEVELS, lane_keys(orders), orders.calendars, history.delivered_on, history.delivered_known),
        "handling": (
            ORIGIN_LEVELS, origin_keys(orders), [weeks[name] for name in orders.origin_id],
            history.dispatched_on, history.dispatched_known,
        ),
    }  # fmt: skip
    counts = {}
    for family, (levels, keys, calendars, end, end_known) in families.items():
        opendays = OpenDays.of(calendars, first, last)
        parcels = pd.DataFrame({
            "start": orders.dispatch_on, "start_known": orders.known_day, "end": end, "end_known": end_known,
            "calendar": opendays.code, **dict(zip(levels, keys, strict=True)),
        })  # fmt: skip
        parts = [
            _rows(parcels[parcels["calendar"] == code], np.flatnonzero(is_open) + opendays.first, until)
            for code, is_open in enumerate(opendays.is_open)
        ]
        rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
        for level in levels:
            by = rows.groupby([level, "day", "age"], as_index=False)[["at_risk", "ended"]].sum()
            counts[family, level] = by.rename(columns={level: "key"})
    return counts


def _rows(parcels: pd.DataFrame, open_days: np.ndarray, until: int) -> pd.DataFrame:
    """Return one row for each count of parcels that keep the same calendar."""
    parcels = parcels[parcels["start"] <= until].copy()
    recorded = parcels[["start", "start_known", "end", "end_known"]].max(axis=1)
    parcels["over"] = (parcels["end"] != UNKNOWN) & (recorded <= until)
    upto_start = np.searchsorted(open_days, parcels["start"], side="right")

    def day_of(age: pd.Series, upto: np.ndarray, start: pd.Series) -> np.ndarray:
        return np.where(age <= 0, start, open_days[np.minimum(upto + age - 1, len(open_days) - 1)])

    last = parcels[["start", "end"]].max(axis=1)
    before = np.searchsorted(open_days, last, side="left")
    last_age = np.where(last > parcels["start"], before + 1 - upto_start, 0)
    parcels["last_age"] = np.where(parcels["over"], last_age, UNKNOWN)
    counted = np.maximum(day_of(parcels["last_age"], upto_start, parcels["start"]), recorded)
    parcels["end_day"] = np.where(parcels["over"], counted, until + 1)
    seen = np.searchsorted(open_days, parcels["end_day"], side="left") - upto_start
    parcels["ages"] = np.minimum(np.maximum(seen, parcels["last_age"]), AGES - 1) + 1
    parcels["upto"] = upto_start
    every = parcels.loc[parcels.index.repeat(parcels["ages"].clip(lower=0))]
    every = every.assign(age=every.groupby(level=0).cumcount(), at_risk=1, ended=0)
    opened = day_of(every["age"], every["upto"].to_numpy(), every["start"])
    every["day"] = np.maximum(opened, every["start_known"])
    too_late = every["over"] & (every["age"] > every["last_age"])
    every = every[~too_late | (every["day"] < every["end_day"])]
    back = every[every["over"] & (every["age"] > every["last_age"])].assign(at_risk=-1)
    back["day"] = back["end_day"]
    ended = parcels[parcels["over"] & (parcels["last_age"] < AGES)].assign(at_risk=0, ended=1)
    ended["age"], ended["day"] = ended["last_age"], ended["end_day"]
    rows = pd.concat([every, back, ended], ignore_index=True)
    return rows[rows["day"] <= until]
