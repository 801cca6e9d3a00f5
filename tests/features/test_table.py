from datetime import date

import numpy as np
import pytest

from features.orders import day_of
from features.table import build_sketches
from parcelcast.errors import DataError
from tests.features.worlds import NETWORK, day, history_of, shipment


def test_parcels_come_in_the_order_of_their_orders():
    rows = [shipment(2, "2026-03-02 09:00"), shipment(1, "2026-03-02 09:00"), shipment(3, "2026-03-01 09:00")]
    history = history_of(rows)
    assert history.shipment_id.tolist() == ["p3", "p1", "p2"]
    assert history.order_id.tolist() == ["o3", "o1", "o2"]
    assert len(history) == 3
    assert history.ordered_at[0] == np.datetime64("2026-03-01T09:00")


def test_returns_are_left_out():
    rows = [shipment(1, "2026-03-02 09:00", is_return=True), shipment(2, "2026-03-02 09:00", is_return=None)]
    assert history_of(rows).shipment_id.tolist() == ["p2"]


@pytest.mark.parametrize("rows", [[], [shipment(1, "2026-03-02 09:00", is_return=True)]])
def test_no_orders_are_refused(rows):
    with pytest.raises(DataError, match=r"no shipments but returns.*To do: "):
        history_of(rows)


def test_events_are_dated_at_the_destination_and_known_on_the_utc_day_of_their_record():
    history = history_of([
        shipment(1, "2026-03-02 09:00", to=("KI", "1"), promised_on=date(2026, 3, 6),
                 dispatched_at="2026-03-03 09:00",
                 delivered_at="2026-03-05 12:00", delivered_recorded_at="2026-03-07 23:00"),
        shipment(2, "2026-03-02 10:00"),
    ])  # fmt: skip
    assert [day_of(number) for number in (history.dispatched_on[0], history.dispatched_known[0])] == [
        date(2026, 3, 3)
    ] * 2
    assert day_of(history.delivered_on[0]) == date(2026, 3, 6)
    assert day_of(history.delivered_known[0]) == date(2026, 3, 7)
    assert day_of(history.promised_on[0]) == date(2026, 3, 6)
    for days in (history.dispatched_on, history.dispatched_known, history.delivered_on, history.delivered_known):
        assert days[1] == -1
    assert history.promised_on[1] == -1


def test_lead_days_count_from_the_day_of_the_order_and_never_below_0():
    history = history_of([
        shipment(1, "2026-03-02 09:00", delivered_at="2026-03-05 12:00"),
        shipment(2, "2026-03-02 10:00", delivered_at="2026-02-27 12:00"),
        shipment(3, "2026-03-02 11:00"),
    ])  # fmt: skip
    assert history.lead_days.tolist() == [3, 0, -1]


def test_the_end_of_a_parcel_that_never_comes_is_known_when_it_was_told_or_else_from_the_order_on():
    rows = [
        shipment(number, f"2026-03-0{number} 09:00", status=status, ended_at=ended)
        for number, (status, ended) in enumerate(
            [
                ("ordered", None),
                ("lost", "2026-03-20 23:59"),
                ("delivered", None),
                ("cancelled", None),
                ("returned", "2026-04-01 00:00"),
                (None, None),
            ],
            start=1,
        )
    ]
    ended = history_of(rows).ended_known.tolist()
    assert ended == [-1, day("2026-03-20"), -1, day("2026-03-04"), day("2026-04-01"), -1]


def test_a_delivery_mode_that_is_not_told_is_home():
    rows = [shipment(1, "2026-03-02 09:00"), shipment(2, "2026-03-02 10:00", delivery_mode="locker")]
    assert history_of(rows).orders.delivery_mode.tolist() == ["home", "locker"]


def test_handling_ages_count_the_working_days_of_the_origin():
    # Leipzig works Monday to Friday; dispatched on the Monday after the planned Thursday.
    rows = [shipment(1, "2026-03-05 09:00", carrier="kranich", dispatched_at="2026-03-09 15:00")]
    level = build_sketches(history_of(rows), NETWORK, day("2026-03-20")).handling.levels[-1]
    assert level.keys == ("leipzig",)
    assert [(int(level.day[row]) - day("2026-03-05"), int(level.age[row])) for row in np.flatnonzero(level.ended)] == [
        (4, 2)
    ]


def test_lead_ages_count_the_days_on_which_the_carrier_delivers():
    # Planned for Thursday 5 March; kranich does not deliver on Sunday.
    rows = [shipment(1, "2026-03-05 09:00", carrier="kranich", delivered_at="2026-03-09 15:00")]
    level = build_sketches(history_of(rows), NETWORK, day("2026-03-20")).lead.levels[-1]
    assert [int(age) for age in level.age[np.flatnonzero(level.ended)]] == [3]


def test_a_delivery_date_centuries_away_does_no_harm():
    rows = [shipment(1, "2026-03-05 09:00", delivered_at="2226-03-09 15:00")]
    level = build_sketches(history_of(rows), NETWORK, day("2026-03-20")).lead.levels[-1]
    assert level.ended.sum() == 0
    assert level.at_risk.sum() == 16
