import numpy as np
import pytest

from models.baselines import carrier_quote, lane_history, promise_as_cdf
from models.hazard import HORIZON
from models.metrics import crps
from parcelcast.forecast import quoted_forecast
from tests.features.worlds import CARRIERS, history_of, live, shipment, training_table

ROWS = [
    shipment(0, "2026-03-06 10:00", carrier="kranich", quoted_transit_days=1.0),  # Friday, before the cut-off
    shipment(1, "2026-03-06 15:00", carrier="kranich", quoted_transit_days=2.5),  # after it: leaves on Monday
    shipment(2, "2026-04-02 09:00", "wien", carrier="kranich", quoted_transit_days=3.0),  # before Easter
    shipment(3, "2026-03-06 10:00", carrier="postfuchs", quoted_transit_days=0.0),  # comes on Tuesdays and Thursdays
    shipment(4, "2026-03-06 10:00", carrier="postfuchs", quoted_transit_days=None),
    shipment(5, "2026-03-06 10:00", carrier="kranich", quoted_transit_days=91.0),
    shipment(6, "2026-03-08 23:30", "santos", ("BR", "01310100"), carrier="kranich", quoted_transit_days=2.0),
]


def test_quotes_give_the_forecasts_that_are_made_one_by_one():
    rows, cdf = carrier_quote(training_table(history_of(ROWS)))
    ids = history_of(ROWS).shipment_id[rows]
    assert sorted(ids) == ["p0", "p1", "p2", "p3", "p6"]
    for shipment_id, told in zip(ids, cdf, strict=True):
        one = live(ROWS[int(shipment_id[1:])])
        alone = quoted_forecast(one, CARRIERS[one.carrier].delivery_calendar(one.destination))
        assert told.tolist() == pytest.approx(alone.distribution.cdf.tolist()), shipment_id


def test_without_quotes_nothing_is_said():
    rows, cdf = carrier_quote(training_table(history_of([ROWS[4]])))
    assert (len(rows), cdf.shape) == (0, (0, HORIZON + 1))


def test_lane_history_delivers_as_parcels_of_the_lane_did():
    before = [
        shipment(
            number,
            f"2026-03-{2 + number % 5:02} 09:00",
            carrier="kranich",
            delivered_at=f"2026-03-{4 + number % 5:02} 12:00",
        )
        for number in range(500)
    ]  # two days after the order, all on working days, Monday to Friday
    asked = shipment(500, "2026-03-13 09:00", carrier="kranich")  # on a Friday: the second open day is Monday
    cdf = lane_history(training_table(history_of([*before, asked])))[-1]
    assert cdf[1] < 0.2
    assert cdf[2] == pytest.approx(cdf[1], abs=1e-9)  # Sunday
    assert cdf[3] > 0.8


def test_a_promise_is_as_wrong_as_it_is_far_from_the_delivery():
    ordered = np.array([100, 100, 100])
    rows, cdf = promise_as_cdf(np.array([110, -1, 104]), ordered)
    assert rows.tolist() == [0, 2]
    assert crps(cdf, np.array([7, 9])).tolist() == [3.0, 5.0]
