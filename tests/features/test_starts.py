"""Counts by the weekday of the start, against counting by the weekday that each parcel really left on."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from features.assembly import column_names
from features.engine.daily import Batch, build
from features.engine.duck import DuckDB
from features.engine.reading import read_sketches
from features.history import restricted_mean, survival_quantiles
from features.lanes import LEVELS, lane_keys
from features.opendays import CalendarKey, OpenDays, weekday
from features.sketches import UNKNOWN, Level, Sketch, Spells, build_sketch
from features.starts import COLUMNS, start_features, start_keys, start_sketch
from features.table import build_sketches
from parcelcast.shipment import Carrier
from tests.features.engine.stores import arrow_of
from tests.features.worlds import NETWORK, day, frame_of, history_of, shipment

FIRST = day("2026-03-02")  # a Monday
UNTIL = FIRST + 70
SERVICES = {
    "pferd/standard": frozenset(range(6)),
    "esel/pallet": frozenset({1, 4}),
    "/": frozenset(range(7)),
}
ENDS = (("DE", "04", "DE", "10"), ("DE", "04", "CH", "80"), ("DE", "20", "CH", "80"), ("DE", "20", "CH", ""))


def cells(level: Level) -> Counter:
    """Return what is told by key, day and age, where that is anything."""
    found = Counter()
    for code, when, age, at_risk, ended in zip(
        level.code, level.day, level.age, level.at_risk, level.ended, strict=True
    ):
        found[level.keys[code], int(when), int(age), "at risk"] += int(at_risk)
        found[level.keys[code], int(when), int(age), "ended"] += int(ended)
    return Counter({cell: count for cell, count in found.items() if count})


def texts(values) -> np.ndarray:
    return np.array(list(values), dtype=object)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_day_of_a_count_less_its_age_is_that_of_the_start(seed):
    rng, n = np.random.default_rng(seed), 3000
    service = rng.choice(list(SERVICES), n)
    ends = [ENDS[which] for which in rng.integers(len(ENDS), size=n)]
    start = FIRST + rng.integers(0, 70, n)
    end = np.where(rng.random(n) < 0.9, start + rng.integers(0, 15, n), UNKNOWN)
    opendays = OpenDays.of([CalendarKey(SERVICES[one], None, None) for one in service], FIRST - 10, UNTIL + 200)
    ways = [f"{one} {here}>{there}" for one, (here, _, there, _) in zip(service, ends, strict=True)]
    narrow = [f"{one} {here} {a}>{there} {b}" for one, (here, a, there, b) in zip(service, ends, strict=True)]
    spells = Spells(start, start, end, end, opendays)
    everybody = texts("*" for _ in service)
    lead = build_sketch(spells, [everybody, texts(service), texts(ways), everybody, texts(narrow)], UNTIL)

    left_on = [last_open(int(one), SERVICES[name]) for one, name in zip(start, service, strict=True)]
    areas = [f"{way} {there}" for way, (*_, there) in zip(ways, ends, strict=True)]
    keys = [texts(f"{key}\t{on}" for key, on in zip(told, left_on, strict=True)) for told in (service, ways, areas)]
    for found, expected in zip(
        start_sketch(lead, SERVICES).levels, build_sketch(spells, keys, UNTIL).levels, strict=True
    ):
        assert found.keys == expected.keys
        assert cells(found) == cells(expected)
        assert all(one <= other for one, other in pairwise(found.day.tolist()))


def last_open(on: int, weekdays: frozenset[int]) -> int:
    return next(int(weekday(np.array(on - back))) for back in range(7) if int(weekday(np.array(on - back))) in weekdays)


def test_orders_ask_for_the_keys_that_are_counted():
    facts = {"carrier": "kranich", "service": "standard"}
    days = [(f"2026-03-{2 + one % 5:02d} 09:00", f"2026-03-{9 + one % 5:02d} 12:00") for one in range(15)]
    rows = [shipment(one, ordered, **facts, delivered_at=came) for one, (ordered, came) in enumerate(days)]
    history = history_of(rows)
    sketch = build_sketches(history, NETWORK, day("2026-03-20")).lane_starts
    for level, keys in zip(sketch.levels, start_keys(history.orders, lane_keys(history.orders)), strict=True):
        assert set(keys.tolist()) == set(level.keys)


def test_a_carrier_whose_id_holds_a_slash_keeps_its_own_weekdays(tmp_path):
    carriers = Carrier("esel"), Carrier("esel/pallet", delivery_weekdays=frozenset({1, 4}))
    network = replace(NETWORK, carriers={one.carrier_id: one for one in carriers})
    rows = [
        shipment(
            one, f"2026-03-{2 + one % 5:02d} 09:00", carrier=carrier, delivered_at=f"2026-03-{9 + one % 5:02d} 12:00"
        )
        for one, carrier in enumerate(("esel", "esel/pallet", "esel/unlisted") * 5)
    ]
    history, until = history_of(rows, network), day("2026-03-20")
    build(tmp_path / "store", Batch(arrow_of(frame_of(rows)), None, until), network, DuckDB())
    for sketches in (build_sketches(history, network, until), read_sketches(tmp_path / "store", network.weekdays)):
        for level, keys in zip(
            sketches.lane_starts.levels, start_keys(history.orders, lane_keys(history.orders)), strict=True
        ):
            assert set(keys.tolist()) == set(level.keys)


def test_where_neither_carrier_nor_service_is_told_nothing_is():
    told = ({"carrier": "kranich", "service": "standard"}, {"carrier": "kranich"}, {"service": "pallet"}, {})
    rows = [shipment(one, "2026-03-02 09:00", **facts) for one, facts in enumerate(told)]
    history = history_of(rows)
    starts = build_sketches(history, NETWORK, day("2026-03-20")).rolling().lane_starts
    for told in start_features(starts, history.orders, lane_keys(history.orders)):
        assert np.isnan(told).all(axis=1).tolist() == [False, False, False, True]
        assert not np.isnan(told[:3]).any()


def test_an_order_is_told_how_long_those_took_that_left_on_its_weekday():
    facts = {"carrier": "kranich", "service": "standard"}
    # Who left on a Monday came on the next one, after six days of delivery; who left on a Tuesday after two.
    starts = [(on, after) for on, after in ((2, 7), (9, 7), (16, 7), (3, 2), (10, 2), (17, 2)) for _ in range(200)]
    rows = [
        shipment(one, f"2026-03-{on:02d} 09:00", **facts, delivered_at=f"2026-03-{on + after:02d} 12:00")
        for one, (on, after) in enumerate(starts)
    ]
    rows += [shipment(len(rows) + one, f"2026-03-{on} 09:00", **facts) for one, on in enumerate((30, 31))]
    history = history_of(rows)
    starts = build_sketches(history, NETWORK, day("2026-03-31")).rolling().lane_starts
    columns, hazard = start_features(starts, history.orders, lane_keys(history.orders))
    on_monday, on_tuesday = (dict(zip(column_names(COLUMNS), told, strict=True)) for told in columns[-2:].tolist())
    assert on_monday["start_mean_days"] == pytest.approx(6.0, abs=0.3)
    assert on_tuesday["start_mean_days"] == pytest.approx(2.0, abs=0.3)
    for told, one in ((on_monday, hazard[-2:-1]), (on_tuesday, hazard[-1:])):
        assert told["start_mean_days"] == restricted_mean(one)[0]
        quartiles = [told[f"start_p{level}_days"] for level in (25, 50, 75)]
        assert quartiles == survival_quantiles(one, (0.25, 0.5, 0.75))[0].tolist()


def test_a_delivery_counts_from_the_day_after_its_record():
    facts = {"carrier": "kranich", "service": "standard"}
    means = []
    for came in ({}, {"delivered_at": "2026-03-30 08:00"}):
        rows = [shipment(one, "2026-03-16 09:00", **facts, **came) for one in range(50)]
        rows += [shipment(50, "2026-03-30 09:00", **facts), shipment(51, "2026-04-06 09:00", **facts)]
        history = history_of(rows)
        starts = build_sketches(history, NETWORK, day("2026-04-10")).rolling().lane_starts
        means.append(start_features(starts, history.orders, lane_keys(history.orders))[0][-2:, 0].tolist())
    (open_that_day, open_a_week_later), (came_that_day, came_a_week_before) = means
    assert open_that_day == came_that_day
    assert came_a_week_before < open_a_week_later


def test_no_history_tells_of_no_start():
    empty = np.zeros(0, np.int32)
    levels = tuple(Level((), empty, empty, empty.astype(np.int16), empty, empty) for _ in LEVELS)
    assert [level.keys for level in start_sketch(Sketch(levels), {}).levels] == [(), (), ()]
