"""Small worlds for the feature tests: shops in odd time zones, their orders as table rows and as live requests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from features.assembly import Assembled, Histories, assemble
from features.engine.scanning import read_first_scans
from features.orders import epoch_day, orders_of
from features.table import Network, ParcelHistory, Sketches, build_sketches, parcel_history
from parcelcast.calendar import WorkingCalendar
from parcelcast.place import COLUMNS, PlaceIndex
from parcelcast.shipment import Carrier, Origin, Shipment
from parcelcast.tables import SCANS, SHIPMENTS
from pipelines.ingest.storage import conformed, write_table

HORIZON = 90

PLACES = PlaceIndex([dict(zip(COLUMNS, row, strict=True)) for row in (
    ("DE", "", "", "", "Europe/Berlin", "51.2", "10.4"),
    ("DE", "04", "Leipzig", "SN", "Europe/Berlin", "51.3", "12.4"),
    ("DE", "80", "Munich", "BY", "Europe/Berlin", "48.1", "11.6"),
    ("AT", "", "", "", "Europe/Vienna", "47.6", "14.1"),
    ("AT", "10", "Vienna", "9", "Europe/Vienna", "48.2", "16.4"),
    ("BR", "", "", "", "America/Sao_Paulo", "-15.8", "-47.9"),
    ("BR", "01", "Sao Paulo", "SP", "America/Sao_Paulo", "-23.5", "-46.6"),
    ("US", "96", "Honolulu", "HI", "Pacific/Honolulu", "21.3", "-157.9"),
    ("US", "", "", "", "America/New_York", "40.7", "-74.0"),
    ("KI", "", "Kiritimati", "", "Pacific/Kiritimati", "", ""),
)])  # fmt: skip
ADDRESSES = (
    ("DE", "04109"), ("DE", "80331"), ("DE", None), ("AT", "1010"), ("BR", "01310100"),
    ("US", "96801"), ("US", "10001"), ("KI", "1"), ("ZZ", "77"),
)  # fmt: skip


def _origin(origin_id: str, country: str, code: str, handling_days: int = 0, **calendar: Any) -> Origin:
    place = PLACES.find(country, code)
    return Origin(origin_id, place, WorkingCalendar(place.time_zone, **calendar), handling_days)


ORIGINS = {one.origin_id: one for one in (
    _origin("leipzig", "DE", "04109", cutoffs={4: time(12)}, holiday_country="DE", holiday_region="SN"),
    _origin("wien", "AT", "1010", 1, weekdays=frozenset(range(6)), default_cutoff=time(23, 30), holiday_country="AT"),
    _origin("santos", "BR", "01310", 2, special_days={date(2026, 3, 28): time(10), date(2026, 3, 31): None}),
    _origin("waikiki", "US", "96801", weekdays=frozenset(range(7)), default_cutoff=time(0, 30)),
)}  # fmt: skip
CARRIERS = {one.carrier_id: one for one in (
    Carrier("kranich", delivery_weekdays=frozenset(range(6))),
    Carrier("postfuchs", delivery_weekdays=frozenset({1, 3}), observes_holidays=False),
)}  # fmt: skip
NETWORK = Network(PLACES, ORIGINS, CARRIERS)

# What the shop may tell of an order or leave out, and examples of it.
FACTS: Mapping[str, tuple[Any, ...]] = {
    "carrier": ("kranich", "postfuchs", "eigenflotte"),
    "service": ("standard", "express"),
    "delivery_mode": ("home", "locker"),
    "quoted_transit_days": (1.0, 2.5),
    "handling_limit_days": (2.0, 5.0),
    "weight_g": (20.0, 700.0, 31_500.0),
    "length_mm": (100.0, 333.3),
    "width_mm": (70.1, 200.0),
    "height_mm": (1.0, 99.9),
    "item_count": (1, 12),
    "item_category": ("books", "sofas"),
    "order_value": (0.0, 19.99),
    "freight_cost": (0.0, 4.9),
    "payment_method": ("card", "boleto"),
}


def instant(text: str) -> datetime:
    """Read "2026-03-29 00:30" as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> int:
    return epoch_day(date.fromisoformat(text))


def shipment(
    number: int,
    ordered: str | datetime,
    origin: str = "leipzig",
    to: tuple[str, str | None] = ("DE", "80331"),
    **facts: Any,
) -> dict[str, Any]:
    """Return one row of the shipments table; texts of `*_at` are instants, the planned dispatch is filled in."""
    row = {
        "shipment_id": f"p{number}", "order_id": f"o{number}", "merchant_id": "shop", "origin_id": origin,
        "origin_country": ORIGINS[origin].place.country, "origin_postal_code": ORIGINS[origin].place.postal_code,
        "destination_country": to[0], "destination_postal_code": to[1],
        "ordered_at": ordered, "status": "ordered", "is_return": False,
        **facts,
    }  # fmt: skip
    row |= {name: instant(value) for name, value in row.items() if name.endswith("_at") and isinstance(value, str)}
    row.setdefault("planned_dispatch_on", live(row).planned_dispatch_on)
    return row


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as the canonical table that ingest leaves behind."""
    return conformed(pd.DataFrame(list(rows), columns=list(SHIPMENTS.column_names)), SHIPMENTS)


def live(row: Mapping[str, Any], network: Network = NETWORK) -> Shipment:
    """Return what a product page knows of the order of this row."""
    facts = {name: row[name] for name in FACTS if row.get(name) is not None}
    destination = network.places.find(row["destination_country"], row["destination_postal_code"])
    return Shipment(row["ordered_at"], network.origins[row["origin_id"]], destination, **facts)


def known_before(rows: Sequence[Mapping[str, Any]], number: int) -> list[dict[str, Any]]:
    """Return rows as they stood at the start of UTC day `number`."""
    start = instant("1970-01-01") + timedelta(days=number)
    known = []
    for row in rows:
        if row["ordered_at"] < start:
            one = dict(row)
            for event in ("dispatched", "delivered"):
                recorded = row.get(f"{event}_recorded_at") or row.get(f"{event}_at")
                if recorded is not None and recorded >= start:
                    one |= {f"{event}_at": None, f"{event}_recorded_at": None}
            if (ended := row.get("ended_at")) is not None and ended >= start:
                one |= {"status": "ordered", "ended_at": None}
            known.append(one)
    return known


def history_of(
    rows: Sequence[Mapping[str, Any]], network: Network = NETWORK, scans: Sequence[Mapping[str, Any]] = ()
) -> ParcelHistory:
    return parcel_history(frame_of(rows), network, first_scans_of(scans))


def scan(
    shipment: int, code: str, occurred: str | datetime, recorded: str | datetime | None = None, at: str | None = None
) -> dict[str, Any]:
    """Return one row of the scans table, at a facility; it is recorded when it occurs unless told otherwise."""
    when, known = (instant(one) if isinstance(one, str) else one for one in (occurred, recorded or occurred))
    told = {"shipment_id": f"p{shipment}", "code": code, "occurred_at": when, "recorded_at": known, "facility_id": at}
    return {"scan_id": f"{told}", **told}


def first_scans_of(scans: Sequence[Mapping[str, Any]]) -> pd.DataFrame | None:
    """Return what the engine tells of scans; None without any, as where a shop has none."""
    if not scans:
        return None
    with TemporaryDirectory() as folder:
        frame = pd.DataFrame(list(scans), columns=list(SCANS.column_names))
        return read_first_scans(write_table(frame, SCANS, Path(folder)))


def sketches_of(rows: Sequence[Mapping[str, Any]], until: int) -> Sketches:
    return build_sketches(history_of(rows), NETWORK, until)


def training_table(history: ParcelHistory, network: Network = NETWORK) -> Assembled:
    """Return the features of all orders, each as of its own instant, the way training gets them."""
    until = int(max(history.orders.known_day.max(), history.delivered_known.max(), history.dispatched_known.max()))
    return assemble(history.orders, build_sketches(history, network, until).rolling(), HORIZON)


def live_features(shipments: Sequence[Shipment], histories: Histories, network: Network = NETWORK) -> Assembled:
    """Return the features of requests, the way serving gets them."""
    return assemble(orders_of(shipments, network.carriers), histories, HORIZON)


def check_same(left: Assembled, right: Assembled) -> None:
    """Hold every feature of two assemblies equal to the last bit."""
    assert np.array_equal(left.static, right.static, equal_nan=True)
    assert np.array_equal(left.lead.hazard, right.lead.hazard)
    assert np.array_equal(left.lead.evidence, right.lead.evidence)
    assert np.array_equal(left.lead.at_risk, right.lead.at_risk)
    assert np.array_equal(left.log_odds, right.log_odds)
    assert np.array_equal(left.outlook.flat(), right.outlook.flat(), equal_nan=True)
    assert {name: texts.tolist() for name, texts in left.categories.items()} == {
        name: texts.tolist() for name, texts in right.categories.items()
    }
    steps = np.tile(np.arange(HORIZON + 1), len(left.orders))
    rows = np.repeat(np.arange(len(left.orders)), HORIZON + 1)
    nothing = np.empty((len(left.orders), 0))
    days, same = left.ahead(rows, steps), right.ahead(rows, steps)
    assert np.array_equal(left.rows(nothing, days), right.rows(nothing, same), equal_nan=True)
    assert np.array_equal(left.offset(days), right.offset(same))
    assert np.array_equal(left.lane_hazard(rows, steps), right.lane_hazard(rows, steps))


# Weeks with clock changes in the United States (8 March) and in Europe (29 March), around midnights of many zones.
_FIRST = instant("2026-03-07 00:00")
_MINUTES = 24 * 24 * 60
_order_times = st.one_of(
    st.integers(0, _MINUTES).map(lambda minutes: _FIRST + timedelta(minutes=minutes)),
    st.tuples(st.integers(0, 23), st.sampled_from([0, 3, 5, 10, 22, 23]), st.sampled_from([0, 59])).map(
        lambda at: _FIRST + timedelta(days=at[0], hours=at[1], minutes=at[2])
    ),
    st.sampled_from([instant("2026-03-29 00:59"), instant("2026-03-29 01:00"), instant("2026-03-08 07:00")]),
)
_delays = st.one_of(st.none(), st.integers(0, 12 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)))


@st.composite
def rows_of_worlds(draw: st.DrawFn, fewest: int = 1, most: int = 25) -> list[dict[str, Any]]:
    """Shipments of many kinds: any fact missing, early and late and unrecorded ends, ends before the plan."""
    return [draw(_row(number)) for number in range(draw(st.integers(fewest, most)))]


@st.composite
def _row(draw: st.DrawFn, number: int) -> dict[str, Any]:
    ordered = draw(_order_times)
    told, choice = draw(st.integers(0, 2 ** len(FACTS) - 1)), draw(st.integers(0, 5))
    facts = {
        name: values[(choice + bit) % len(values)]
        for bit, (name, values) in enumerate(FACTS.items())
        if told >> bit & 1
    }
    for event in ("dispatched", "delivered"):
        if (delay := draw(_delays)) is not None:
            facts[f"{event}_at"] = ordered + delay
            if (late := draw(_delays)) is not None:
                facts[f"{event}_recorded_at"] = ordered + delay + late
    if draw(st.integers(0, 3)) == 0:
        facts["status"] = draw(st.sampled_from(["cancelled", "cancelled", "lost"]))
        facts["ended_at"] = None if (delay := draw(_delays)) is None else ordered + delay
    return shipment(number, ordered, draw(st.sampled_from(list(ORIGINS))), draw(st.sampled_from(ADDRESSES)), **facts)
