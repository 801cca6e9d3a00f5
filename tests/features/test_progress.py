"""Progress features: what they say on literal parcels, and that tables and requests say the same."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.assembly import column_names
from features.history import share_and_remaining
from features.landmarks import LIVING_COLUMNS, AssembledLandmarks, assemble_landmarks
from features.orders import orders_of
from features.progress import CATEGORIES, COLUMNS, DAY_COLUMNS, Standings, standing_of
from parcelcast.peers import cohort_of, peers_of
from parcelcast.progress import parcel_progress
from parcelcast.scan import CODES
from parcelcast.tables import SCANS
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.scan import Scan
from pipelines.ingest.storage import conformed
from pipelines.living.feed import feed_of
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import Chosen
from tests.features.worlds import (
    CARRIERS,
    HORIZON,
    check_same,
    frame_of,
    history_of,
    instant,
    live,
    scan,
    shipment,
    sketches_of,
)
from tests.pipelines.living.slow_peers import moves_among

ORDERED = "2026-03-10 09:00"  # a Tuesday


def told(code, at, recorded=None, **facts):
    return Scan("kranich", "p1", code, instant(at), instant(recorded or at), **facts)


def underway(reports, now, **facts):
    """Return the features of one parcel as of an instant, as serving gets them."""
    row = shipment(1, ORDERED, carrier="kranich", **facts)
    return serving_features(
        [live(row)], [parcel_progress(reports, instant(now))], sketches_of([row], 20_600).snapshot(20_540)
    )


def serving_features(shipments, progress, histories, peers=None):
    orders = orders_of(shipments, CARRIERS)
    standings = [
        standing_of(now, one.ordered_at, planned, one.destination.country, one.destination.time_zone, peers)
        for one, now, planned in zip(shipments, progress, orders.dispatch_on.tolist(), strict=True)
    ]
    return assemble_landmarks(orders, Standings.of(standings), histories, HORIZON)


def column(assembled: AssembledLandmarks, name: str) -> float:
    names = [one.name for one in LIVING_COLUMNS]
    return float(assembled.static[0, names.index(name)])


def test_a_parcel_that_waits_is_overdue_by_days_and_has_no_age_on_the_road():
    now = underway([], "2026-03-13 11:00")
    assert now.categories["stage"].tolist() == ["pre_dispatch"]
    assert column(now, "overdue_days") == 3.0
    assert np.isnan(
        [column(now, name) for name in ("since_dispatch_days", "since_scan_days", "dispatch_delay_days")]
    ).all()
    assert now.orders.dispatch_on.tolist() == now.orders.ordered_on.tolist()


def test_a_parcel_on_the_road_keeps_the_day_of_its_dispatch_and_counts_from_its_last_scan():
    reports = [told("handed_over", "2026-03-11 16:00"), told("hub_departure", "2026-03-12 02:00", country="DE")]
    now = underway(reports, "2026-03-13 14:00")
    assert column(now, "since_scan_days") == 1.5
    assert column(now, "since_dispatch_days") == pytest.approx(46 / 24)
    assert column(now, "dispatch_delay_days") == 1.0
    assert column(now, "now_hour") == 15.0
    assert column(now, "scan_hour") == 3.0
    assert column(now, "since_scan_open_days") == 1.0
    assert column(now, "is_abroad") == 0.0
    assert (now.orders.ordered_on - now.orders.dispatch_on).tolist() == [2]
    assert now.categories["last_code"].tolist() == ["hub_departure"]


def test_an_exception_counts_until_the_parcel_moves_again():
    trouble = [told("handed_over", "2026-03-11 16:00"), told("exception", "2026-03-12 10:00", reason="weather")]
    assert column(underway(trouble, "2026-03-13 10:00"), "trouble_days") == 1.0
    assert underway(trouble, "2026-03-13 10:00").categories["trouble"].tolist() == ["weather"]
    moved = underway([*trouble, told("hub_arrival", "2026-03-12 20:00")], "2026-03-13 10:00")
    assert np.isnan(column(moved, "trouble_days"))
    assert moved.categories["trouble"].tolist() == [""]


def test_each_category_has_a_column_and_every_row_the_columns_of_the_contract():
    now = underway([told("handed_over", "2026-03-11 16:00")], "2026-03-13 14:00")
    assert {one.name for one in CATEGORIES} <= set(now.categories)
    codes = {name: {"": 0} for name in now.categories}
    known = np.concatenate([now.static, now.codes(codes)], axis=1)
    rows = now.rows(known, now.ahead(np.zeros(3, dtype=np.intp), np.arange(3)))
    assert rows.shape == (3, len(LIVING_COLUMNS))
    assert len({one.name for one in COLUMNS}) == len(COLUMNS)


def test_the_model_starts_from_history_until_a_scan_tells_more_than_the_handover():
    start = [told("handed_over", "2026-03-11 16:00")]
    waits, left = underway([], "2026-03-13 14:00"), underway(start, "2026-03-13 14:00")
    moved = underway([*start, told("hub_arrival", "2026-03-12 20:00")], "2026-03-13 14:00")
    rows, steps = np.zeros(5, dtype=np.intp), np.arange(5)
    assert np.ptp(waits.offset(waits.ahead(rows, steps))) > 1.0
    assert np.ptp(left.offset(left.ahead(rows, steps))) > 1.0
    assert moved.categories["stage"].tolist() == ["line_haul"]
    assert moved.offset(moved.ahead(rows, steps)).tolist() == [0.0] * 5
    assert moved.log_odds.tolist() == left.log_odds.tolist()  # what is usual for such parcels stays the same


def test_open_days_ahead_leave_out_sundays():
    now = underway([told("handed_over", "2026-03-11 16:00")], "2026-03-13 14:00")  # a Friday
    rows = now.rows(np.empty((1, 0)), now.ahead(np.zeros(4, dtype=np.intp), np.arange(4)))
    place = column_names(LIVING_COLUMNS[-len(DAY_COLUMNS) :]).index("day_open_ahead") - len(DAY_COLUMNS)
    assert rows[:, place].tolist() == [0.0, 1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("now", "mondays"), [("2026-03-16 01:00", 0), ("2026-03-17 01:00", 1), ("2026-03-24 01:00", 2)]
)
def test_mondays_since_the_last_scan_are_those_that_are_over(now, mondays):
    """After them carriers have told by invoice of what nobody scanned."""
    assert column(underway([told("out_for_delivery", "2026-03-13 08:00")], now), "since_scan_mondays") == mondays


@pytest.mark.parametrize(
    ("now", "days"),
    [("2026-03-13 23:00", 1), ("2026-03-15 11:00", 1), ("2026-03-16 01:00", 2), ("2026-03-18 01:00", 4)],
)
def test_working_days_since_the_last_scan_leave_out_saturdays_and_sundays(now, days):
    """The scan was on a Thursday: on Sunday one working day has begun since, on Monday two."""
    parcel = underway([told("hub_arrival", "2026-03-12 04:00")], now)
    assert column(parcel, "since_scan_working_days") == days


def test_a_day_tells_the_open_days_that_the_last_scan_is_then_ago():
    now = underway([told("handed_over", "2026-03-11 16:00")], "2026-03-13 14:00")  # two days after it, a Friday
    place = column_names(LIVING_COLUMNS[-len(DAY_COLUMNS) :]).index("day_silent_open_days") - len(DAY_COLUMNS)
    steps = np.arange(4)
    assert now.rows(now.static, now.ahead(np.zeros(4, dtype=np.intp), steps))[:, place].tolist() == [2.0, 3.0, 3.0, 4.0]
    unheard = underway([], "2026-03-13 14:00")
    assert np.isnan(unheard.rows(unheard.static, unheard.ahead(np.zeros(4, dtype=np.intp), steps))[:, place]).all()


def test_a_day_tells_how_long_the_parcel_then_lies_at_the_pickup_point():
    reports = [told("handed_over", "2026-03-11 16:00"), told("at_pickup_point", "2026-03-12 14:00")]
    place = column_names(LIVING_COLUMNS[-len(DAY_COLUMNS) :]).index("day_pickup_days") - len(DAY_COLUMNS)
    for parcel, days in ((underway(reports, "2026-03-13 14:00"), [1.0, 6.0]), (underway([], ORDERED), [np.nan] * 2)):
        rows = parcel.rows(parcel.static, parcel.ahead(np.zeros(2, dtype=np.intp), np.array([0, 5])))
        assert np.array_equal(rows[:, place], days, equal_nan=True)


def test_a_day_tells_how_many_parcels_of_the_lane_come_on_its_weekday():
    """Nine came on Thursdays, and one on a Friday of which nothing was recorded by then."""
    earlier = [
        shipment(number, f"2026-02-{day:02} 09:00", carrier="kranich", delivered_at=f"2026-02-{day + 2:02} 12:00")
        for number, day in enumerate([3] * 3 + [10] * 3 + [17] * 3 + [18])
    ]
    earlier[-1]["delivered_recorded_at"] = instant("2026-04-05 12:00")
    row = shipment(11, ORDERED, carrier="kranich")
    snapshot = sketches_of([*earlier, row], 20_600).snapshot(20_540)
    now = serving_features([live(row)], [parcel_progress([], instant("2026-03-11 09:00"))], snapshot)
    rows = now.rows(np.empty((1, 0)), now.ahead(np.zeros(7, dtype=np.intp), np.arange(7)))
    wednesday, thursday, *others = rows[:, -1].tolist()
    assert thursday > 0.85
    assert max(wednesday, *others) < 0.02


def test_the_share_that_has_come_by_now_and_what_remains_follow_the_life_table():
    share, remaining = share_and_remaining(np.array([[0.0, 0.5, 0.5, 1.0]]), np.array([2]))
    assert share.tolist() == [0.5]
    assert remaining.tolist() == [0.5]


_MINUTES = st.integers(0, 12 * 24 * 60)
_tales = st.lists(st.tuples(st.sampled_from(CODES), _MINUTES, st.integers(0, 3 * 24 * 60)), max_size=6)


@settings(max_examples=30)
@given(_tales, _MINUTES, st.one_of(st.none(), _MINUTES), st.integers(0, 6))
@example([("hub_arrival", 60, 0), ("hub_departure", 90, 0)], 2000, None, 1)
@example([("hub_arrival", 60, 0)], 2000, 30, 1)
def test_a_parcel_from_tables_has_the_features_of_the_same_parcel_underway(tales, now, handed, shared):
    """Scans may come in any order; what is recorded at or after the instant is in the tables too.

    Another parcel had the first scans as well, a little later.
    """
    start = instant(ORDERED)
    as_of = start + timedelta(minutes=now)
    facts = {} if handed is None else {"dispatched_at": start + timedelta(minutes=handed)}
    row = shipment(1, ORDERED, carrier="kranich", **facts)
    scans = [
        scan(1, code, start + timedelta(minutes=at), start + timedelta(minutes=at + late), "ost")
        | {"carrier": "kranich"}
        for code, at, late in tales
    ]
    neighbours = [
        one
        | scan(2, one["code"], *(one[name] + timedelta(minutes=20) for name in ("occurred_at", "recorded_at")), "ost")
        for one in scans[:shared]
    ]
    rows = [row, shipment(2, ORDERED, carrier="kranich")]
    history = history_of(rows)
    told = [*scans, *neighbours]
    frame = conformed(pd.DataFrame(told, columns=list(SCANS.column_names)), SCANS) if told else None
    feed = feed_of(history, frame_of(rows), frame)
    snapshot = sketches_of([row], 20_600).snapshot(20_540)
    chosen = Chosen(np.array([0]), np.array([as_of.replace(tzinfo=None)], dtype="datetime64[us]"))

    everything = [
        Scan("kranich", one["shipment_id"], one["code"], one["occurred_at"], one["recorded_at"], facility_id="ost")
        for one in told
    ]
    moves = moves_among([(one.tracking_number, one) for one in everything], as_of)
    reports = everything[: len(scans)]
    if handed is not None:
        reports.append(handover_report("kranich", "P1", row["dispatched_at"], row["dispatched_at"]))
    progress = parcel_progress(reports, as_of)
    peers = (cohort := cohort_of(progress)) and peers_of(cohort, moves)
    served = serving_features([live(row)], [progress], snapshot, peers)
    trained = landmarks_of(history, feed, chosen, snapshot)
    check_same(trained, served)
    assert trained.orders.dispatch_on.tolist() == served.orders.dispatch_on.tolist()


def test_of_two_that_came_to_the_hub_beside_it_one_has_left():
    rows = [shipment(number, ORDERED, carrier="kranich") for number in (1, 2, 3)]
    scans = [scan(number, "hub_arrival", f"2026-03-11 2{number}:00", at="ost") for number in (1, 2, 3)]
    scans += [scan(2, "hub_departure", "2026-03-12 02:00"), scan(3, "hub_departure", "2026-03-12 02:00", "2026-03-13")]
    frame = conformed(pd.DataFrame(scans, columns=list(SCANS.column_names)), SCANS).assign(carrier="kranich")
    feed = feed_of(history_of(rows), frame_of(rows), frame)
    snapshot = sketches_of(rows, 20_600).snapshot(20_540)
    found = [
        landmarks_of(history_of(rows), feed, Chosen(np.array([0]), np.array([at], dtype="datetime64[us]")), snapshot)
        for at in ("2026-03-12T02:00", "2026-03-12T20:00", "2026-03-13T20:00")
    ]
    assert np.isnan(column(found[0], "peers_moved"))
    assert [column(one, "peers_moved") for one in found[1:]] == [0.5, 1.0]


def test_scans_recorded_later_move_no_feature_of_a_landmark():
    row = shipment(1, ORDERED, carrier="kranich", dispatched_at="2026-03-11 16:00")
    early = [scan(1, "hub_arrival", "2026-03-11 22:00")]
    later = [
        scan(1, "delivered", "2026-03-11 10:00", "2026-03-12 12:00"),
        scan(1, "exception", "2026-03-11 23:00", "2026-03-12 12:00") | {"reason": "lost"},
    ]
    chosen = Chosen(np.array([0]), np.array(["2026-03-12T12:00"], dtype="datetime64[us]"))
    told_of = [_from_tables(row, scans, chosen) for scans in (early, early + later)]
    check_same(*told_of)
    after = Chosen(chosen.row, chosen.as_of + np.timedelta64(1, "us"))
    assert _from_tables(row, early + later, after).categories["stage"].tolist() != ["line_haul"]


def _from_tables(row, scans, chosen):
    frame = conformed(pd.DataFrame(scans, columns=list(SCANS.column_names)), SCANS)
    feed = feed_of(history_of([row]), frame_of([row]), frame)
    return landmarks_of(history_of([row]), feed, chosen, sketches_of([row], 20_600).snapshot(20_540))
