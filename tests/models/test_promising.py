from datetime import timedelta

import numpy as np
import pytest

from models.hazard import HORIZON
from models.promising import attainment, promised_days
from parcelcast.calendar import WorkingCalendar
from parcelcast.distribution import DeliveryDistribution
from parcelcast.promise import PromisePolicy
from tests.features.worlds import CARRIERS, history_of, live, shipment, training_table

ROWS = [
    shipment(0, "2026-03-06 10:00", carrier="kranich"),  # Friday
    shipment(1, "2026-03-06 15:00", carrier="kranich"),  # leaves on Monday
    shipment(2, "2026-04-01 09:00", carrier="kranich"),  # before Easter
    shipment(3, "2026-03-06 10:00", carrier="postfuchs"),  # Tuesdays and Thursdays only
    shipment(4, "2026-03-06 10:00", carrier="unheard of"),  # no calendar
]
EVERY_DAY = WorkingCalendar(weekdays=frozenset(range(7)))


@pytest.mark.parametrize("level", [0.05, 0.5, 0.9, 0.97])
def test_promises_are_those_of_the_policy(level):
    random = np.random.default_rng(4)
    history = history_of(ROWS)
    cdf = np.sort(random.uniform(size=(len(ROWS), HORIZON + 1)) ** 0.1, axis=1)
    found = promised_days(cdf, training_table(history), level)
    for shipment_id, told, days in zip(history.shipment_id, cdf, found, strict=True):
        one = live(ROWS[int(shipment_id[1:])])
        carrier = CARRIERS.get(one.carrier)
        calendar = carrier.delivery_calendar(one.destination) if carrier else EVERY_DAY
        distribution = DeliveryDistribution.from_cdf(one.ordered_on, told)
        promised = PromisePolicy(level).promised(distribution, calendar, one.leaves_on)
        assert one.ordered_on + timedelta(days=int(days)) == promised, shipment_id


def test_what_the_horizon_does_not_reach_is_not_promised():
    cdf = np.full((1, HORIZON + 1), 0.85)
    table = training_table(history_of(ROWS[:1]))
    assert promised_days(cdf, table, 0.9).tolist() == [-1]
    assert promised_days(cdf, table, 0.8).tolist() == [0]


def test_a_promise_holds_on_its_day_and_is_late_after_it():
    held = attainment(np.array([3, 3, 10, -1]), np.array([3, 4, 1, 5]))
    assert (held.parcels, held.late_share, held.mean_lead_days) == (3, pytest.approx(1 / 3), pytest.approx(16 / 3))


def test_without_promises_there_is_no_share():
    held = attainment(np.array([-1]), np.array([5]))
    assert held.parcels == 0
    assert np.isnan(held.late_share)
