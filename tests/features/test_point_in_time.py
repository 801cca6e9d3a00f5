"""The training table against a hand-written join: for each order, a loop over what was recorded before its UTC day."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import hubs, loads, starts, weather
from features.assembly import ORDER_COLUMNS, column_names
from features.opendays import CalendarKey
from features.orders import epoch_day
from features.sketches import AGES
from parcelcast.calendar import holiday_dates
from parcelcast.place import distance_km
from parcelcast.shipment import Shipment
from tests.features.oracles import EVERY_DAY, Parcel, in_peak_season, known_of, slow_pace
from tests.features.worlds import (
    CARRIERS,
    check_same,
    history_of,
    instant,
    live,
    rows_of_worlds,
    shipment,
    training_table,
)

Row = Mapping[str, Any]
NAN = float("nan")


def utc_day(at: datetime) -> int:
    return (at - instant("1970-01-01")).days


def dispatch_day(one: Shipment) -> int:
    return max(epoch_day(one.planned_dispatch_on), epoch_day(one.ordered_on))


def spell(row: Row, event: str, calendar: CalendarKey) -> Parcel:
    """Return the time from planned dispatch to an event, with the days on which start and end were recorded."""
    one, happened = live(row), row.get(f"{event}_at")
    zone = ZoneInfo(one.destination.time_zone)
    return Parcel(
        start=dispatch_day(one),
        started_known=utc_day(row["ordered_at"]),
        end=None if happened is None else epoch_day(happened.astimezone(zone).date()),
        ended_known=None if happened is None else utc_day(row.get(f"{event}_recorded_at") or happened),
        calendar=calendar,
        cancelled=utc_day(row["ended_at"]) if row["status"] == "cancelled" and row.get("ended_at") else None,
    )


def delivery(row: Row) -> Parcel:
    one = live(row)
    carrier = CARRIERS.get(one.carrier or "")
    if carrier is None:
        return spell(row, "delivered", EVERY_DAY)
    keeps = carrier.observes_holidays
    place = one.destination
    return spell(
        row,
        "delivered",
        CalendarKey(carrier.delivery_weekdays, place.country if keeps else None, place.region if keeps else None),
    )


def handling(row: Row) -> Parcel:
    calendar = live(row).origin.calendar
    return spell(row, "dispatched", CalendarKey(calendar.weekdays, calendar.holiday_country, calendar.holiday_region))


def transit(row: Row) -> Parcel | None:
    """Return the time from dispatch to delivery."""
    if (dispatched := row.get("dispatched_at")) is None:
        return None
    zone, whole = ZoneInfo(live(row).destination.time_zone), delivery(row)
    begun = epoch_day(dispatched.astimezone(zone).date())
    known = utc_day(row.get("dispatched_recorded_at") or dispatched)
    return Parcel(begun, whole.end, known, whole.ended_known, whole.calendar, cancelled=whole.cancelled)


def there(row: Row) -> list[str]:
    place, carrier = live(row).destination, row.get("carrier") or ""
    return ["*", carrier, f"{carrier} {place.country}", f"{carrier} {place.country}-{place.region or ''}"]


def lane(row: Row) -> list[str]:
    one = live(row)
    here, there, service = one.origin.place, one.destination, f"{one.carrier or ''}/{one.service or ''}"
    return [
        "*",
        service,
        f"{service} {here.country}>{there.country}",
        f"{service} {here.country}-{here.region or ''}>{there.country}-{there.region or ''}",
        f"{service} {here.country} {here.postal_code[:2]}>{there.country} {there.postal_code[:2]}",
    ]


def origin(row: Row) -> list[str]:
    place = live(row).origin.place
    return ["*", f"{place.country}-{place.region or ''}", row["origin_id"]]


class Known:
    """Counts over the `window` days before the UTC day of an order, by level."""

    def __init__(
        self,
        rows: Sequence[Row],
        asked: Row,
        window: int,
        spell_of: Callable[[Row], Parcel],
        keys_of: Callable[[Row], list[str]],
    ) -> None:
        today, wanted = utc_day(asked["ordered_at"]), keys_of(asked)
        self.at_risk = [Counter[int]() for _ in wanted]
        self.ended = [Counter[int]() for _ in wanted]
        for row in rows:
            now = known_of(spell_of(row), today - 1)
            before = known_of(spell_of(row), today - 1 - window)
            for level, (key, mine) in enumerate(zip(keys_of(row), wanted, strict=True)):
                if key == mine:
                    self.at_risk[level].update(now[0])
                    self.at_risk[level].subtract(before[0])
                    self.ended[level].update(now[1])
                    self.ended[level].subtract(before[1])

    def hazard(self) -> list[float]:
        out = []
        for age in range(AGES):
            hazard, weight = 0.07, 1.0
            for risk, end in zip(self.at_risk, self.ended, strict=True):
                hazard = (end[age] + weight * hazard) / (max(risk[age], end[age]) + weight)
                weight = 8.0
            out.append(hazard)
        return out

    def parcels(self, level: int) -> int:
        return sum(self.ended[level].values())

    def parcel_days(self) -> int:
        return max(sum(self.at_risk[-1].values()), 0)


def mean(hazard: list[float]) -> float:
    left, total = 1.0, 0.0
    for one in hazard:
        left *= 1.0 - one
        total += left
    return total


def quantile(hazard: list[float], level: float) -> float:
    left, before = 1.0, 0.0
    for age, one in enumerate(hazard):
        left *= 1.0 - one
        if 1.0 - left >= level:
            return age - 1 + (level - before) / (1.0 - left - before)
        before = 1.0 - left
    return AGES


def days_to_holiday(one: Shipment, number: int) -> int:
    start = date(1970, 1, 1) + timedelta(days=number)
    free = holiday_dates(one.destination.country, one.destination.region, [start.year, start.year + 1])
    return next((days for days in range(30) if start + timedelta(days=days) in free), 30)


def days_since_holiday(one: Shipment, number: int) -> int:
    end = date(1970, 1, 1) + timedelta(days=number)
    free = holiday_dates(one.destination.country, one.destination.region, [end.year - 1, end.year])
    return next((days for days in range(7) if end - timedelta(days=days) in free), 7)


def days_between_order_and_origin_holiday(one: Shipment, step: int) -> int:
    """Look ahead (`step` 1) or back (-1)."""
    place, year = one.origin.place, one.ordered_on.year
    free = holiday_dates(place.country, place.region, [year - 1, year, year + 1])
    return next((days for days in range(7) if one.ordered_on + timedelta(days=step * days) in free), 7)


def degrees(value: float | None) -> float:
    return NAN if value is None else value


def slow_features(rows: Sequence[Row], asked: Row) -> dict[str, float]:
    """Return every column of an order by its name."""
    one = live(asked)
    number = {name: NAN if (value := asked.get(name)) is None else float(value) for name in (
        "weight_g", "length_mm", "width_mm", "height_mm", "item_count", "order_value", "freight_cost",
        "quoted_transit_days", "handling_limit_days",
    )}  # fmt: skip
    sides = [number[f"{side}_mm"] for side in ("length", "width", "height")]
    recent, long = (Known(rows, asked, window, delivery, lane) for window in (28, 120))
    dispatch = dispatch_day(one)
    ends = {one.origin.place.country, one.destination.country}
    out = {
        "order_weekday": one.ordered_on.weekday(),
        "order_hour": one.ordered_at.astimezone(ZoneInfo(one.origin.calendar.time_zone)).hour,
        "dispatch_lag_days": dispatch - epoch_day(one.ordered_on),
        "dispatch_weekday": (date(1970, 1, 1) + timedelta(days=dispatch)).weekday(),
        "dispatch_holiday_in_days": days_to_holiday(one, dispatch),
        "dispatch_holiday_ago_days": days_since_holiday(one, dispatch),
        "origin_holiday_in_days": days_between_order_and_origin_holiday(one, 1),
        "origin_holiday_ago_days": days_between_order_and_origin_holiday(one, -1),
        "dispatch_in_peak": float(in_peak_season(date(1970, 1, 1) + timedelta(days=dispatch))),
        "crosses_customs": 0.0 if one.origin.place.country == one.destination.country or ends <= {"DE", "AT"} else 1.0,
        **{name: value for name, value in number.items() if not name.endswith("_mm")},
        "volume_l": sides[0] * sides[1] * sides[2] / 1e6,
        "longest_mm": NAN if NAN in sides else max(sides),
        "freight_per_kg": number["freight_cost"] / max(number["weight_g"], 100.0) * 1000.0,
        "distance_km": NAN if (far := distance_km(one.origin.place, one.destination)) is None else far,
        "origin_latitude": degrees(one.origin.place.latitude),
        "origin_longitude": degrees(one.origin.place.longitude),
        "destination_latitude": degrees(one.destination.latitude),
        "destination_longitude": degrees(one.destination.longitude),
        "lead_mean_days": mean(long.hazard()),
        **{f"lead_p{level}_days": quantile(long.hazard(), level / 100) for level in (25, 50, 75)},
        "lead_recent_change_days": mean(recent.hazard()) - mean(long.hazard()),
        "lead_spread_days": quantile(long.hazard(), 0.9) - quantile(long.hazard(), 0.1),
        "lane_parcels": long.parcels(4),
        "region_parcels": long.parcels(3),
    }
    windows = {window: Known(rows, asked, window, handling, origin) for window in (7, 28, 180)}
    for window in (28, 180):
        hazard = windows[window].hazard()
        out |= {f"handling_{window}d_p{level}_days": quantile(hazard, level / 100) for level in (10, 50, 90)}
        out[f"handling_{window}d_mean_days"] = mean(hazard)
        out[f"handling_{window}d_parcels"] = windows[window].parcels(2)
        out[f"late_dispatch_{window}d_share"] = 1.0 - hazard[0]
    today = utc_day(asked["ordered_at"])
    roads = [(there(row), found) for row in rows if (found := transit(row))]
    waits = [(origin(row), handling(row)) for row in rows]
    out["transit_pace_7d"] = slow_pace(roads, there(asked), today, 7, 120)[0]
    out["transit_load_7d"] = slow_pace(roads, there(asked), today, 7, 28)[1]
    out["handling_pace_7d"] = slow_pace(waits, origin(asked), today, 7, 180)[0]
    out["origin_backlog_ratio"] = (windows[7].parcel_days() + 1) / (windows[28].parcel_days() * 7 / 28 + 1)
    return out


def check_against_the_join(rows: Sequence[Row]) -> None:
    history = history_of(rows)
    got = training_table(history).static
    by_id = {row["shipment_id"]: row for row in rows}
    for number, shipment_id in enumerate(history.shipment_id):
        untold = dict.fromkeys(column_names((*loads.COLUMNS, *hubs.COLUMNS, *weather.COLUMNS)), NAN)
        expected = untold | slow_features(rows, by_id[shipment_id])
        told = dict(zip(column_names(ORDER_COLUMNS), got[number].tolist(), strict=True))
        for name in column_names(starts.COLUMNS):  # of counts by another key: tests/features/test_starts.py
            del told[name]
        assert told == pytest.approx({name: expected[name] for name in told}, nan_ok=True, abs=1e-9)


def test_a_lane_is_known_by_the_deliveries_recorded_before_the_day_of_the_order():
    rows = [
        shipment(1, "2026-03-02 09:00", carrier="kranich", delivered_at="2026-03-04 12:00"),
        shipment(2, "2026-03-02 09:00", carrier="kranich", delivered_at="2026-03-04 12:00",
                 delivered_recorded_at="2026-03-09 00:30"),
        shipment(3, "2026-03-03 09:00", carrier="kranich", dispatched_at="2026-03-03 16:00"),
        shipment(4, "2026-03-09 08:00", carrier="kranich"),
        shipment(5, "2026-03-10 08:00", carrier="kranich"),
    ]  # fmt: skip
    check_against_the_join(rows)
    lane_parcels = training_table(history_of(rows)).static[:, column_names(ORDER_COLUMNS).index("lane_parcels")]
    assert lane_parcels.tolist() == [0, 0, 0, 1, 2]


@settings(max_examples=12)
@given(rows_of_worlds(most=10))
def test_the_training_table_equals_the_hand_written_join(rows: list[Row]):
    check_against_the_join(rows)


@settings(max_examples=15)
@given(rows_of_worlds(fewest=2, most=12), st.data())
def test_future_facts_move_no_feature_of_earlier_orders(rows: list[Row], data: st.DataObject):
    """Whatever is recorded on or after a day is planted anew: later orders, ends, statuses."""
    moment = sorted(row["ordered_at"] for row in rows)[len(rows) // 2]
    start = instant("1970-01-01") + timedelta(days=utc_day(moment))
    tomorrow = start + timedelta(days=1)
    planted = []
    for row in rows:
        one = dict(row)
        if row["ordered_at"] < tomorrow:
            for event in ("dispatched", "delivered"):
                recorded = row.get(f"{event}_recorded_at") or row.get(f"{event}_at")
                if recorded is None or recorded >= start:
                    one |= data.draw(future_end(event, row["ordered_at"], start))
            if not (row.get("ended_at") and row["ended_at"] < start):
                one["status"] = data.draw(st.sampled_from(["ordered", "delivered", "lost", "cancelled", "returned"]))
                one["ended_at"] = data.draw(st.none() | later_than(start))
            one["ready_at"] = data.draw(st.none() | later_than(start))
            planted.append(one)
    planted += [
        one | {"shipment_id": f"later-{number}"}
        for number, one in enumerate(data.draw(rows_of_worlds(most=5)))
        if one["ordered_at"] >= tomorrow
    ]
    before, after = history_of(rows), history_of(planted)
    early = np.flatnonzero(before.ordered_at < np.datetime64(tomorrow.replace(tzinfo=None)))
    same = np.flatnonzero(after.ordered_at < np.datetime64(tomorrow.replace(tzinfo=None)))
    assert before.shipment_id[early].tolist() == after.shipment_id[same].tolist()
    check_same(training_table(before).take(early), training_table(after).take(same))


def later_than(start: datetime) -> st.SearchStrategy[datetime]:
    return st.integers(0, 40 * 24 * 60).map(lambda minutes: start + timedelta(minutes=minutes))


@st.composite
def future_end(draw: st.DrawFn, event: str, ordered: datetime, start: datetime) -> dict[str, datetime | None]:
    """Return an end that happened at any time since the order and was recorded later than `start`, or none."""
    recorded = draw(st.none() | later_than(start))
    if recorded is None:
        return {f"{event}_at": None, f"{event}_recorded_at": None}
    happened = draw(st.integers(0, 40 * 24 * 60).map(lambda minutes: ordered + timedelta(minutes=minutes)))
    return {f"{event}_at": happened, f"{event}_recorded_at": max(recorded, happened)}
