"""Our point-in-time assembly against Feast's historical retrieval, on a small world with ties and late rows."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features import hubs, loads, regime
from features.assembly import FAMILIES, assemble
from features.feast_repo.config import OnlineParameters
from features.feast_repo.offline import EVENT, start_of
from features.feast_repo.store import Repository
from features.feast_repo.views import HISTORY_KEY, VIEWS, WEATHER, histories_of, rows_of
from features.lanes import lane_keys
from features.origins import origin_keys
from features.starts import start_keys
from features.table import build_sketches
from features.weather import country_of
from tests.features.test_weather import bulletins, forecast
from tests.features.worlds import (
    HORIZON,
    NETWORK,
    check_same,
    day,
    history_of,
    live,
    live_features,
    scan,
    shipment,
)

MONDAY, TUESDAY, FRIDAY = day("2026-03-09"), day("2026-03-10"), day("2026-03-13")
KEYS = {
    "lead": lane_keys,
    "handling": origin_keys,
    "depot": loads.depot_keys,
    "haul": lambda orders: loads.depot_keys(orders)[: len(loads.HAUL_LEVELS)],
    "departure": loads.departure_keys,
    "hub": lambda orders: hubs.hub_keys(orders.carrier, hubs.first_ways(orders), np.full(len(orders), "ost", object)),
    "transit": lambda orders: loads.depot_keys(orders)[: len(regime.LEVELS)],
    "depot_weekdays": loads.depot_keys,
    "lane_weekdays": lane_keys,
    "lane_starts": lambda orders: start_keys(orders, lane_keys(orders)),
}
FACTS = {"carrier": "kranich", "service": "standard"}
ROWS = [
    shipment(1, "2026-03-05 09:00", **FACTS, dispatched_at="2026-03-06 17:00", delivered_at="2026-03-09 12:00"),
    # Delivered on Monday, recorded on Wednesday.
    shipment(2, "2026-03-06 09:00", **FACTS, delivered_at="2026-03-09 10:00", delivered_recorded_at="2026-03-11 08:00"),
    shipment(3, "2026-03-09 07:00", **FACTS),
    shipment(4, "2026-03-10 00:10", **FACTS, dispatched_at="2026-03-10 16:00"),
    shipment(5, "2026-03-10 23:50", **FACTS, delivered_at="2026-03-13 09:00"),
    shipment(6, "2026-03-11 12:00", "wien", ("AT", "1010"), carrier="postfuchs"),
    shipment(7, "2026-03-11 12:00", "wien", ("DE", "80331"), carrier="postfuchs", delivered_at="2026-03-12 11:00"),
    shipment(8, "2026-03-12 08:00", **FACTS),
    shipment(9, "2026-03-13 18:00", **FACTS),
    shipment(10, "2026-03-13 19:00", "santos", ("ZZ", "77")),
]
BETWEEN = 3  # ordered between the two writes of Tuesday
THURSDAYS = 7
SCANS = [
    scan(1, "origin_scan", "2026-03-06 18:00"),
    scan(1, "hub_arrival", "2026-03-06 23:00", "2026-03-07 01:00", "ost"),
    scan(1, "hub_departure", "2026-03-07 02:00", at="ost"),
    scan(1, "destination_depot", "2026-03-09 05:00", "2026-03-11 05:00"),
    scan(4, "handed_over", "2026-03-10 20:00"),
    scan(4, "hub_arrival", "2026-03-10 23:00", at="ost"),
]
WEATHER_TOLD = bulletins([
    forecast("2026-03-10", "2026-03-08 07:00", wind_gust_kmh=90.0),
    forecast("2026-03-10", "2026-03-09 07:00", wind_gust_kmh=120.0),
    forecast("2026-03-14", "2026-03-10 07:00", ("DE", ""), precipitation_mm=45.0),
])  # fmt: skip
HISTORY = history_of(ROWS, scans=SCANS)
SKETCHES = build_sketches(HISTORY, NETWORK, FRIDAY, WEATHER_TOLD)
# What the world looked like to one who does not know of the late records.
MISTAKEN = build_sketches(history_of(ROWS[:1]), NETWORK, FRIDAY, WEATHER_TOLD)


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Repository:
    """Return the rows of a week: Tuesday's were first written with a mistake, Thursday's are written on Saturday."""
    repository = Repository(tmp_path_factory.mktemp("online"), OnlineParameters("sqlite", "", "week"), {})
    for number in range(MONDAY - 5, FRIDAY + 1):
        if number == TUESDAY:
            write(repository, MISTAKEN, number, start_of(number))
            write(repository, SKETCHES, number, start_of(number) + timedelta(minutes=20))
        else:
            write(repository, SKETCHES, number, start_of(number))
    write(repository, MISTAKEN, FRIDAY - 1, start_of(FRIDAY + 1))
    repository.apply("week", {})
    return repository


def write(repository, sketches, number, created):
    rows = rows_of(sketches.snapshot(number))
    for name, view in VIEWS.items():
        repository.offline.write(view, number, rows[name], created)


def asked_of(orders):
    """Return the keys of each order in each view, as Feast wants to be asked."""
    asked = {name: [] for name in VIEWS}
    instants = pd.to_datetime(HISTORY.ordered_at).tz_localize("UTC")
    for row, at in enumerate(instants):
        for family, (_, levels) in FAMILIES.items():
            keys = zip(levels, KEYS[family](orders), strict=True)
            asked[family] += [(row, f"{level} {key[row]}", at) for level, key in keys]
        here = f"{orders.origin_country[row]}-{orders.origin_region[row]}"
        there = f"{orders.destination_country[row]}-{orders.destination_region[row]}"
        asked[WEATHER] += [(row, one, at) for one in {here, there, country_of(here), country_of(there)}]
    return {
        name: pd.DataFrame(rows, columns=["order", VIEWS[name].key, EVENT]).drop_duplicates()
        for name, rows in asked.items()
    }


def assembled_by_feast(repository, *, as_recorded):
    """Return the features of each order, made from what Feast says was known at its instant."""
    told = {}
    for name, asked in asked_of(HISTORY.orders).items():
        once = asked.drop(columns="order").drop_duplicates()
        found = repository.historical(VIEWS[name], once, as_recorded=as_recorded).to_pandas()
        told[name] = asked.merge(found, on=[VIEWS[name].key, EVENT], validate="many_to_one")
    return [live_features([live(ROWS[row])], _histories(told, row)) for row in range(len(ROWS))]


def _histories(told, row):
    tables = {}
    for name, view in VIEWS.items():
        mine = told[name][told[name]["order"] == row].dropna(subset=list(view.features))
        columns = {view.key: mine[view.key].tolist(), **{one: mine[one].tolist() for one in view.features}}
        types = {view.key: pa.string(), **dict.fromkeys(view.features, pa.list_(view.type))}
        tables[name] = pa.table(columns, pa.schema(types.items()))
    return histories_of(tables, int(HISTORY.orders.known_day[row]))


def test_feast_and_our_assembly_know_the_same_of_each_order(repository):
    ours = assemble(HISTORY.orders, SKETCHES.rolling(), HORIZON)

    for row, theirs in enumerate(assembled_by_feast(repository, as_recorded=True)):
        if row != BETWEEN:
            check_same(ours.take(np.array([row])), theirs)


def test_an_order_between_two_writes_of_a_day_knows_the_first(repository):
    theirs = assembled_by_feast(repository, as_recorded=True)[BETWEEN]

    check_same(live_features([live(ROWS[BETWEEN])], MISTAKEN.snapshot(TUESDAY)), theirs)


def test_without_asking_for_the_record_rows_that_were_written_late_leak(repository):
    leaking = assembled_by_feast(repository, as_recorded=False)[THURSDAYS]

    check_same(live_features([live(ROWS[THURSDAYS])], MISTAKEN.snapshot(FRIDAY - 1)), leaking)


def test_a_row_is_not_told_after_it_may_no_longer_hold(repository):
    ends = [start_of(FRIDAY + days) + timedelta(hours=23) for days in (119, 120)]

    found = repository.historical(VIEWS["lead"], pd.DataFrame({HISTORY_KEY: "all *", EVENT: ends}), as_recorded=True)

    told = dict(zip(found[EVENT].to_pylist(), found["at_risk_120d"].to_pylist(), strict=True))
    assert [told[end] is not None for end in ends] == [True, False]
